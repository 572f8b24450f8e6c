"""The evaluator's own values: what is asked, what policies speak, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from vaultaws.policy.document import PolicyDocument

Context = Mapping[str, tuple[str, ...]]
"""Condition keys in lower case. A single-valued key holds one value, a set any number."""


class Truth(IntEnum):
    """Three-valued logic: `min` is AND. UNKNOWN counts against the caller, whatever the effect."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class ActorKind(StrEnum):
    """How the caller signs; the rules of evaluation differ by it."""

    ROOT = "root"
    USER = "user"
    SESSION_TOKEN = "session-token"  # noqa: S105  (a kind's name)
    FEDERATION_TOKEN = "federation-token"  # noqa: S105  (a kind's name)
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    `arn` is the caller as AWS names it in messages (a role session's is its sts ARN), `owner_arn`
    the IAM user or role behind a session (for a user, its own ARN again).
    """

    kind: ActorKind
    arn: str
    account_id: str
    principal_id: str
    owner_arn: str
    mfa: bool = False
    session: bool = False

    @property
    def root_arn(self) -> str:
        """The account's root, as trust policies name the whole account."""
        partition = self.arn.split(":", 2)[1] if ":" in self.arn else "aws"
        return f"arn:{partition}:iam::{self.account_id}:root"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One action on one resource. `resource_account` empty means the caller's own account."""

    actor: Actor
    action: str
    resource: str
    context: Context
    resource_account: str = ""

    @property
    def crosses_accounts(self) -> bool:
        return self.resource_account not in {"", self.actor.account_id}


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A parsed policy and the name a decision gives for it: an ARN, or an inline policy's name."""

    name: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every policy that has a say in one request.

    `identity` is the union of a user's inline, managed and group policies, or a role's own; for a
    federated user those of the user who federated. `session` is None when no session policy was
    passed. `trust` is the trust policy of the role named by an AssumeRole, `resource` any other
    policy on the resource itself.
    """

    identity: tuple[AttachedPolicy, ...] = ()
    boundary: AttachedPolicy | None = None
    session: tuple[AttachedPolicy, ...] | None = None
    trust: AttachedPolicy | None = None
    resource: AttachedPolicy | None = None


class Verdict(StrEnum):
    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


class Source(StrEnum):
    """What decided. The value is the phrase AWS uses in its messages, where it has one."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    ROOT = "account root user"
    EXEMPT = "operation that needs no permission"
    CREDENTIAL = "kind of credential"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and what gave it. `policy` and `statement` are empty for an implicit deny.

    `statement` is the Sid, or the statement's position counted from 1. A decision by
    `Source.CREDENTIAL` means that this kind of credential may never make the call.
    """

    verdict: Verdict
    source: Source
    policy: str = ""
    statement: str = ""

    @property
    def allowed(self) -> bool:
        return self.verdict is Verdict.ALLOWED
