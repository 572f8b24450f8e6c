"""Execute a plan, step by step, in its order. The one place of declared state that writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from vaultaws.errors import VaultawsError
from vaultaws.model import Role, RootConfig, Secret
from vaultaws.plan.changes import AccessState, Change, Kind, MountSettings, Plan
from vaultaws.vault.protocol import Vault

RootSecret = tuple[str, Secret]
Announce = Callable[[Change], None]


class AppliedInPartError(VaultawsError):
    """A step was refused; what was and was not done is said."""

    exit_code = 2


def apply(
    plan: Plan, vault: Vault, *, root_secret: Callable[[], RootSecret | None], announce: Announce
) -> int:
    """Write every change of the plan and return how many there were.

    `root_secret` is asked before the first write, and only when the root is among them, changed
    fields included: a write without the key pair would erase it. None leaves the server its own.
    Raises what `root_secret` raises, with nothing written, and AppliedInPartError, saying what
    was done, when a step is refused.
    """
    steps = plan.to_write
    secret = root_secret() if any(step.kind is Kind.ROOT for step in steps) else None
    for number, change in enumerate(steps):
        announce(change)
        try:
            _execute(plan, vault, change, secret)
        except VaultawsError as error:
            raise _in_part(error, steps, number) from error
    return len(steps)


def _execute(plan: Plan, vault: Vault, change: Change, secret: RootSecret | None) -> None:
    mount = plan.config.mount.path
    match change.value:
        case MountSettings(enable=enable, settings=settings):
            if enable:
                vault.enable_aws(mount)
            _tune(vault, mount, dict(settings))
        case (int(lease), int(longest)):
            vault.write_lease_config(mount, lease_seconds=lease, max_seconds=longest)
        case RootConfig() as root:
            if secret is not None:
                root = dataclasses.replace(root, access_key_id=secret[0])
            vault.write_root(mount, root, secret[1] if secret is not None else None)
        case Role() as role:
            vault.write_role(mount, role)
        case AccessState(acl_name=name, acl_text=text):
            vault.write(f"sys/policies/acl/{name}", {"policy": text})


def _tune(vault: Vault, mount: str, settings: dict[str, Any]) -> None:
    vault.tune(
        mount,
        default_ttl_seconds=settings["default_lease_ttl"],
        max_ttl_seconds=settings["max_lease_ttl"],
    )


def _in_part(error: VaultawsError, steps: tuple[Change, ...], number: int) -> VaultawsError:
    done = ", ".join(f"{step.kind} {step.name}" for step in steps[:number]) or "nothing"
    left = len(steps) - number - 1
    step = steps[number]
    return AppliedInPartError(
        f"{step.kind} {step.name} was refused: {error.what}",
        why=f"{error.why}; done before it: {done}; not tried after it: {left}",
        do=f"{error.do}; then run apply again, it goes on where this stopped",
    )
