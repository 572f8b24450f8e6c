"""What an incident is: whom it is about, what is to be done, what was done. Frozen values.

A case goes through observe (what there is), plan (pure), contain (the effects, journalled),
verify (proof) and lift (the denies go, issuance comes back).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from vaultaws.aws.cutoff import Holder
from vaultaws.model import CredentialType

Evidence = Mapping[str, Any]
"""What a step found or left, as plain JSON: never a secret."""


class StepKind(StrEnum):
    """The kinds of steps, in the order in which they are taken."""

    CANARY = "canary"
    DENY_ISSUANCE = "deny_issuance"
    DISABLE_ENTITY = "disable_entity"
    REVOKE_TOKEN = "revoke_token"  # noqa: S105  (a step's name)
    DENY_TOKENS = "deny_tokens"
    DENY_SESSION = "deny_session"
    STOP_USER = "stop_user"
    REPLACE_STATIC = "replace_static"
    REVOKE_LEASE = "revoke_lease"
    DELETE_USER = "delete_user"
    ROTATE_ROOT = "rotate_root"

    @property
    def phase(self) -> Phase:
        return _PHASES[self]


class Phase(StrEnum):
    """What a responder sees of the order."""

    STOP = "stop issuing"
    CUT = "cut in AWS now"
    REVOKE = "revoke in Vault"
    ROOT = "replace the root"


_PHASES = {
    StepKind.CANARY: Phase.STOP,
    StepKind.DENY_ISSUANCE: Phase.STOP,
    StepKind.DISABLE_ENTITY: Phase.STOP,
    StepKind.REVOKE_TOKEN: Phase.STOP,
    StepKind.DENY_TOKENS: Phase.CUT,
    StepKind.DENY_SESSION: Phase.CUT,
    StepKind.STOP_USER: Phase.CUT,
    StepKind.REPLACE_STATIC: Phase.CUT,
    StepKind.REVOKE_LEASE: Phase.REVOKE,
    StepKind.DELETE_USER: Phase.REVOKE,
    StepKind.ROTATE_ROOT: Phase.ROOT,
}


@dataclass(frozen=True)
class Scope:
    """Whom a case is about; what is empty does not narrow. `since` counts issuances from then.

    With all of it empty the whole mount is meant, and `everything` says so outright.
    `session_only` cuts single STS sessions by aws:userid instead of all of their principal.
    """

    person: str = ""
    role: str = ""
    key: str = ""
    everything: bool = False
    since: datetime | None = None
    session_only: bool = False
    root: bool = False


@dataclass(frozen=True)
class Place:
    """Where a case is: one mount of one server, and the AWS account behind it."""

    server: str
    namespace: str
    mount: str
    account: str = ""
    root_user: str = ""
    root_key_id: str = ""


@dataclass(frozen=True)
class Suspect:
    """One credential that a case is about.

    `holder` is the principal whose deny kills it (STS), `user` the IAM user it belongs to
    (iam_user, static roles, keys that a suspect made). `ends_at` is AWS's own end of a token;
    None for a long-term key. A descendant names the key it was made with and by which call.
    """

    access_key_id: str = ""
    key_hash: str = ""
    lease_id: str = ""
    role: str = ""
    credential_type: CredentialType | None = None
    person: str = ""
    entity_id: str = ""
    token_accessor: str = ""
    issued_at: datetime | None = None
    ends_at: datetime | None = None
    holder: Holder | None = None
    user: str = ""
    user_id: str = ""
    parent_key: str = ""
    made_by: str = ""
    other_holders: tuple[Holder, ...] = ()
    """Where nothing tells which of a role's principals it is of, all the rest of them."""
    session: str = ""
    """The token's aws:userid, where the trail tells it."""
    account: str = ""
    """The AWS account of the holder, where it is known."""

    @property
    def holders(self) -> tuple[Holder, ...]:
        return (self.holder, *self.other_holders) if self.holder else self.other_holders

    @property
    def name(self) -> str:
        """What tells it apart within a case (`incident.identity`): its key; without one its lease
        and the user that may be of it, or a user and the call that made it a way in."""
        if self.access_key_id:
            return self.access_key_id
        known = (self.lease_id, self.user) if self.lease_id else (self.user, self.made_by)
        return " ".join(filter(None, known)) or self.key_hash


@dataclass(frozen=True)
class Step:
    """One thing to do. `target` names it within its kind; `settings` are what the deed needs.

    `why` is one plain sentence where the reason is not plain from the kind (a descendant).
    """

    kind: StepKind
    target: str
    settings: Evidence = field(default_factory=dict)
    why: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.target}"


class StepState(StrEnum):
    """How far a step is. TRIED: begun, and no answer is written down."""

    WAITING = "waiting"
    TRIED = "tried"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True)
class Progress:
    """What the journal knows of one step. `before` is what `lift` puts back."""

    state: StepState = StepState.WAITING
    at: datetime | None = None
    before: Evidence = field(default_factory=dict)
    evidence: Evidence = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Case:
    """One incident, as far as its journal knows. `cut_at` is T0: tokens issued before it are
    denied. `verified` is what the last `verify` found."""

    name: str
    opened_at: datetime
    opened_by: str
    scope: Scope
    place: Place
    suspects: tuple[Suspect, ...] = ()
    steps: tuple[Step, ...] = ()
    progress: Mapping[str, Progress] = field(default_factory=dict)
    cut_at: datetime | None = None
    contained_at: datetime | None = None
    verified_at: datetime | None = None
    verified: Evidence = field(default_factory=dict)
    lifted_at: datetime | None = None
    id: str = ""
    """By chance, so that a case of the same name on another machine is another. Journals from
    before there were ids have none."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """What the last run could not look at at all, and why (`picture.Picture`)."""

    def state_of(self, step: Step) -> StepState:
        found = self.progress.get(step.id)
        return found.state if found else StepState.WAITING

    @property
    def is_being_lifted(self) -> bool:
        """True from the first step that a lift has undone until the case is over."""
        undone = (found.state is StepState.UNDONE for found in self.progress.values())
        return self.lifted_at is None and any(undone)

    @property
    def resume(self) -> str:
        """The command that goes on containing."""
        again = " --again" if self.is_being_lifted else ""
        return f"vaultaws incident contain --resume {self.name}{again}"

    @property
    def mark(self) -> str:
        """What stands on all that this case puts into Vault and AWS: on it alone."""
        return f"{self.name}-{self.id}" if self.id else self.name

    @property
    def policy_name(self) -> str:
        """The name of the denies in AWS that this case puts."""
        return f"vaultaws-incident-{self.mark}"

    @property
    def stop_policy_name(self) -> str:
        """The name of the deny of everything on an IAM user that is stopped: one of its own, so
        that it does not write over the deny of the tokens of the same user."""
        return f"{self.policy_name}-stop"
