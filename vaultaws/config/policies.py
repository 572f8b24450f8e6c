"""Policy files: inline IAM policy documents, one JSON object a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaultaws.errors import ConfigError
from vaultaws.model import JsonObject

MAX_BYTES = 65_536  # far above any IAM limit; a larger file is not a policy


class DuplicateKeyError(ValueError):
    """An object says the same key twice: IAM would take one of them, silently."""


def load(path: Path, *, named_by: str) -> JsonObject:
    """Read one policy file. `named_by` is what asked for it, for the error's second line."""
    raw = _read(path, named_by)
    if raw.startswith(b"\xef\xbb\xbf"):
        raise _fault(path, "it begins with a byte order mark", "save it as UTF-8 without BOM")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _fault(path, f"byte {error.start} is not UTF-8", "save it as UTF-8") from None
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise _fault(path, where, "mend the JSON there") from None
    except DuplicateKeyError as error:
        raise _fault(path, str(error), "say each key once") from None
    except RecursionError:
        raise _fault(path, "it is nested too deeply", "write a flat policy document") from None
    return _checked(path, document)


def _read(path: Path, named_by: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise _fault(path, "it is a directory", f"name a JSON file ({named_by})") from None
    except FileNotFoundError:
        raise ConfigError(
            f"no policy file {path}",
            why=f"{named_by} names it",
            do="write the file, or mend the path",
        ) from None
    except OSError as error:
        raise _fault(path, error.strerror or "unreadable", "check who may read it") from None
    if len(raw) > MAX_BYTES:
        raise _fault(path, f"it is larger than {MAX_BYTES:,} bytes", "name a policy document")
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKeyError(f'the key "{key}" stands twice in one object')
        found[key] = value
    return found


def _checked(path: Path, document: object) -> JsonObject:
    if not isinstance(document, Mapping):
        raise _fault(path, "it is not a JSON object", "write a policy document, { … }")
    statements = document.get("Statement")
    if not statements:
        raise _fault(path, "it has no Statement", "write at least one statement")
    return document


def _fault(path: Path, why: str, do: str) -> ConfigError:
    return ConfigError(f"{path} is not a policy", why=why, do=do)
