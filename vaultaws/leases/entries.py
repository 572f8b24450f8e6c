"""The lines of the journal: what was meant, and what came of it. No secret is ever in one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from vaultaws.errors import LocalStateError

VERSION: Final = 1
HEADER: Final = b'{"vaultaws":"lease journal","version":1}\n'


class Step(StrEnum):
    """What came of an intent, in the order of a good run."""

    REFUSED = "refused"  # Vault said no: there is no lease
    ISSUED = "issued"
    HANDED_OVER = "handed_over"
    REVOKED = "revoked"
    LAPSED = "lapsed"  # looked for after a killed run: there is no lease


@dataclass(frozen=True)
class Intent:
    """Written before Vault is asked. `run` names the process by the lock it holds."""

    id: str
    run: str
    pid: int
    time: datetime
    server: str
    mount: str
    role: str
    endpoint: str
    ttl_seconds: int | None
    display_name: str
    entity_id: str
    token_accessor: str
    namespace: str = ""


@dataclass(frozen=True)
class Outcome:
    """Written after. The lease's fields are filled by ISSUED only.

    `token_ends` is AWS's own end of the credential, None for an IAM user's key.
    """

    intent_id: str
    step: Step
    time: datetime
    lease_id: str = ""
    access_key_id: str = ""
    lease_ends: datetime | None = None
    token_ends: datetime | None = None
    is_sts: bool = False


def encode(entry: Intent | Outcome) -> bytes:
    """Return one line, newline included."""
    kind = "intent" if isinstance(entry, Intent) else "outcome"
    body = {"v": VERSION, "kind": kind, **asdict(entry)}
    return json.dumps(body, default=_plain, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Intent | Outcome | None:
    """Return the entry of one whole line, or None when it cannot be read.

    Raises LocalStateError for a line of another version: it may mean a live lease.
    """
    try:
        body = json.loads(line)
        if not isinstance(body, dict):
            return None
        check_version(body)
        return _entry(body)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def check_version(body: dict[str, Any]) -> None:
    """Raise LocalStateError unless the line or header is of this version."""
    version = body.get("version", body.get("v"))
    if isinstance(version, int) and version != VERSION:
        raise LocalStateError(
            f"the lease journal is of version {version}, this vaultaws knows {VERSION}",
            why="another version of vaultaws wrote it",
            do="use that version, or set XDG_STATE_HOME to another directory",
        )


def _entry(body: dict[str, Any]) -> Intent | Outcome | None:
    kind = body.pop("kind")
    if body.pop("v") != VERSION:
        return None
    body["time"] = _time(body["time"])
    if kind == "intent":
        entry: Intent | Outcome = Intent(**body)
    elif kind == "outcome":
        ends = {name: _optional_time(body[name]) for name in ("lease_ends", "token_ends")}
        entry = Outcome(**{**body, **ends, "step": Step(body["step"])})
    else:
        return None
    return entry if _is_sound(entry) else None


def _is_sound(entry: Intent | Outcome) -> bool:
    if isinstance(entry, Intent):
        where = (entry.server, entry.namespace, entry.mount, entry.role, entry.endpoint)
        texts = (entry.id, entry.run, *where)
        return all(isinstance(text, str) for text in texts) and bool(entry.id)
    return all(isinstance(text, str) for text in (entry.intent_id, entry.lease_id))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    msg = f"{type(value).__name__} does not belong in the journal"
    raise TypeError(msg)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        msg = "a time without a zone"
        raise ValueError(msg)
    return time.astimezone(UTC)


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
