"""May Vault's own user call what the roles need? Judged twice, and compared. Pure.

Once by our evaluator over the policies that IAM holds; once by IAM's own simulation, where the
caller may ask for it. IAM's word counts where both spoke: it knows more (service control policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from vaultaws.aws.policies_of import Held, HeldPolicy, User
from vaultaws.aws.simulate import Context, Opinion, Question
from vaultaws.lint.needs import Need
from vaultaws.model import JsonObject
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Principals,
    Statement,
    parse_policy,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import (
    AccessRequest,
    Actor,
    ActorKind,
    AttachedPolicy,
    Decision,
    PolicySet,
    Source,
    Verdict,
)

ASSUME: Final = "sts:AssumeRole"
OF_A_KIND: Final = 25
MOST_OPEN: Final = 1000


class Standing(StrEnum):
    """What is known of one right."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Wanted:
    """An action on a resource, and who needs it: the names of roles, "" for the key itself."""

    action: str
    resource: str
    needed_by: tuple[str, ...]
    context: Context = ()

    @property
    def question(self) -> Question:
        return self.action, self.resource, self.context


@dataclass(frozen=True)
class Right:
    """One wanted action with both opinions. `why` says what decided, or what is not known."""

    wanted: Wanted
    computed: Standing
    asked: Standing
    why: str = ""

    @property
    def standing(self) -> Standing:
        return self.computed if self.asked is Standing.UNKNOWN else self.asked

    @property
    def disagree(self) -> bool:
        both = {self.computed, self.asked}
        return Standing.UNKNOWN not in both and len(both) == 2


@dataclass(frozen=True)
class Holder:
    """Vault's user with its policies made ready; `complete` when none was withheld."""

    actor: Actor
    policies: PolicySet
    context: Context
    complete: bool


def merged(needs: Iterable[Need]) -> tuple[Wanted, ...]:
    """Each question once, with all who need the answer, in the order of first mention."""
    names: dict[Question, dict[str, None]] = {}
    for need in needs:
        names.setdefault((need.action, need.resource, need.context), {})[need.for_role] = None
    return tuple(
        Wanted(action, resource, tuple(needed_by), context)
        for (action, resource, context), needed_by in names.items()
    )


def context_of(user: User) -> Context:
    """Condition keys that are known of every call of the user."""
    known = {
        "aws:PrincipalAccount": user.account,
        "aws:PrincipalArn": user.arn,
        "aws:PrincipalType": "User",
        "aws:SecureTransport": "true",
        "aws:userid": user.user_id,
        "aws:username": user.name,
    }
    return tuple((name, (value,)) for name, value in known.items())


def holder_of(held: Held) -> Holder:
    """Make the policies ready. One that cannot be read counts as withheld."""
    parsed = [_parsed(policy) for policy in held.policies]
    boundary = _parsed(held.boundary) if held.boundary is not None else None
    lost_boundary = bool(held.user.boundary_arn) and boundary is None
    user = held.user
    return Holder(
        Actor(ActorKind.USER, user.arn, user.account, user.user_id, user.arn),
        PolicySet(
            identity=tuple(policy for policy in parsed if policy is not None), boundary=boundary
        ),
        context=context_of(user),
        complete=not held.unread and None not in parsed and not lost_boundary,
    )


def _parsed(policy: HeldPolicy) -> AttachedPolicy | None:
    try:
        return AttachedPolicy(policy.name, parse_policy(policy.document))
    except MalformedPolicyError:
        return None


def judge(
    wanted: Iterable[Wanted],
    held: Held | None,
    opinions: Mapping[Question, Opinion],
    trusts: Mapping[str, JsonObject],
) -> tuple[Right, ...]:
    """Judge every wanted action. `held` None: the policies are not known at all.

    `trusts` has the trust policies that could be read, by role ARN.
    """
    holder = holder_of(held) if held is not None else None
    return tuple(
        _right(need, holder, opinions.get(need.question), trusts.get(need.resource))
        for need in wanted
    )


def worth_asking(rights: Iterable[Right]) -> tuple[Question, ...]:
    """The questions to put to IAM, which answers slowly: all that our evaluator does not allow,
    and of the rest some of each kind. A thousand roles differ in their users' names only."""
    asked_of_a_kind: Counter[tuple[str, Context]] = Counter()
    open_questions: dict[Question, None] = {}
    sampled: dict[Question, None] = {}
    for right in rights:
        wanted = right.wanted
        if "*" in wanted.action or "?" in wanted.action:
            continue  # IAM takes no wildcard there
        kind = (wanted.action, wanted.context)
        if right.computed is not Standing.ALLOWED and len(open_questions) < MOST_OPEN:
            open_questions[wanted.question] = None
        elif right.computed is Standing.ALLOWED and asked_of_a_kind[kind] < OF_A_KIND:
            asked_of_a_kind[kind] += 1
            sampled[wanted.question] = None
    return (*open_questions, *sampled)


