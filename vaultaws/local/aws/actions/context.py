"""The global condition keys of a call (IAM user guide, "AWS global condition context keys")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vaultaws.local.aws.actions.facts import Facts
from vaultaws.local.aws.call import Call, Caller, CallerKind, Session
from vaultaws.policy.values import Actor, ActorKind

_TYPES: Final = {
    CallerKind.ROOT: "Account",
    CallerKind.IAM_USER: "User",
    CallerKind.ASSUMED_ROLE: "AssumedRole",
    CallerKind.FEDERATED_USER: "FederatedUser",
}
_KINDS: Final = {
    CallerKind.ROOT: ActorKind.ROOT,
    CallerKind.IAM_USER: ActorKind.USER,
    CallerKind.ASSUMED_ROLE: ActorKind.ROLE,
    CallerKind.FEDERATED_USER: ActorKind.FEDERATION_TOKEN,
}


def actor_of(caller: Caller) -> Actor:
    """The caller as the evaluator sees it."""
    kind = _KINDS[caller.kind]
    if kind is ActorKind.USER and caller.session is not None:
        kind = ActorKind.SESSION_TOKEN
    behind = caller.kind in {CallerKind.ASSUMED_ROLE, CallerKind.FEDERATED_USER}
    return Actor(
        kind=kind,
        arn=caller.arn,
        account_id=caller.account_id,
        principal_id=caller.principal_id,
        owner_arn=caller.issuer_arn if behind else caller.arn,
        mfa=caller.session is not None and caller.session.mfa_at is not None,
        session=caller.session is not None,
    )


def global_context(call: Call, caller: Caller, facts: Facts) -> dict[str, tuple[str, ...]]:
    """Keys in lower case. Keys that AWS leaves out are left out, for `Null` and `IfExists`."""
    context: dict[str, tuple[str, ...]] = {
        "aws:currenttime": (f"{call.time:%Y-%m-%dT%H:%M:%SZ}",),
        "aws:epochtime": (str(int(call.time.timestamp())),),
        "aws:securetransport": ("true" if call.secure else "false",),
        "aws:requestedregion": (call.region,),
        "aws:useragent": (call.user_agent,),
        "aws:principalarn": (principal_arn(caller),),
        "aws:principalaccount": (caller.account_id,),
        "aws:principaltype": (_TYPES[caller.kind],),
        "aws:userid": (caller.principal_id,),
        "aws:viaawsservice": ("true" if call.on_behalf else "false",),
    }
    if call.on_behalf:
        context["aws:calledvia"] = (call.source_ip,)
    else:
        context["aws:sourceip"] = (call.source_ip,)
    if caller.kind is CallerKind.IAM_USER:
        context["aws:username"] = (caller.user_name,)
    if caller.session is not None:
        context.update(_session_keys(call, caller, caller.session))
    context.update(_principal_tags(caller, facts))
    return context


def principal_arn(caller: Caller) -> str:
    """aws:PrincipalArn: the role's own ARN for a role session, else the caller's."""
    return caller.issuer_arn if caller.kind is CallerKind.ASSUMED_ROLE else caller.arn


def _session_keys(
    call: Call, caller: Caller, session: Session
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The credentials of AssumeRole and GetFederationToken carry no MFA of their own (IAM user
    guide, "Secure API access with MFA")."""
    carries_mfa = caller.kind in {CallerKind.IAM_USER, CallerKind.ROOT}
    mfa_at = session.mfa_at if carries_mfa else None
    yield "aws:tokenissuetime", (f"{session.issued_at:%Y-%m-%dT%H:%M:%SZ}",)
    yield "aws:multifactorauthpresent", ("true" if mfa_at else "false",)
    if mfa_at:
        yield "aws:multifactorauthage", (str(int((call.time - mfa_at).total_seconds())),)
    if session.source_identity:
        yield "aws:sourceidentity", (session.source_identity,)


def _principal_tags(caller: Caller, facts: Facts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tags of the user or role; a session's own tags are laid over them (IAM user guide,
    "Pass session tags in AWS STS")."""
    owner = caller.arn if caller.kind is CallerKind.IAM_USER else caller.issuer_arn
    yield from tag_keys("aws:principaltag/", facts.tags(owner) if owner else {})
    if caller.session is not None:
        yield from tag_keys("aws:principaltag/", caller.session.tags)


def tag_keys(prefix: str, tags: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Condition keys for tags: keys of tags are compared without case, values with."""
    for key, value in tags.items():
        yield f"{prefix}{key.lower()}", (value,)
