"""What runs: one file below XDG_STATE_HOME, readable by its owner alone, replaced whole.

It is written before anything is started and after each part, so that a stack whose `up` was
killed can still be taken down.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from vaultaws.errors import StackError
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.directories import disk_error
from vaultaws.local.processes import ProcessRecord
from vaultaws.local.servers.base import ContainerRecord, RunningServer, ServerKind
from vaultaws.model import Secret, ServerProduct

FORMAT = 1
FILE_NAME = "stack.json"


@dataclass(frozen=True)
class StackRecord:
    """A stack, whole or half started. `daemon` is the docker daemon that may hold its server."""

    tag: str
    workdir: Path
    preference: str
    options: AwsOptions
    daemon: str = ""
    aws: LocalAws | None = None
    server: RunningServer | None = None


def write_record(directory: Path, record: StackRecord) -> None:
    """Replace the state file. A reader sees the old one or the new one, never a part."""
    path, part = directory / FILE_NAME, directory / (FILE_NAME + ".part")
    text = json.dumps({"format": FORMAT, **_encoded(record)}, indent=1)
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise disk_error(path, error) from error


def read_record(directory: Path) -> StackRecord | None:
    """Read the state file; None when there is none. Raises StackError when it is not ours."""
    path = directory / FILE_NAME
    try:
        return _decoded(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StackError(
            f"cannot read {path}",
            why=f"the system says: {error.strerror or error}",
            do="make it readable for you, or remove it once no stack runs",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StackError(
            f"the state file {path} cannot be understood",
            why="it was changed by hand or written by another version of vaultaws",
            do="end its processes by hand if any run, then remove the file",
        ) from error


def remove_record(directory: Path) -> None:
    """Forget the stack."""
    (directory / FILE_NAME).unlink(missing_ok=True)


def _encoded(value: object) -> Any:
    """Plain JSON values; a Secret becomes clear, as the file is for its owner's eyes alone."""
    if isinstance(value, Secret):
        return value.reveal()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    return str(value) if isinstance(value, Path) else value


def _decoded(data: Mapping[str, Any]) -> StackRecord:
    if data["format"] != FORMAT:
        msg = "another format"
        raise ValueError(msg)
    return StackRecord(
        tag=_text(data, "tag"),
        workdir=Path(_text(data, "workdir")),
        preference=_text(data, "preference"),
        options=AwsOptions(**data["options"]),
        daemon=_text(data, "daemon"),
        aws=None if data["aws"] is None else _aws(data["aws"]),
        server=None if data["server"] is None else _server(data["server"]),
    )


def _aws(data: Mapping[str, Any]) -> LocalAws:
    return LocalAws(
        endpoint=_text(data, "endpoint"),
        access_key_id=_text(data, "access_key_id"),
        secret_access_key=Secret(_text(data, "secret_access_key")),
        control_token=Secret(_text(data, "control_token")),
        process=_process(data["process"]),
        log=Path(_text(data, "log")),
        trail=Path(_text(data, "trail")),
    )


def _server(data: Mapping[str, Any]) -> RunningServer:
    where = data["where"]
    return RunningServer(
        kind=ServerKind(data["kind"]),
        product=ServerProduct(data["product"]),
        version=_text(data, "version"),
        address=_text(data, "address"),
        root_token=Secret(_text(data, "root_token")),
        log=Path(_text(data, "log")),
        audit=Path(_text(data, "audit")),
        where=_process(where) if "pid" in where else _container(where),
        tag=_text(data, "tag"),
        host_as_seen=_text(data, "host_as_seen"),
    )


def _process(data: Mapping[str, Any]) -> ProcessRecord:
    return ProcessRecord(int(data["pid"]), float(data["started"]), _text(data, "boot_id"))


def _container(data: Mapping[str, Any]) -> ContainerRecord:
    return ContainerRecord(_text(data, "id"), _text(data, "daemon"))


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        msg = f"{name} is no text"
        raise TypeError(msg)
    return value
