"""Which roles a caller may assume, and what each wants for it. Pure.

Two sides must agree: the role's trust policy and, unless that names the caller itself, the
caller's own policies (IAM user guide, "Policy evaluation logic"). Where those cannot be read, IAM's
own simulation is a second source; else the role is told as one that may let the caller in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vaultaws.aws.policies_of import HeldPolicy
from vaultaws.aws.roles import TrustedRole
from vaultaws.aws.simulate import Context, Opinion, Question
from vaultaws.model import JsonObject, Principal
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
    parse_policy,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, Actor, ActorKind, AttachedPolicy, PolicySet

ACTION: Final = "sts:AssumeRole"
EXTERNAL_ID: Final = "sts:externalid"
WITH_MFA: Final[Context] = (
    ("aws:MultiFactorAuthPresent", ("true",)),
    ("aws:MultiFactorAuthAge", ("0",)),
)
_EVERYTHING: Final = PolicyDocument(
    VERSION_2012, (Statement(Effect.ALLOW, actions=("*",), resources=("*",)),)
)


@dataclass(frozen=True)
class Rights:
    """The caller's own policies. `complete` is False when some could not be read."""

    policies: tuple[HeldPolicy, ...] = ()
    boundary: HeldPolicy | None = None
    complete: bool = False


@dataclass(frozen=True)
class Assumable:
    """A role that lets the caller in. `sure` is False where the caller's own policies are not
    known well enough to say that they do not forbid it."""

    role: TrustedRole
    mfa: bool
    external_id: bool
    sure: bool


def actor_of(who: Principal) -> Actor:
    """The caller as policies see it; a role's session stands for its role."""
    parts = who.arn.split(":", 5)
    if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        owner = f"arn:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"
        return Actor(ActorKind.ROLE, who.arn, who.account, who.user_id, owner, session=True)
    if parts[5] == "root":
        return Actor(ActorKind.ROOT, who.arn, who.account, who.user_id, who.arn)
    return Actor(ActorKind.USER, who.arn, who.account, who.user_id, who.arn)


def questions(roles: Iterable[TrustedRole]) -> tuple[Question, ...]:
    """What to ask IAM's simulation: each role, without MFA and with it."""
    return tuple((ACTION, role.arn, context) for role in roles for context in ((), WITH_MFA))


def assumable(
    actor: Actor,
    rights: Rights,
    roles: Iterable[TrustedRole],
    opinions: Mapping[Question, Opinion],
) -> tuple[Assumable, ...]:
    """The roles that let the caller in, in the order given."""
    policies, boundary, complete = _ready(rights)
    known = PolicySet(identity=policies, boundary=boundary)
    hopeful = PolicySet(
        identity=(*policies, AttachedPolicy("unread", _EVERYTHING)), boundary=boundary
    )
    found = []
    for role in roles:
        trust = _parsed(HeldPolicy(role.arn, role.trust))
        if trust is None:
            continue
        judge = _Judge(actor, role, opinions, complete=complete)
        answer = judge.answer(replace(known, trust=trust), replace(hopeful, trust=trust))
        if answer is not None:
            found.append(answer)
    return tuple(found)


@dataclass(frozen=True)
class _Judge:
    actor: Actor
    role: TrustedRole
    opinions: Mapping[Question, Opinion]
    complete: bool

    def answer(self, known: PolicySet, hopeful: PolicySet) -> Assumable | None:
        """The least that is wanted for the role: nothing, MFA, an external id, both."""
        doubtful: Assumable | None = None
        for mfa, external_id in self._ways():
            sure = self._standing(known, hopeful, mfa=mfa, external_id=external_id)
            if sure is None:
                continue
            found = Assumable(self.role, mfa, bool(external_id), sure)
            if sure:
                return found
            doubtful = doubtful or found
        return doubtful

    def _ways(self) -> Iterator[tuple[bool, str]]:
        for external_id in ("", *external_ids(self.role.trust)):
            yield False, external_id
            yield True, external_id

    def _standing(
        self, known: PolicySet, hopeful: PolicySet, *, mfa: bool, external_id: str
    ) -> bool | None:
        """True: surely let in; False: perhaps; None: surely not."""
        if not self._allows(hopeful, mfa=mfa, external_id=external_id):
            return None
        computed = self._allows(known, mfa=mfa, external_id=external_id)
        if self.complete:
            return True if computed else None
        opinion = self.opinions.get((ACTION, self.role.arn, WITH_MFA if mfa else ()))
        if opinion is None or opinion.missing:
            return False
        return True if opinion.allowed else _unless_explicit(opinion, named=computed)

    def _allows(self, policies: PolicySet, *, mfa: bool, external_id: str) -> bool:
        context = _context(self.actor, mfa=mfa, external_id=external_id)
        request = AccessRequest(self.actor, ACTION, self.role.arn, context)
        return decide(request, policies).allowed


def _unless_explicit(opinion: Opinion, *, named: bool) -> bool | None:
    """A trust policy that names the caller itself needs no allow beside it, and no deny."""
    return True if named and opinion.decision != "explicitDeny" else None


def _context(actor: Actor, *, mfa: bool, external_id: str) -> dict[str, tuple[str, ...]]:
    name = actor.arn.rsplit("/", 1)[-1]
    known: dict[str, tuple[str, ...]] = {
        "aws:principalaccount": (actor.account_id,),
        "aws:principalarn": (actor.owner_arn,),
        "aws:principaltype": ("AssumedRole" if actor.kind is ActorKind.ROLE else "User",),
        "aws:securetransport": ("true",),
        "aws:userid": (actor.principal_id,),
        "sts:rolesessionname": (name,),
    }
    if actor.kind is ActorKind.USER:
        known["aws:username"] = (name,)
    if mfa:
        known.update({key.lower(): values for key, values in WITH_MFA})
    if external_id:
        known[EXTERNAL_ID] = (external_id,)
    return known


def external_ids(trust: JsonObject) -> tuple[str, ...]:
    """The external ids that a trust policy names."""
    try:
        document = parse_policy(trust)
    except MalformedPolicyError:
        return ()
    return tuple(
        dict.fromkeys(
            value
            for statement in document.statements
            for condition in statement.conditions
            if condition.key.lower() == EXTERNAL_ID
            for value in condition.values
        )
    )


def _ready(
    rights: Rights,
) -> tuple[tuple[AttachedPolicy, ...], AttachedPolicy | None, bool]:
    parsed = [_parsed(policy) for policy in rights.policies]
    boundary = _parsed(rights.boundary) if rights.boundary is not None else None
    lost = None in parsed or (rights.boundary is not None and boundary is None)
    whole = tuple(policy for policy in parsed if policy is not None)
    return whole, boundary, rights.complete and not lost


def _parsed(policy: HeldPolicy) -> AttachedPolicy | None:
    try:
        return AttachedPolicy(policy.name, parse_policy(policy.document))
    except MalformedPolicyError:
        return None
