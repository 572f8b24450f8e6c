"""What is thought of each credential, and the evidence each verdict rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vaultaws.model import AuditIssuance, Event


class Standing(StrEnum):
    """What the two logs together say of a credential."""

    EXPLAINED = "explained"  # Vault's audit log has the request it came of
    DESCENDANT = "descendant"  # minted with a credential that is itself explained
    ROTATION = "rotation"  # Vault replaced its own root key
    STATIC = "static"  # Vault made a static role's user a new key
    ROLLED_BACK = "rolled_back"  # an issuance failed in Vault, which took the user away again
    UNEXPLAINED = "unexplained"  # minted with Vault's identity, unknown to Vault
    UNCOVERED = "uncovered"  # nothing can be said: see `Why`
    PENDING = "pending"  # audited, too young to be in CloudTrail
    MISSING = "missing"  # audited, and should be in CloudTrail by now


VAULTS_OWN: Final = frozenset({Standing.ROTATION, Standing.STATIC, Standing.ROLLED_BACK})
"""What Vault does for itself: nobody holds it."""
SOUND: Final = frozenset({Standing.EXPLAINED, Standing.DESCENDANT, Standing.STATIC})
"""What may mint credentials that are then sound as well."""


class Why(StrEnum):
    """Why nothing can be said of a credential."""

    NO_LOG = "no audit log was given"
    UNDIGESTED = "the server did not tell what the audit log writes for a key"
    BEFORE_LOG = "it is older than the audit log"
    AFTER_LOG = "it is younger than the audit log, which ends before"
    WRAPPED = "Vault wrapped an answer then that nobody has taken out, and logs no key for it"
    AUDIT_GAP = "the audit log has lines there that cannot be read"
    SALT = "the audit device was made anew since, and old digests cannot be compared"
    ROLLBACK = "an issuance failed then, and Vault may still take its user away"
    NEW_ROOT = "it was made with what may be Vault's new root key"
    CROWDED = "another key was made for that user within the rotation period of its static role"
    TRAIL_GAP = "files of CloudTrail of that time cannot be read"


class MarkKind(StrEnum):
    """What a credential's use shows besides its standing."""

    AFTER_END = "used after its end"
    NETWORK = "used from an unexpected network"
    REGION = "used in an unexpected region"
    AGENT = "used by an unexpected program"
    REFUSED = "refused often"


OF_PEOPLE: Final = frozenset({MarkKind.NETWORK, MarkKind.REGION, MarkKind.AGENT})
"""What `[trail]` declares of those who hold credentials."""


@dataclass(frozen=True)
class Use:
    """The calls made with a credential. `actions` are "service Name", commonest first."""

    calls: int = 0
    denied: int = 0
    actions: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    last_service: str = ""


@dataclass(frozen=True)
class Mark:
    """Something in a credential's use that a person must look at.

    `calls` show it, from `first` to `last`; `detail` names the network, region or program, or the
    end that was passed. `event_id` is the first of the calls, the evidence.
    """

    kind: MarkKind
    calls: int
    first: datetime
    last: datetime
    detail: str = ""
    event_id: str = ""


@dataclass(frozen=True)
class Cut:
    """What denies a credential everything in AWS, since `at`; None where that was not seen, and
    IAM alone shows that it stands. `policy` is the name (or ARN) of the policy on `principal`, both
    empty where its key was switched off or deleted. `event_id` is the call that did it."""

    at: datetime | None = None
    policy: str = ""
    principal: str = ""
    event_id: str = ""
    event_name: str = ""

    @property
    def by(self) -> str:
        """What did it, in words."""
        if self.policy:
            return f"the policy {self.policy} on {self.principal}"
        return f"{self.event_name} of its key" if self.event_name else "a policy that IAM shows"


@dataclass(frozen=True)
class Verdict:
    """One credential. `minted` is CloudTrail's evidence, `issuance` Vault's.

    `alive_until` is set when its token lives on though its lease is over. `parent_key` is the
    key that minted it, when that was not Vault's own. `ends` is the end of its token where a log
    tells it, `revoked` when Vault answered a revocation of its lease. `cut` is what denies it
    everything in AWS now, `lifted` when the last such deny was taken away, where none stands. `why`
    tells why nothing can
    be said of an uncovered one.
    """

    standing: Standing
    access_key_id: str = ""
    minted: Event | None = None
    issuance: AuditIssuance | None = None
    person: str = ""
    role: str = ""
    use: Use = Use()
    parent_key: str = ""
    alive_until: datetime | None = None
    ends: datetime | None = None
    revoked: datetime | None = None
    cut: Cut | None = None
    lifted: datetime | None = None
    marks: tuple[Mark, ...] = ()
    why: str = ""

    @property
    def time(self) -> datetime | None:
        """When it came to be, by the better evidence at hand."""
        if self.minted:
            return self.minted.time
        return self.issuance.time if self.issuance else None

    @property
    def lives_beyond(self) -> datetime | None:
        """Until when it can be used though its lease is over; None for one that AWS denies."""
        return None if self.cut else self.alive_until

    @property
    def over(self) -> datetime | None:
        """When it was over: its token, its lease, or all it could do; None if nothing tells."""
        moments = (self.ends, self.revoked, self.cut.at if self.cut else None)
        return min(filter(None, moments), default=None)

    @property
    def lease_id(self) -> str:
        return self.issuance.lease_id if self.issuance else ""


@dataclass(frozen=True)
class Act:
    """A call with Vault's identity that opens access and that Vault never makes by itself, or
    not on that user."""

    event: Event
    target: str


@dataclass(frozen=True)
class Matching:
    """The whole judgement, in the order of time."""

    verdicts: tuple[Verdict, ...] = ()
    acts: tuple[Act, ...] = ()

    def of(self, *standings: Standing) -> tuple[Verdict, ...]:
        """Return the verdicts of these standings."""
        return tuple(found for found in self.verdicts if found.standing in standings)
