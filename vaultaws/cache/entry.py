"""One whole credential set with what its holder must know of it, and the record it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from vaultaws.cache import life
from vaultaws.cache.life import Moment
from vaultaws.cache.record import pack
from vaultaws.model import Secret

_EXTRA: Final = "extra."
_NOTE: Final = "\n"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Entry:
    """A credential set as it is kept: whole, and never changed.

    `issued_at` and `expires_at` are seconds since 1970, both by this machine's clock: the time
    just before it was asked for, and the end of its lease or token, whichever is earlier.
    `expires_at` None (no end is known) is never kept. `notes` are sentences for a person.
    """

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None
    issued_at: float
    expires_at: float | None
    lease_id: str = ""
    role: str = ""
    person: str = ""
    arn: str = ""
    notes: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


def encode(entry: Entry, before: Moment) -> bytes:
    """Return the record of an entry with an end. `before` is from before it was asked for."""
    if entry.expires_at is None:
        msg = "a set without an end is not kept"
        raise ValueError(msg)
    token = entry.session_token
    return pack(
        {
            **life.stamp(entry.issued_at, entry.expires_at, before),
            "access_key_id": entry.access_key_id,
            "secret_access_key": entry.secret_access_key.reveal(),
            "session_token": "" if token is None else token.reveal(),
            "lease_id": entry.lease_id,
            "role": entry.role,
            "person": entry.person,
            "arn": entry.arn,
            "notes": _NOTE.join(entry.notes),
            **{_EXTRA + name: value for name, value in entry.extra.items()},
        }
    )


def decode(fields: Mapping[str, str]) -> Entry | None:
    """Return the entry of a record's fields, None when they are not those of one."""
    try:
        return Entry(
            access_key_id=fields["access_key_id"],
            secret_access_key=Secret(fields["secret_access_key"]),
            session_token=Secret(fields["session_token"]) if fields["session_token"] else None,
            issued_at=float(fields["issued_at"]),
            expires_at=float(fields["expires_at"]),
            lease_id=fields["lease_id"],
            role=fields["role"],
            person=fields["person"],
            arn=fields["arn"],
            notes=tuple(filter(None, fields["notes"].split(_NOTE))),
            extra={
                name.removeprefix(_EXTRA): value
                for name, value in fields.items()
                if name.startswith(_EXTRA)
            },
        )
    except (KeyError, ValueError):
        return None