def _right(
    need: Wanted, holder: Holder | None, opinion: Opinion | None, trust: JsonObject | None
) -> Right:
    asked, missing = _asked(opinion)
    if holder is None:
        return Right(need, Standing.UNKNOWN, asked, missing or "its policies are not known")
    if need.action == ASSUME and trust is not None and _is_kept_out(need, holder, trust):
        why = "the role's own trust policy does not let it in"
        return Right(need, Standing.DENIED, Standing.DENIED, why)
    computed, why = _computed(need, holder)
    return Right(need, computed, asked, missing or why)


def _asked(opinion: Opinion | None) -> tuple[Standing, str]:
    if opinion is None:
        return Standing.UNKNOWN, ""
    if opinion.allowed:
        return Standing.ALLOWED, ""
    if opinion.missing:
        return Standing.UNKNOWN, f"it depends on {', '.join(opinion.missing)}"
    return Standing.DENIED, ""


def _computed(need: Wanted, holder: Holder) -> tuple[Standing, str]:
    policies = replace(holder.policies, trust=_trusting(holder.actor))
    decision = _decide(need, holder, policies)
    if decision.allowed:
        standing = Standing.ALLOWED if holder.complete else Standing.UNKNOWN
        return standing, "" if holder.complete else "some of its policies could not be read"
    if decision.verdict is Verdict.EXPLICIT_DENY and decision.source is Source.CREDENTIAL:
        return Standing.DENIED, "no such credential may ever make this call"
    if _decide(need, holder, _without_unknown(policies, _known(need, holder))).allowed:
        return Standing.UNKNOWN, "it depends on conditions that only the real call has"
    explicit = decision.verdict is Verdict.EXPLICIT_DENY
    if not explicit and not holder.complete:
        return Standing.UNKNOWN, "some of its policies could not be read"
    return Standing.DENIED, _reason(decision)


def _known(need: Wanted, holder: Holder) -> dict[str, tuple[str, ...]]:
    return {name.lower(): values for name, values in (*holder.context, *need.context)}


def _decide(need: Wanted, holder: Holder, policies: PolicySet) -> Decision:
    known = _known(need, holder)
    return decide(AccessRequest(holder.actor, need.action, need.resource, known), policies)


def _reason(decision: Decision) -> str:
    if decision.verdict is Verdict.EXPLICIT_DENY:
        return f"{decision.policy} denies it (statement {decision.statement})"
    return f"no {decision.source.value} allows it"


def _trusting(actor: Actor) -> AttachedPolicy:
    """As if the role to be assumed left the decision to the account's own policies."""
    principal = Principals(aws=(actor.root_arn,))
    statement = Statement(Effect.ALLOW, actions=("sts:*",), principals=principal)
    return AttachedPolicy("trust", PolicyDocument(VERSION_2012, (statement,)))


def _is_kept_out(need: Wanted, holder: Holder, trust: JsonObject) -> bool:
    """True when the role's trust policy surely refuses the user, whatever else it may do."""
    try:
        policy = AttachedPolicy(need.resource, parse_policy(trust))
    except MalformedPolicyError:
        return False
    everything = Statement(Effect.ALLOW, actions=("*",), resources=("*",))
    willing = AttachedPolicy("all", PolicyDocument(VERSION_2012, (everything,)))
    asked = PolicySet(identity=(willing,), trust=policy)
    return not _decide(need, holder, _without_unknown(asked, _known(need, holder))).allowed


def _without_unknown(policies: PolicySet, known: Collection[str]) -> PolicySet:
    """The policies with the benefit of the doubt: conditions on keys nobody knows are met in an
    Allow, and not met in a Deny."""

    def doubted(policy: AttachedPolicy) -> AttachedPolicy:
        kept = [_lenient(statement, known) for statement in policy.document.statements]
        statements = tuple(statement for statement in kept if statement is not None)
        return replace(policy, document=replace(policy.document, statements=statements))

    return replace(
        policies,
        identity=tuple(doubted(policy) for policy in policies.identity),
        boundary=doubted(policies.boundary) if policies.boundary is not None else None,
        trust=doubted(policies.trust) if policies.trust is not None else None,
    )


def _lenient(statement: Statement, known: Collection[str]) -> Statement | None:
    sure = tuple(each for each in statement.conditions if each.key.lower() in known)
    if statement.effect is Effect.DENY and len(sure) < len(statement.conditions):
        return None
    return replace(statement, conditions=sure)
