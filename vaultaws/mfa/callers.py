"""Who a profile is to AWS, and what it holds: read as far as AWS lets the caller look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vaultaws.aws.identity import caller_identity
from vaultaws.aws.policies_of import PolicyReader, User
from vaultaws.aws.roles import TrustedRole
from vaultaws.aws.simulate import Opinion, Question, Simulator
from vaultaws.errors import AwsError
from vaultaws.mfa.assumable import Rights, actor_of, assumable, questions
from vaultaws.model import Credentials, Principal
from vaultaws.policy.values import ActorKind

if TYPE_CHECKING:
    from vaultaws.mfa.assumable import Assumable

_UNKNOWN_DATE = datetime(1970, 1, 1, tzinfo=UTC)


def user_of(who: Principal) -> str:
    """The name of the IAM user; empty for a role's session or the account's root."""
    kind, _, name = who.arn.split(":", 5)[5].partition("/")
    return name.rsplit("/", 1)[-1] if kind == "user" else ""


def rights_of(
    who: Principal, credentials: Credentials, profile: str | None
) -> tuple[Rights, tuple[str, ...]]:
    """The caller's own policies, and a sentence for each that AWS would not show."""
    name = user_of(who)
    if not name:
        return Rights(complete=actor_of(who).kind is ActorKind.ROOT), ()
    reader = PolicyReader(credentials, profile=profile)
    unread: list[str] = []
    try:
        user = reader.user(name)
    except AwsError as fault:
        if not fault.code:
            raise
        unread.append(f"{fault.what} ({fault.code})")
        user = User(name, who.arn, who.user_id, _UNKNOWN_DATE)
    held = reader.held_by(user)
    unread.extend(held.unread)
    return Rights(held.policies, held.boundary, complete=not unread), tuple(unread)


def assumable_by(
    who: Principal,
    credentials: Credentials,
    roles: tuple[TrustedRole, ...],
    profile: str | None,
) -> tuple[tuple[Assumable, ...], tuple[str, ...]]:
    """The roles that let the caller in, and what could not be read."""
    rights, unread = rights_of(who, credentials, profile)
    actor = actor_of(who)
    found = assumable(actor, rights, roles, {})
    if rights.complete or all(each.sure for each in found):
        return found, unread
    opinions = _simulated(actor.owner_arn, credentials, tuple(each.role for each in found), profile)
    if opinions is None:
        return found, unread
    return assumable(actor, rights, roles, opinions), ()


def _simulated(
    arn: str, credentials: Credentials, roles: tuple[TrustedRole, ...], profile: str | None
) -> dict[Question, Opinion] | None:
    """IAM's own opinion, or None where the caller may not ask for it."""
    try:
        return Simulator(credentials, profile=profile).ask(arn, questions(roles))
    except AwsError as fault:
        if not fault.code:
            raise
        return None


def identify(credentials: Credentials, profile: str | None = None) -> Principal:
    """Ask AWS who calls. Raises AwsError with what to do about the key."""
    from vaultaws.aws.sts import explained, region_of

    try:
        return caller_identity(credentials, region=region_of(profile), profile=profile)
    except AwsError as fault:
        raise explained(fault) from None
