"""vaultaws.toml → Config. Every fault is found before any is reported."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultaws.config import durations, policies
from vaultaws.config.schema import Access, Config, Mount, Root, Trail
from vaultaws.errors import ConfigError
from vaultaws.model import CredentialType, Role

Reader = Callable[[Any], Any]
Fields = Mapping[str, tuple[str, Reader]]  # key in the file -> our field, and how to read it


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the file: the line (1-based, 0 unknown), the key, what, and what to do."""

    line: int
    key: str
    what: str
    do: str


@dataclass
class Reading:
    """A file being read: its text for line numbers, and the faults found so far."""

    file: Path
    text: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, key: str, what: str, do: str) -> None:
        self.faults.append(Fault(_line_of(self.text, key), key, what, do))

    def table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        found = data.get(key.rsplit(".", 1)[-1], {})
        if isinstance(found, Mapping):
            return found
        self.fault(key, "it is not a table", f"write [{key}] and its keys below it")
        return {}

    def fields(self, table: Mapping[str, Any], where: str, known: Fields) -> dict[str, Any]:
        """Read the known keys of a table; an unknown key or a bad value is a fault."""
        found: dict[str, Any] = {}
        for key, value in table.items():
            path = f"{where}.{key}"
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                remedy = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
                self.fault(path, "unknown key", remedy)
                continue
            name, read = known[key]
            try:
                found[name] = read(value)
            except ValueError as error:
                self.fault(path, str(error), "mend the value")
        return found


def load(file: Path) -> Config:
    """Read one declared file with the policy files that it names.

    Raises ConfigError listing every fault with file, line, key and remedy.
    """
    reading = Reading(file, _text(file))
    try:
        data = tomllib.loads(reading.text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML", why=str(error), do="mend it there") from None
    config = _config(reading, data)
    if reading.faults:
        raise _all_faults(file, reading.faults)
    return config


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"no file {file}", why="the declared state is read from it", do="vaultaws init"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"{file} is not UTF-8",
            why="a declared file is TOML, and TOML is UTF-8",
            do="save it as UTF-8",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot read {file}", why=error.strerror or "unreadable", do="name a readable file"
        ) from None


def _config(reading: Reading, data: Mapping[str, Any]) -> Config:
    tables = ("mount", "root", "roles", "access", "trail")
    for key in data.keys() - set(tables):
        near = difflib.get_close_matches(key, tables, n=1)
        remedy = f'did you mean "[{near[0]}]"?' if near else f"known: {', '.join(tables)}"
        reading.fault(key, "unknown table", remedy)
    root = reading.fields(reading.table(data, "root"), "root", ROOT) if "root" in data else None
    roles = reading.table(data, "roles")
    access = reading.table(data, "access")
    return Config(
        file=reading.file,
        mount=Mount(**reading.fields(reading.table(data, "mount"), "mount", MOUNT)),
        root=Root(**root) if root is not None else None,
        roles=tuple(_role(reading, name, roles) for name in sorted(roles)),
        access=tuple(_access(reading, name, access, set(roles)) for name in sorted(access)),
        trail=Trail(**reading.fields(reading.table(data, "trail"), "trail", TRAIL)),
    )


def _role(reading: Reading, name: str, roles: Mapping[str, Any]) -> Role:
    where = f"roles.{name}"
    found = reading.fields(reading.table(roles, where), where, ROLE)
    if "credential_type" not in found:
        types = ", ".join(CredentialType)
        reading.fault(where, "no credential_type", f"say one of {types}")
    policy = found.pop("policy", None)
    document = None
    if policy is not None:
        try:
            document = policies.load(reading.file.parent / policy, named_by=where)
        except ConfigError as error:
            reading.fault(f"{where}.policy", f"{error.what}: {error.why}", error.do)
    role = Role(
        name=name,
        credential_type=found.pop("credential_type", CredentialType.IAM_USER),
        policy_document=document,
        **found,
    )
    _federation_needs_a_document(reading, where, role, declared=policy is not None)
    return role


def _federation_needs_a_document(
    reading: Reading, where: str, role: Role, *, declared: bool
) -> None:
    if role.credential_type is CredentialType.FEDERATION_TOKEN and not declared:
        reading.fault(
            where,
            "a federation token with no inline policy has no rights, and the engine refuses it",
            "give it an inline policy (policy = …) or make it an assumed_role",
        )


def _access(reading: Reading, name: str, access: Mapping[str, Any], roles: set[str]) -> Access:
    where = f"access.{name}"
    found = reading.fields(reading.table(access, where), where, ACCESS)
    for role in sorted(set(found.get("roles", ())) - roles):
        reading.fault(f"{where}.roles", f'no role "{role}" in this file', "declare it first")
    return Access(name=name, roles=found.get("roles", ()), members=found.get("members", ()))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{value!r} is not a list of strings")
    return tuple(value)


def _span(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'{value!r} is not a span of time such as "15m"')
    seconds = durations.parse(str(value))
    if seconds <= 0:
        raise ValueError("it must be longer than 0 s")
    return seconds


def _credential_type(value: Any) -> CredentialType:
    try:
        return CredentialType(value)
    except ValueError:
        raise ValueError(f"{value!r} is not one of {', '.join(CredentialType)}") from None


def _members(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping):
        raise ValueError('it is not a table such as { userpass = ["ada"] }')
    return tuple((method, _strings(names)) for method, names in sorted(value.items()))


def _mount_path(value: Any) -> str:
    path = _string(value).strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*", path):
        raise ValueError(f"{value!r} is not a mount path")
    return path


def _same(read: Reader, *keys: str) -> dict[str, tuple[str, Reader]]:
    return {key: (key, read) for key in keys}


MOUNT: Fields = {
    "path": ("path", _mount_path),
    "default_lease_ttl": ("default_lease_ttl_seconds", _span),
    "max_lease_ttl": ("max_lease_ttl_seconds", _span),
}
ROOT: Fields = _same(
    _string,
    "region",
    "iam_endpoint",
    "sts_endpoint",
    "sts_region",
    "username_template",
    "credentials",
)
ROLE: Fields = {
    "credential_type": ("credential_type", _credential_type),
    "default_ttl": ("default_sts_ttl_seconds", _span),
    "max_ttl": ("max_sts_ttl_seconds", _span),
    **_same(_strings, "policy_arns", "role_arns"),
    **_same(_string, "policy", "user_path", "permissions_boundary_arn"),
}
ACCESS: Fields = {"members": ("members", _members), **_same(_strings, "roles")}
TRAIL: Fields = _same(_string, "source", "audit_log")


def _line_of(text: str, key: str) -> int:
    """Find the line of a dotted key: its table's header, then the key below it; 0 when unsure."""
    table, _, last = key.rpartition(".")
    inside = not table
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.fullmatch(r"\s*\[([^\[\]]+)\]\s*(#.*)?", line)
        if header is not None:
            inside = header[1].strip() == table
            if header[1].strip() == key:
                return number
        elif inside and re.match(rf'\s*"?{re.escape(last)}"?\s*=', line):
            return number
    return 0


def _all_faults(file: Path, faults: list[Fault]) -> ConfigError:
    first, *others = sorted(faults, key=lambda fault: (fault.line, fault.key))
    listing = "".join(f"; also {fault.key} ({fault.what})" for fault in others)
    return ConfigError(
        f"{file}:{first.line} {first.key}: {first.what}",
        why=f"{len(faults)} fault{'s' if others else ''} in the file{listing}",
        do=first.do,
    )
