"""`vaultaws leases revoke`: the end of leases, and of the tokens that would outlive them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from vaultaws.cli import cached, evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    Command,
    Filters,
    ServerFlags,
    filter_options,
    gathered,
    json_option,
    mount_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_journal, open_vault
from vaultaws.errors import UsageError, VaultError
from vaultaws.model import JsonObject
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Holding
    from vaultaws.leases.journal import Journal
    from vaultaws.leases.revoke import Cutting, Revocation

STILL_ALIVE = 3
PATIENCE_SECONDS = 30.0
"""How long one call to IAM may take, with all its tries."""


@dataclass(frozen=True)
class Deeds:
    """What is to be done besides."""

    everything: bool = False
    cut: bool = False
    clear_blocks: bool = False
    dry_run: bool = False


_DEEDS = (
    click.option("--all", "everything", is_flag=True, help="Everything of the mount."),
    click.option("--cut", is_flag=True, help="Deny tokens in AWS that live beyond their lease."),
    click.option(
        "--clear-blocks",
        is_flag=True,
        help="Remove what keeps AWS from deleting users: passwords, MFA devices, foreign keys.",
    ),
    click.option("--dry-run", is_flag=True, help="Only show what would be done."),
)


def _deed_options(command: Command) -> Command:
    return gathered(command, "deeds", Deeds, _DEEDS)


@click.command("revoke", epilog="\b\nExample:\n  vaultaws leases revoke --role ec2readonly --yes")
@click.argument("lease", default="")
@filter_options
@_deed_options
@audit_log_option
@mount_option
@yes_option
@json_option
@server_options
def revoke_leases(
    *,
    lease: str,
    filters: Filters,
    deeds: Deeds,
    audit_log: str | None,
    mount: str,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Revoke leases, one by one, to the last; say what lives on in AWS and until when.

    An IAM user dies with its lease. An STS token does not: --cut puts a deny on its principal for
    all tokens issued before now, so other holders of one must fetch again. With AWS keys, a lease
    whose user is gone from IAM already is forgotten, and --clear-blocks removes what blocks a
    user's deletion. Exit 3 while something lives, 2 when Vault or AWS failed.
    """
    from vaultaws.leases import revoke, revoke_show

    if not deeds.dry_run:
        demand_somebody("vaultaws leases revoke …", yes=yes)
    vault = open_vault(server)
    mount = lease.rsplit("/", 3)[0] if lease.count("/") > 2 else mount
    with open_journal() as journal:
        if not deeds.dry_run:
            evidence.put_right(vault, journal, audit_log, mount)
        log = evidence.read_audit_log(evidence.audit_log_path(audit_log), mount)
        found = holdings.without_dead(vault, mount, holdings.take(vault, journal, mount, log))
        wanted = {**asdict(filters), **holdings.hashes(vault, filters), "lease_id": lease}
        if note := revoke.of_nobody(found, **wanted):
            output.say(f"· {note}")
        chosen = revoke.select(found, **wanted, everything=deeds.everything)
        cutting = cutting_for(vault, mount, chosen) if deeds.cut else None
        stuck = {held.lease_id: held.stuck for held in chosen if held.stuck}
        if deeds.dry_run:
            plan = revoke_show.Plan(found.taken_at, chosen, cutting, stuck)
            _show(revoke_show.plan_as_json(plan) if as_json else revoke_show.render_plan(plan))
            return 0
        confirm(_question(chosen, deeds), yes=yes)
        cached.forget({held.lease_id for held in chosen if held.lease_id})
        done = _revoke(vault, journal, chosen, cutting, stuck, clear=deeds.clear_blocks)
    _show(revoke_show.as_json(done) if as_json else revoke_show.render(done))
    if done.failed:
        return VaultError.exit_code
    return STILL_ALIVE if done.still_alive else 0


def _show(told: JsonObject | str) -> None:
    if isinstance(told, str):
        output.result(told)
    else:
        output.as_json(told)


def _question(chosen: tuple[Holding, ...], deeds: Deeds) -> str:
    from vaultaws.leases.words import count

    what = f"Revoke {count(len(chosen), 'credential', 'credentials')}"
    if deeds.clear_blocks:
        what += ", and remove what keeps AWS from deleting their users"
    return f"{what}?"


def _revoke(
    vault: Vault,
    journal: Journal,
    chosen: tuple[Holding, ...],
    cutting: Cutting | None,
    stuck: Mapping[str, str],
    *,
    clear: bool,
) -> Revocation:
    from vaultaws.aws.pace import Pace
    from vaultaws.aws.users import Users
    from vaultaws.clock import SystemClock
    from vaultaws.leases import revoke
    from vaultaws.leases.revoke_hard import Hard
    from vaultaws.leases.words import going

    pace = Pace(deadline_seconds=PATIENCE_SECONDS)
    with output.Progress("revoking") as shown:
        return revoke.revoke(
            vault,
            SystemClock(),
            chosen,
            journal=journal,
            cutting=cutting,
            hard=Hard(Users(pace=pace), clear=clear, tell=shown.update),
            stuck=stuck,
            watch=lambda done, total: shown.update(going("revoking", done, total, shown.seconds)),
        )


def cutting_for(vault: Vault, mount: str, chosen: tuple[Holding, ...]) -> Cutting:
    """Who carries the deny for each role's tokens. Raises UsageError when nobody can be named."""
    from vaultaws.aws.cutoff import Cutter
    from vaultaws.leases.revoke import Cutting

    roles = {held.role for held in chosen if held.is_sts is not False}
    found = holdings.holders(vault, mount, roles)
    unknown = sorted(role for role, carried_by in found.items() if not carried_by)
    if roles and len(unknown) == len(roles):
        raise UsageError(
            f"nobody is known on whom a deny for {', '.join(unknown)} could be put",
            why="config/root or the role cannot be read, or this AWS identity may not look up "
            "whose key config/root holds",
            do="use a token that may read both, and AWS keys with iam:GetAccessKeyLastUsed",
        )
    for role in unknown:
        output.say(f"· {role}: nobody is known on whom a deny could be put; its tokens live on")
    return Cutting(denier=Cutter(), holders_by_role=found)
