"""`vaultaws leases revoke`: the end of leases, and of the tokens that would outlive them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vaultaws.cli import cached, evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    Filters,
    ServerFlags,
    filter_options,
    json_option,
    mount_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_journal, open_vault
from vaultaws.errors import UsageError, VaultError
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Holding
    from vaultaws.leases.revoke import Cutting

STILL_ALIVE = 3


@click.command("revoke", epilog="\b\nExample:\n  vaultaws leases revoke --role ec2readonly --yes")
@click.argument("lease", default="")
@filter_options
@click.option("--all", "everything", is_flag=True, help="Everything of the mount.")
@click.option("--cut", is_flag=True, help="Deny tokens in AWS that live beyond their lease.")
@audit_log_option
@mount_option
@yes_option
@json_option
@server_options
def revoke_leases(
    *,
    lease: str,
    filters: Filters,
    everything: bool,
    cut: bool,
    audit_log: str | None,
    mount: str,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Revoke leases, one by one, to the last; say what lives on in AWS and until when.

    An IAM user dies with its lease. An STS token does not: --cut puts a deny on its principal for
    all tokens issued before now, so other holders of one must fetch again. Exit 3 while
    something lives, 2 when Vault or AWS failed.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases import revoke
    from vaultaws.leases.words import count

    demand_somebody("vaultaws leases revoke …", yes=yes)
    vault = open_vault(server)
    mount = lease.rsplit("/", 3)[0] if lease.count("/") > 2 else mount
    with open_journal() as journal:
        log = evidence.settled_log(vault, journal, audit_log, mount)
        chosen = revoke.select(
            holdings.take(vault, journal, mount, log),
            lease_id=lease,
            **asdict(filters),
            key_hash=holdings.hash_of(vault, filters.key),
            everything=everything,
        )
        cutting = cutting_for(vault, mount, chosen) if cut else None
        confirm(f"Revoke {count(len(chosen), 'credential', 'credentials')}?", yes=yes)
        cached.forget({held.lease_id for held in chosen if held.lease_id})
        with output.Progress("revoking"):
            done = revoke.revoke(vault, SystemClock(), chosen, journal=journal, cutting=cutting)
    if as_json:
        output.as_json(revoke.as_json(done))
    else:
        output.result(revoke.render(done))
    if done.failed:
        return VaultError.exit_code
    return STILL_ALIVE if done.still_alive else 0


def cutting_for(vault: Vault, mount: str, chosen: tuple[Holding, ...]) -> Cutting:
    """Who carries the deny for each role's tokens. Raises UsageError when nobody can be named."""
    from vaultaws.aws.cutoff import Cutter
    from vaultaws.leases.revoke import Cutting, holders_of

    _, user = evidence.root_user(vault, mount)
    roles = {name: vault.read_role(mount, name) for name in {held.role for held in chosen}}
    if not user and any(role.credential_type.is_sts for role in roles.values()):
        raise UsageError(
            "Vault's own IAM user is not known, so no deny can be put on it",
            why="config/root shows no access key, or this AWS identity may not look its owner up",
            do="use a token that may read config/root, and AWS keys with iam:GetAccessKeyLastUsed",
        )
    holders = {name: holders_of(role, user) for name, role in roles.items()}
    return Cutting(denier=Cutter(), holders_by_role=holders)
