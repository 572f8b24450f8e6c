"""`decide`: IAM's evaluation logic (IAM user guide, "Policy evaluation logic").

The order: operations that need no permission; calls that a kind of credential may never make; an
explicit deny anywhere; the account root; what a policy on the resource grants; identity policies;
permissions boundary; session policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vaultaws.policy.compiled import CompiledStatement, compiled
from vaultaws.policy.document import Effect
from vaultaws.policy.principals import Naming
from vaultaws.policy.values import (
    AccessRequest,
    ActorKind,
    AttachedPolicy,
    Decision,
    PolicySet,
    Source,
    Verdict,
)

Layer = tuple[Source, tuple[AttachedPolicy, ...]]

_OF_ASSUME_ROLE: Final = frozenset({"sts:assumerole", "sts:tagsession", "sts:setsourceidentity"})
_NOT_FOR_ROLES: Final = frozenset({"sts:getfederationtoken", "sts:getsessiontoken"})


def decide(request: AccessRequest, policies: PolicySet) -> Decision:
    """Decide one request. Pure: the same request and policies always give the same decision."""
    action = request.action.lower()
    if action == "sts:getcalleridentity":
        return Decision(Verdict.ALLOWED, Source.EXEMPT)
    if not _credential_may_call(request, action):
        return Decision(Verdict.EXPLICIT_DENY, Source.CREDENTIAL)
    trusted = action in _OF_ASSUME_ROLE and ":role/" in request.resource
    on_resource = (
        (Source.TRUST, policies.trust) if trusted else (Source.RESOURCE, policies.resource)
    )
    layers = _layers(request, policies)
    denial = _explicit_deny(request, action, layers, on_resource)
    if denial is not None:
        return denial
    if action == "sts:getsessiontoken":
        return Decision(Verdict.ALLOWED, Source.EXEMPT)
    return _granted(request, action, layers, on_resource, must_name=trusted)


def _credential_may_call(request: AccessRequest, action: str) -> bool:
    """The limits of each kind of credential (STS API reference, GetSessionToken and
    GetFederationToken, "Permissions"; AssumeRole for the root user)."""
    kind = request.actor.kind
    if kind is ActorKind.FEDERATION_TOKEN:
        return not action.startswith(("iam:", "sts:"))
    if kind is ActorKind.ROLE:
        return action not in _NOT_FOR_ROLES
    if kind is ActorKind.ROOT and action == "sts:assumerole":
        return False
    if not request.actor.session:
        return True
    if action.startswith("iam:"):
        return request.actor.mfa
    return action in _OF_ASSUME_ROLE or not action.startswith("sts:")


def _layers(request: AccessRequest, policies: PolicySet) -> tuple[Layer, ...]:
    """What must allow, each in turn. A federated user without session policies has no rights
    (STS API reference, GetFederationToken, "Permissions")."""
    if request.actor.kind is ActorKind.ROOT:
        return ()
    layers: list[Layer] = [(Source.IDENTITY, policies.identity)]
    if policies.boundary is not None:
        layers.append((Source.BOUNDARY, (policies.boundary,)))
    if policies.session is not None:
        layers.append((Source.SESSION, policies.session))
    elif request.actor.kind is ActorKind.FEDERATION_TOKEN:
        layers.append((Source.SESSION, ()))
    return tuple(layers)


def _explicit_deny(
    request: AccessRequest,
    action: str,
    layers: Iterable[Layer],
    on_resource: tuple[Source, AttachedPolicy | None],
) -> Decision | None:
    for source, attached in layers:
        for policy in attached:
            for statement in compiled(policy.document):
                if statement.effect is Effect.DENY and statement.applies(request, action):
                    return _decision(Verdict.EXPLICIT_DENY, source, policy, statement)
    source, own = on_resource
    if own is not None:
        for statement in compiled(own.document):
            if (
                statement.effect is Effect.DENY
                and statement.names(request.actor)
                and statement.applies(request, action)
            ):
                return _decision(Verdict.EXPLICIT_DENY, source, own, statement)
    return None


def _granted(
    request: AccessRequest,
    action: str,
    layers: Iterable[Layer],
    on_resource: tuple[Source, AttachedPolicy | None],
    *,
    must_name: bool,
) -> Decision:
    source, own = on_resource
    named, grant = _resource_grant(request, action, source, own)
    if grant is None and (must_name or request.crosses_accounts):
        return Decision(Verdict.IMPLICIT_DENY, source)
    excused = _excused(request, named)
    for layer, attached in layers:
        if layer in excused:
            continue
        allowed = _first_allow(request, action, layer, attached)
        if allowed is None:
            return Decision(Verdict.IMPLICIT_DENY, layer)
        grant = grant or allowed
    return grant or Decision(Verdict.ALLOWED, Source.ROOT)


def _excused(request: AccessRequest, named: Naming) -> frozenset[Source]:
    """Which layers a grant on the resource makes needless, within one account."""
    if request.crosses_accounts or named < Naming.OWNER:
        return frozenset()
    if named is Naming.OWNER:
        return frozenset({Source.IDENTITY})
    return frozenset({Source.IDENTITY, Source.BOUNDARY, Source.SESSION})


def _resource_grant(
    request: AccessRequest, action: str, source: Source, policy: AttachedPolicy | None
) -> tuple[Naming, Decision | None]:
    """The closest naming among the statements that allow, and the decision it makes."""
    best, grant = Naming.NONE, None
    if policy is None:
        return best, grant
    for statement in compiled(policy.document):
        named = statement.names(request.actor)
        if statement.effect is Effect.ALLOW and named > best and statement.applies(request, action):
            best, grant = named, _decision(Verdict.ALLOWED, source, policy, statement)
    return best, grant


def _first_allow(
    request: AccessRequest, action: str, source: Source, attached: tuple[AttachedPolicy, ...]
) -> Decision | None:
    for policy in attached:
        for statement in compiled(policy.document):
            if statement.effect is Effect.ALLOW and statement.applies(request, action):
                return _decision(Verdict.ALLOWED, source, policy, statement)
    return None


def _decision(
    verdict: Verdict, source: Source, policy: AttachedPolicy, statement: CompiledStatement
) -> Decision:
    return Decision(verdict, source, policy.name, statement.label)
