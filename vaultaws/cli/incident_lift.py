"""`vaultaws incident lift`: issuance comes back, and denies go when they deny nothing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options, yes_option
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.errors import FindingsError, VaultError

if TYPE_CHECKING:
    from vaultaws.incident.lift import Hands, Lifted
    from vaultaws.incident.lifting import Lift
    from vaultaws.incident.model import Case
    from vaultaws.incident.restoring import Wished
    from vaultaws.model import Role
    from vaultaws.vault.administration import Administration


@click.command("lift", epilog="\b\nExample:\n  vaultaws incident lift 2026-11-21-ben --dry-run")
@click.argument("name", default="")
@click.option("--dry-run", is_flag=True, help="Print what would be undone, and do nothing.")
@click.option("--unverified", is_flag=True, help="Although no verify has passed.")
@click.option(
    "--restore-user",
    "users",
    multiple=True,
    help="Give back an IAM user that was stopped and is not Vault's; repeatable.",
)
@click.option(
    "--restore-key",
    "keys",
    multiple=True,
    help="Switch on this key of such a user, although it is a suspect; repeatable.",
)
@yes_option
@json_option
@server_options
def lift(
    *,
    name: str,
    dry_run: bool,
    unverified: bool,
    users: tuple[str, ...],
    keys: tuple[str, ...],
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Undo what contain did, once it is proved that nothing lives any more.

    Issuance comes back as it was: exactly our deny leaves Vault's default policy, and entities are
    enabled that were enabled before. A deny in AWS stays until no token from before the cut can
    live: until then lift says when to come again. IAM users, leases and keys that are gone stay
    gone. A user that is not Vault's and was stopped stays so unless it is named with
    --restore-user, and a suspect key of it stays off unless it is named too. Without NAME, the only
    incident that is open. Exit 3 when a deny still has to wait.
    """
    from vaultaws.cli import incident_doors
    from vaultaws.incident import lifting, restoring

    if not dry_run:
        demand_somebody(f"vaultaws incident lift {name}".rstrip(), yes=yes)
    cases = incident_doors.open_cases()
    name = incident_doors.pick(cases, name)
    vault = incident_doors.server_of(cases.read(name), server)
    wished = restoring.Wished(frozenset(users), frozenset(keys))
    restoring.check_wished(cases.read(name), wished)
    if dry_run:
        case = cases.read(name)
        lifting.check_verified(case, unverified=unverified)
        wanted = planned(case, vault, wished)
        told(wanted, None, as_json=as_json)
        return 0
    with cases.gone_on(name) as (case, writer):
        from vaultaws.incident.lift import lift as lift_case

        lifting.check_verified(case, unverified=unverified)
        wanted = planned(case, vault, wished)
        if wanted.undo:
            output.say(lifting.render(wanted))
            confirm("Lift this now?", yes=yes)
        with output.Progress("lifting"):
            done = lift_case(case, wanted, hands_of(case, vault, wished), writer)
    told(wanted, done, as_json=as_json)
    if done.failed:
        return VaultError.exit_code
    return FindingsError.exit_code if wanted.waiting else 0


def planned(case: Case, vault: Administration, wished: Wished) -> Lift:
    """The plan by AWS's own clock. Raises AwsError when AWS does not say its time."""
    from vaultaws.aws.moment import ask_time
    from vaultaws.clock import SystemClock
    from vaultaws.incident import lifting

    return lifting.plan(case, roles_of(case, vault), ask_time(SystemClock()).at, wished)


def roles_of(case: Case, vault: Administration) -> tuple[Role, ...] | None:
    """The roles of the mount; None where Vault does not tell them, and AWS's limits count."""
    try:
        return vault.read_roles(case.place.mount, vault.list_roles(case.place.mount))
    except VaultError as fault:
        output.say(f"· the roles could not be read ({fault.why}): the longest lives are taken")
        return None


def hands_of(case: Case, vault: Administration, wished: Wished) -> Hands:
    """What a lift works on."""
    from vaultaws.cli.incident_doors import keeper_of, open_cloud
    from vaultaws.clock import SystemClock
    from vaultaws.incident.lift import Hands

    keeper, cloud = keeper_of(case), open_cloud()
    return Hands(
        vault, cloud, lambda step: keeper.forget(step.id), SystemClock(), cloud, wished.keys
    )


def told(wanted: Lift, done: Lifted | None, *, as_json: bool) -> None:
    """Say what is planned, or what was done."""
    from vaultaws.incident import lifting

    if as_json:
        undone, failed = (done.undone, done.failed) if done else ((), {})
        document = lifting.as_json(wanted, dry_run=done is None, undone=undone, failed=failed)
        output.as_json(document)
        return
    if done is None:
        output.result(f"{lifting.render(wanted)}\nNothing has been done.")
        return
    output.result(lifting.outcome(wanted, done.undone, done.failed))
