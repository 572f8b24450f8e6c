"""The template of Vault's own user as it is deployed: its policy is computed from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultaws.cli import output
from vaultaws.errors import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultaws.aws.stacks import Stack
    from vaultaws.config.schema import Config
    from vaultaws.infra.cloudformation import Template


def to_send(
    template: Template, config: Config, given: Mapping[str, str], found: Stack | None
) -> tuple[Template, dict[str, str]]:
    """The template with its policy, and the parameters to send: those `given` count, else those of
    the stack that was found. The policy keeps Vault's user from itself, so that user's path and
    name are always sent with it."""
    from vaultaws.infra.cloudformation import with_policy
    from vaultaws.infra.deploy import standing
    from vaultaws.infra.rootpolicy import OWN_NAME, OWN_PATH, computed, own_user

    known = {**standing(found), **given}
    policy = computed(config, own_user(known))
    for note in policy.notes:
        output.say(f"note:  {visible(note)}")
    own = {name: known.get(name, default) for name, default in (OWN_PATH, OWN_NAME)}
    lent = {"LentPolicies": ",".join(policy.lent)}
    return with_policy(template, policy), {**lent, **own, **given}
