"""What a match rests on besides CloudTrail's events: frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from vaultaws.leases.inventory import HASHED
from vaultaws.model import AuditIssuance, Event, StaticRole
from vaultaws.trail.audit import AuditRevocation, AuditRotation, AuditStatic, Span

__all__ = [
    "CLOCK_SKEW",
    "DELIVERY",
    "ROLLBACK",
    "AuditView",
    "Lookup",
    "Span",
    "VaultIdentity",
    "Window",
    "silent_from",
]

# CloudTrail delivers "within an average of about 5 minutes" and no bound; 15 is its old promise, of
# which twice is waited for before an issuance counts as missing.
DELIVERY: Final = timedelta(minutes=30)
CLOCK_SKEW: Final = timedelta(minutes=2)
# The engine takes back what a failed issuance made five minutes later at the earliest, in a round
# that comes every minute (builtin/logical/aws/rollback.go).
ROLLBACK: Final = timedelta(minutes=15)


def silent_from(last: datetime | None, until: datetime) -> datetime | None:
    """The moment after which an audit log tells nothing, by the time of its last line; None where
    that is not known.

    A log that is being written has a line of this very run, so one that ends within two minutes of
    `until` is taken for such. One that was copied, or whose device was switched off, ends before.
    """
    if last is None or last >= until - CLOCK_SKEW:
        return last
    return last - CLOCK_SKEW


@dataclass(frozen=True)
class Window:
    """The span of time that is checked, in UTC."""

    start: datetime
    end: datetime


class Lookup(Protocol):
    """CloudTrail's records of one attribute value in one region (`aws.cloudtrail`)."""

    def __call__(
        self, attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]: ...


@dataclass(frozen=True)
class VaultIdentity:
    """Vault's own credentials in AWS: all root key ids it ever had, and its IAM user, or the role
    whose sessions it works with where it has no key of its own.

    `static_users` are the IAM users whose keys its static roles rotate, `static_roles` those roles
    as far as they are known. `account` is the account
    of its user or role, empty where it is not known: a user of the same name in another account
    of the organisation is somebody else.
    """

    key_ids: frozenset[str] = frozenset()
    user_name: str = ""
    static_users: frozenset[str] = frozenset()
    role_name: str = ""
    account: str = ""
    static_roles: tuple[StaticRole, ...] = ()

    def known_by(self, calls: Iterable[Event]) -> VaultIdentity:
        """The same with its IAM user, where that is not known and calls with its keys tell it."""
        return self.of_user(
            event.user_name
            for event in calls
            if event.identity_type == "IAMUser" and event.access_key_id in self.key_ids
        )

    def of_user(self, names: Iterable[str]) -> VaultIdentity:
        """The same with its IAM user, where that is not known and there is but one name for it."""
        found = set(names) - {""}
        return self if self.user_name or len(found) != 1 else replace(self, user_name=found.pop())

    def made(self, event: Event) -> bool:
        """True when Vault's identity made the call."""
        if event.access_key_id and event.access_key_id in self.key_ids:
            return True
        names = {"IAMUser": self.user_name, "AssumedRole": self.role_name}
        name = names.get(event.identity_type, "")
        return bool(name) and event.user_name == name and self._is_here(event)

    def _is_here(self, event: Event) -> bool:
        """False where the record says that its caller is of another account."""
        if not self.account:
            return True
        if event.principal_arn:
            return f":{self.account}:" in event.principal_arn
        return event.account in {"", self.account}


@dataclass(frozen=True)
class AuditView:
    """The audit log as evidence.

    `digests` maps key ids and lease ids to what the log would write for them; `undigested` when
    the server does not tell. `begins` is the first line's time, None without a log; after `ends` it
    tells nothing (None: not known); `salted` when the device was last made anew; `gaps` are the
    spans in which lines could not be read; `wrapped` when answers were wrapped that nobody has
    taken out.
    """

    issuances: Sequence[AuditIssuance] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    rotations: Sequence[AuditRotation] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    revocations: Sequence[AuditRevocation] = ()
    failures: Sequence[datetime] = ()
    statics: Sequence[AuditStatic] = ()
    gaps: Sequence[Span] = ()
    salted: datetime | None = None
    undigested: bool = False
    wrapped: Sequence[datetime] = ()

    def rotated(self) -> frozenset[str]:
        """The key ids that rotations of the root answered with, of those that have a digest."""
        told = {found.access_key for found in self.rotations if found.access_key}
        return frozenset(
            key for key, digest in self.digests.items() if key in told or digest in told
        )

    def vague_rotations(self) -> list[datetime]:
        """When rotations were whose new key cannot be told from others."""
        return [
            found.time
            for found in self.rotations
            if not found.access_key
            or (found.access_key.startswith(HASHED) and self._is_vague(found.time))
        ]

    def _is_vague(self, moment: datetime) -> bool:
        return self.undigested or (self.salted is not None and moment < self.salted + CLOCK_SKEW)
