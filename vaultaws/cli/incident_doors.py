"""What verify and lift work through: the server and the account of a case, its canaries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from vaultaws.cli import evidence
from vaultaws.cli.options import ServerFlags
from vaultaws.cli.wiring import open_administration, open_journal
from vaultaws.errors import UsageError, VaultError

AWS_DEADLINE_SECONDS: Final = 30.0
"""How long a call to AWS that is throttled or unanswered is tried again."""

if TYPE_CHECKING:
    from vaultaws.incident.cloud import PacedCloud
    from vaultaws.incident.journal import Cases
    from vaultaws.incident.keeper import Keeper
    from vaultaws.incident.model import Case
    from vaultaws.incident.sweep import Looks
    from vaultaws.incident.verify import Doors
    from vaultaws.model import Role
    from vaultaws.vault.administration import Administration
    from vaultaws.vault.protocol import Vault


def open_cases() -> Cases:
    """The incidents of this person on this machine."""
    from vaultaws.clock import SystemClock
    from vaultaws.incident.journal import Cases, default_directory

    return Cases(default_directory(os.environ), SystemClock())


def pick(cases: Cases, name: str) -> str:
    """The case that is meant: the one named, or the only one that is not lifted yet."""
    if name:
        return name
    standing = [case.name for case in cases.all() if case.lifted_at is None]
    if len(standing) == 1:
        return standing[0]
    raise UsageError(
        "which incident?",
        why=", ".join(standing) if standing else "none is open on this machine",
        do="name one of them: vaultaws incident status",
    )


def server_of(case: Case, flags: ServerFlags) -> Administration:
    """The server of the case. Raises UsageError when the flags and settings lead to another."""
    vault, _ = open_administration(flags)
    place = case.place
    if (vault.address, vault.namespace) == (place.server, place.namespace):
        return vault
    where = f"{place.server} {place.namespace}".strip()
    raise UsageError(
        f"incident {case.name} is of another server",
        why=f"it is about {where}; your settings lead to {vault.address} {vault.namespace}".strip(),
        do=f"VAULT_ADDR={place.server} vaultaws incident …",
    )


def keeper_of(case: Case) -> Keeper:
    """Where the canaries of the case are."""
    from vaultaws.incident.keeper import open_keeper

    return open_keeper(case.name, case.place, os.environ)


def open_cloud() -> PacedCloud:
    """The account, asked no faster than AWS takes it."""
    from vaultaws.aws.pace import Pace
    from vaultaws.clock import SystemClock
    from vaultaws.incident.cloud import PacedCloud

    clock = SystemClock()
    return PacedCloud(clock, Pace(clock, deadline_seconds=AWS_DEADLINE_SECONDS))


def doors_of(
    case: Case, vault: Administration, audit_log: str | None, regions: tuple[str, ...]
) -> Doors:
    """All that a verify looks through. A Vault that does not answer leaves its half unknown."""
    from vaultaws.aws.actions import attempt_with
    from vaultaws.aws.moment import ANYWHERE, ask_time
    from vaultaws.aws.sessions import default_region
    from vaultaws.clock import SystemClock
    from vaultaws.incident import canary
    from vaultaws.incident.verify import Doors

    keeper, clock, region = keeper_of(case), SystemClock(), default_region()
    cloud = open_cloud()
    looks, notes = _looks(case, vault, audit_log)
    return Doors(
        vault=vault,
        iam=cloud,
        denies=cloud,
        lookup=evidence.paced_lookup(),
        load=lambda step: canary.load(keeper, step),
        attempt=lambda found: attempt_with(found.credentials, found.action, region or ANYWHERE),
        aws_now=lambda: ask_time(clock).at,
        clock=clock,
        looks=looks,
        regions=tuple(filter(None, (region, *regions))),
        why_lost=keeper.why,
        notes=notes,
    )


def _looks(
    case: Case, vault: Administration, audit_log: str | None
) -> tuple[Looks, tuple[str, ...]]:
    """How the engine's users look. Without Vault nobody knows, and it is said."""
    from vaultaws.incident import likeness
    from vaultaws.incident.explained import Explainer, live_leases
    from vaultaws.incident.sweep import Looks, scope_roles

    mount = case.place.mount
    roles: dict[str, Role] = {}
    template, notes = "", []
    try:
        names = sorted(scope_roles(case, vault.list_roles(mount)))
        roles = {role.name: role for role in vault.read_roles(mount, names)}
        root = vault.read_root(mount)
        template = root.username_template if root else ""
    except VaultError as fault:
        notes.append(f"IAM is not swept for users without a lease: {fault.what}: {fault.why}")
    log = evidence.read_audit_log(evidence.audit_log_path(audit_log), mount)
    with open_journal() as journal:
        ledger = journal.ledger()
    explain = Explainer(
        mount=mount,
        template=template,
        live=live_leases(vault.list_leases, mount),
        issuances=tuple(log.issuances) if log is not None else (),
        ledger=ledger,
        digest=evidence.digest_or_none(vault),
        elsewhere=elsewhere(vault, mount),
    )
    users = [name for name, role in roles.items() if not role.credential_type.is_sts]
    patterns = likeness.patterns(template, users)
    if untold := sorted(set(users) - set(patterns)):
        notes.append(likeness.unfollowed(untold))
    return Looks(roles, patterns, explain), tuple(notes)


def elsewhere(vault: Vault, mount: str) -> frozenset[str]:
    """Names of roles on the server's other AWS mounts."""
    try:
        mounts = [path for path, found in vault.mounts().items() if found.type == "aws"]
        return frozenset(
            role for path in mounts if path != mount for role in vault.list_roles(path)
        )
    except VaultError:
        return frozenset()
