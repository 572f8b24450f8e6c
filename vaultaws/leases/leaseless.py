"""IAM users that look like the engine's and that no lease explains, as listings have them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.aws.identity import AccessKey
from vaultaws.leases.words import ago, is_key, iso, printable, short_key

NO_LEASE: Final = "(no lease)"
STATE: Final = "none"
"""What stands in a table for machines where a lease would have its state."""


@dataclass(frozen=True)
class Leaseless:
    """One IAM user. `person` and `role` are those that its name, or its path, tells: nothing proves
    them. `unseen` is why its keys could not be read."""

    name: str
    mount: str
    role: str
    created_at: datetime
    person: str = ""
    keys: tuple[AccessKey, ...] = ()
    unseen: str = ""

    def fits(
        self,
        at: datetime,
        *,
        role: str = "",
        person: str = "",
        key: str = "",
        accessor: str = "",
        older_than: int | None = None,
    ) -> bool:
        """True when it fits all filters of a listing taken `at`; what is empty does not narrow.

        `older_than` is in seconds. No token's accessor leads to a user.
        """
        return (
            role in {"", self.role}
            and person in {"", self.person}
            and (not key or any(is_key(each.id, key) for each in self.keys))
            and not accessor
            and self.created_at <= at - timedelta(seconds=older_than or 0)
        )


def rows(user: Leaseless, now: datetime) -> list[tuple[str, ...]]:
    """A row of the table for each key, one for a user that has none, or whose keys are not seen."""
    known = (printable(user.person) or "—", printable(user.role))
    made = ago(user.created_at, now)
    if not user.keys:
        end = "unknown" if user.unseen else "no key"
        return [(*known, "—", made, NO_LEASE, end, "—")]
    return [
        (*known, short_key(key.id), made, NO_LEASE, _end(key), _last_use(key, now))
        for key in user.keys
    ]


def _end(key: AccessKey) -> str:
    return "never !!" if key.active else "switched off"


def _last_use(key: AccessKey, now: datetime) -> str:
    used = key.last_used_at
    return f"{printable(key.last_used_service)} · {ago(used, now)}" if used else "never"


def command(user: Leaseless) -> str:
    """What shows more of the user: the command for its first active key, else its name."""
    key = next((each for each in user.keys if each.active), next(iter(user.keys), None))
    return f"vaultaws leases show {short_key(key.id)}" if key else printable(user.name)


def as_json(user: Leaseless) -> dict[str, Any]:
    """Return one user for machines."""
    return {
        "name": user.name,
        "role": user.role,
        "person": user.person or None,
        "mount": user.mount,
        "created_at": iso(user.created_at),
        "keys_unseen": user.unseen or None,
        "access_keys": [
            {
                "access_key_id": key.id,
                "active": key.active,
                "created_at": iso(key.created_at),
                "last_used": {"service": key.last_used_service, "at": iso(key.last_used_at)}
                if key.last_used_at
                else None,
            }
            for key in user.keys
        ],
    }


def csv_rows(user: Leaseless) -> list[dict[str, Any]]:
    """Return a line for each key, columns named as for credentials; what a lease tells is empty."""
    known = {
        "person": user.person,
        "role": user.role,
        "mount": user.mount,
        "lease_state": STATE,
        "iam_user": user.name,
        "is_sts": False,
    }
    if not user.keys:
        return [{**known, "issued_at": iso(user.created_at)}]
    return [
        {
            **known,
            "access_key_id": key.id,
            "issued_at": iso(key.created_at),
            "last_used_service": key.last_used_service or None,
            "last_used_at": iso(key.last_used_at),
        }
        for key in user.keys
    ]
