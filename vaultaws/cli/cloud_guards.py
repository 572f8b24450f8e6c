"""What `vaultaws cloud deploy` refuses, unless told so: people locked out, users left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultaws.cli import output
from vaultaws.errors import AwsError, visible

if TYPE_CHECKING:
    from vaultaws.aws.stacks import StackHands
    from vaultaws.infra.cloudformation import Template
    from vaultaws.infra.deploy import Prepared
    from vaultaws.infra.orphaned import Left, Reach


def refuse_harm(
    template: Template, prepared: Prepared, hands: StackHands, *, lock_out: bool, orphans: bool
) -> None:
    """Refuse changes that would do either, unless it is allowed; notes tell of what is."""
    if prepared.change_set is None:
        return
    _look_for_lock_out(template, prepared, allowed=lock_out)
    _look_for_orphans(template, prepared, hands, allowed=orphans)


def _look_for_lock_out(template: Template, prepared: Prepared, *, allowed: bool) -> None:
    """Refuse to enforce MFA where no administrator could come in any more."""
    from vaultaws.aws.authorizations import Authorizations
    from vaultaws.infra import lockout
    from vaultaws.infra.cloudformation import ENFORCING

    if template.name not in ENFORCING:
        return
    named = [
        frozenset(part.strip() for part in prepared.values.get(key, "").split(",") if part.strip())
        for key in ENFORCING[template.name]
    ]
    enforced = lockout.Enforced(*named)
    if not enforced:
        return
    try:
        seen = Authorizations()
        users = (
            lockout.User(each.name, each.groups, each.documents, each.policy_arns)
            for each in seen.users()
        )
        admins = lockout.administrators(users)
        with_device = seen.with_device(each.name for each in admins)
    except AwsError as fault:
        if allowed:
            return
        raise AwsError(
            "who would be locked out cannot be seen",
            why=fault.why,
            do="allow iam:GetAccountAuthorizationDetails and iam:ListMFADevices, or say "
            "--allow-lock-out",
            code=fault.code,
        ) from fault
    if not allowed:
        lockout.refuse_lock_out(admins, with_device, enforced)
    for person in lockout.restricted(admins, with_device, enforced):
        output.say(f"note:  {visible(person)} has no MFA device and loses nearly all rights")


def _look_for_orphans(
    template: Template, prepared: Prepared, hands: StackHands, *, allowed: bool
) -> None:
    """Refuse to take from Vault's user what it needs to end users that are there."""
    from vaultaws.infra import orphaned
    from vaultaws.infra.cloudformation import ROOT, statements_of
    from vaultaws.infra.deploy import standing
    from vaultaws.infra.rootpolicy import own_user

    if template.name != ROOT or prepared.fresh:
        return
    before = orphaned.reach(statements_of(hands.body(prepared.stack)))
    after = orphaned.reach(statements_of(template.body))
    lost = before.beyond(after)
    if not lost:
        return
    try:
        left = _left(before, after, lost, own_user(standing(hands.stack(prepared.stack))))
    except AwsError as fault:
        if not allowed:
            raise AwsError(
                "which users Vault could not end any more cannot be seen",
                why=fault.why,
                do="allow iam:ListUsers and iam:GetGroup, or say --allow-orphans",
                code=fault.code,
            ) from fault
        left = ()
    if not allowed:
        orphaned.refuse_orphans(left)
    for words in lost.words():
        output.say(f"note:  Vault will not be able to {visible(words)} any more")
    for each in left:
        output.say(f"note:  {visible(each.user.full)} stays until somebody deletes it in AWS")


def _left(before: Reach, after: Reach, lost: Reach, own: str) -> tuple[Left, ...]:
    from vaultaws.aws.present import Present
    from vaultaws.infra.orphaned import left_of

    present = Present()
    there = {names: present.at(names.path) for names in lost.users}
    members = {group: present.members(group) for group in lost.groups}
    return left_of(before, after, there, members, own)
