"""What verify has seen, as evidence: frozen values from which `incident.verdict` judges alone.

All times are AWS's own, in UTC: refusals, uses and ends are compared with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vaultaws.aws.cutoff import Holder
from vaultaws.model import CredentialType


class Trial(StrEnum):
    """How the trial of a canary went."""

    REFUSED = "refused"
    ALLOWED = "allowed"
    MISSING = "missing"


@dataclass(frozen=True)
class Proof:
    """The trial of one canary. `since` is its first refusal in a row; of an earlier verify where
    `earlier`, for a canary that is gone since. `why` tells why there was no trial."""

    step: str
    kind: CredentialType
    holder: Holder | None
    trial: Trial
    since: datetime | None = None
    times: int = 0
    action: str = ""
    codes: tuple[str, ...] = ()
    earlier: bool = False
    why: str = ""


@dataclass(frozen=True)
class Removal:
    """Somebody took a deny away: when, with which call, and who."""

    at: datetime
    call: str
    by: str
    access_key_id: str = ""


@dataclass(frozen=True)
class DenySeen:
    """The deny on one principal. `moment` None: there is none. `why`: it could not be read.
    `was_put` False: contain never got so far."""

    moment: datetime | None = None
    where: str = ""
    why: str = ""
    removal: Removal | None = None
    was_put: bool = True

    @property
    def is_gone(self) -> bool:
        """True for one that was put and is there no more."""
        return self.moment is None and not self.why and self.was_put


class KeySight(StrEnum):
    """How a long-term key stands in IAM."""

    GONE = "gone"
    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class KeySeen:
    """A long-term key in IAM. `since` is when it was put so, as far as the journal knows."""

    sight: KeySight
    since: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Uses:
    """What CloudTrail has of one key after the cut. Refused calls are probing."""

    allowed: int = 0
    refused: int = 0
    last_allowed: datetime | None = None
    last_call: str = ""
    last_from: str = ""


@dataclass(frozen=True)
class TrailSeen:
    """How far CloudTrail was searched. `until` is the time to which it is taken as complete,
    None where it could not be asked; `unsearched` counts keys that were left out."""

    until: datetime | None = None
    uses: Mapping[str, Uses] = field(default_factory=dict)
    unsearched: int = 0
    why: str = ""


class Held(StrEnum):
    """Whether something that contain did still holds."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing beside the credentials: issuance denied, an entity disabled, a lease gone.
    `steps` are those of contain that do not hold."""

    what: str
    held: Held
    why: str = ""
    do: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stray:
    """An IAM user that looks like one of the engine's, without a lease that explains it."""

    name: str
    created_at: datetime
    keys: tuple[str, ...] = ()
    active: bool = True
    role: str = ""


@dataclass(frozen=True)
class Facts:
    """All that was seen at `at`. `users_swept` is False where IAM could not be swept whole."""

    at: datetime
    proofs: tuple[Proof, ...] = ()
    denies: Mapping[Holder, DenySeen] = field(default_factory=dict)
    sessions: Mapping[str, DenySeen] = field(default_factory=dict)
    keys: Mapping[str, KeySeen] = field(default_factory=dict)
    trail: TrailSeen = field(default_factory=TrailSeen)
    checks: tuple[Check, ...] = ()
    strays: tuple[Stray, ...] = ()
    users_swept: bool = False
    notes: tuple[str, ...] = ()
