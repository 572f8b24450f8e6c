"""The leases of a mount held against IAM's users, as far as Vault and AWS let this person see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from vaultaws.cli import evidence, output
from vaultaws.errors import AwsError, VaultError
from vaultaws.vault.administration import Administration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from vaultaws.aws.identity import IamUser
    from vaultaws.incident.cloud import PacedCloud
    from vaultaws.incident.unleased import Ways
    from vaultaws.leases.inventory import Inventory
    from vaultaws.leases.ledger import Ledger
    from vaultaws.model import Role, RootConfig
    from vaultaws.trail.audit import AuditLog

SECONDS: Final = 10.0
"""How long IAM may take to list its users: a listing of leases waits no longer for it."""
_LOOK_UP_SECONDS: Final = 0.2
_NEEDS: Final = "it takes iam:ListUsers, iam:ListAccessKeys and iam:GetAccessKeyLastUsed"


@dataclass(frozen=True)
class Sources:
    """What tells whose a lease is."""

    vault: Administration
    mount: str
    log: AuditLog | None
    ledger: Ledger


@dataclass(frozen=True)
class _Mount:
    """How the mount names its users: its roles, all names of roles that are known, its root."""

    roles: Mapping[str, Role]
    names: Sequence[str]
    root: RootConfig | None


@dataclass(frozen=True)
class _Listed:
    """What AWS answered: its time, all its users, and which of them is Vault's own."""

    at: datetime
    users: Sequence[IamUser]
    root_user: str


def with_users(sources: Sources, found: Inventory, role: str = "") -> Inventory:
    """The inventory with the users that no lease explains, and with what IAM says of the users of
    its leases; `role` alone is wanted where it is said.

    Nothing is raised: what was not seen is in the notes. IAM is not asked where no role makes
    users.
    """
    try:
        mount = _mount(sources, found, role)
    except VaultError as fault:
        return _unseen(found, f"{fault.what}: {fault.why}")
    if not mount.names:
        return replace(found, leaseless=())
    cloud = _cloud()
    try:
        with output.Progress("asking IAM which users have no lease"):
            listed = _within(SECONDS, lambda: _listed(cloud, mount.root))
            return _held_against(sources, found, mount, cloud, listed)
    except AwsError as fault:
        return _unseen(found, f"{fault.why} ({fault.do}; {_NEEDS})")


def _unseen(found: Inventory, why: str) -> Inventory:
    note = f"IAM users without a lease were not looked for: {why}"
    return replace(found, notes=(*found.notes, note), users_unseen=why)


def _mount(sources: Sources, found: Inventory, role: str) -> _Mount:
    """Roles that make users, also those that only leases and the audit log still know."""
    vault, mount = sources.vault, sources.mount
    roles = {each.name: each for each in vault.read_roles(mount, vault.list_roles(mount))}
    making = {name for name, each in roles.items() if _makes_users(each)}
    making |= {held.role for held in found.holdings if held.is_sts is False}
    if sources.log is not None:
        mine = (each for each in sources.log.issuances if each.is_of({mount}, vault.namespace))
        entries = (entry for entry in mine if not entry.is_sts)
        paths = (entry.path.rpartition("/") for entry in entries)
        making |= {name for path, _, name in paths if path == f"{mount}/creds"}
    if role and role not in roles:
        making.add(role)
    names = sorted(making) if role in {"", *making} else []
    return _Mount(roles, names, vault.read_root(mount) if names else None)


def _makes_users(role: Role) -> bool:
    return any(not kind.is_sts for kind in (role.credential_type, *role.other_types))


def _cloud() -> PacedCloud:
    from vaultaws.cli.incident_doors import open_cloud

    return open_cloud()


def _listed(cloud: PacedCloud, root: RootConfig | None) -> _Listed:
    """Raises AwsError, also where this is not the account that Vault works in: there no lease has
    a user, and no user a lease."""
    at, users = cloud.ask_time().at, cloud.users()
    key = root.access_key_id if root is not None else ""
    owner = cloud.key_owner(key) if key else ""
    if key and not owner:
        raise AwsError(
            "the users of this account are not Vault's",
            why="the AWS account that was asked does not know Vault's own key",
            do="use AWS credentials of the account that Vault works in",
        )
    return _Listed(at, users, owner)


def _held_against(
    sources: Sources, found: Inventory, mount: _Mount, cloud: PacedCloud, listed: _Listed
) -> Inventory:
    from vaultaws.incident import likeness, unleased

    ways = _ways(sources, mount, listed.root_user)
    seen = unleased.look(cloud, listed.users, found.holdings, ways, listed.at)
    untold = sorted(set(mount.names) - set(ways.likeness.patterns))
    notes = (likeness.unfollowed(untold),) if untold else ()
    found = replace(found, holdings=seen.holdings, leaseless=seen.leaseless)
    found = replace(found, users_at=listed.at, user_notes=(*notes, *seen.user_notes))
    found = replace(found, notes=(*found.notes, *notes, *seen.notes))
    return _without_ended(sources.vault, found)


def _ways(sources: Sources, mount: _Mount, root_user: str) -> Ways:
    from vaultaws.cli.incident_doors import elsewhere
    from vaultaws.incident import likeness
    from vaultaws.incident.unleased import Ways

    template = mount.root.username_template if mount.root is not None else ""
    log = sources.log
    return Ways(
        mount=sources.mount,
        likeness=likeness.Likeness(mount.roles, likeness.patterns(template, mount.names)),
        template=template,
        issuances={entry.lease_id: entry for entry in log.issuances} if log is not None else {},
        records=sources.ledger.by_lease(),
        digest=evidence.digest_or_none(sources.vault) if log is not None else None,
        elsewhere=elsewhere(sources.vault, sources.mount),
        is_vaults_account=bool(root_user),
        own=frozenset({root_user, *_static_users(sources.vault, sources.mount, mount.roles)}),
    )


def _static_users(vault: Administration, mount: str, roles: Mapping[str, Role]) -> frozenset[str]:
    """Users of static roles. They can be taken for the engine's by a role's path alone."""
    if not any(role.user_path not in {"", "/"} for role in roles.values()):
        return frozenset()
    try:
        known = vault.read_static_roles(mount, vault.list_static_roles(mount))
    except VaultError:
        return frozenset()
    return frozenset(role.username for role in known)


def _without_ended(vault: Administration, found: Inventory) -> Inventory:
    """Leave out leases that ended while IAM was asked: their users went with them."""
    gone = [held.lease_id for held in found.holdings if held.user_gone]
    if not gone:
        return found
    try:
        there = {lease.id for lease in vault.lookup_leases(gone)}
    except VaultError:
        return found
    ended = set(gone) - there
    return replace(
        found, holdings=tuple(held for held in found.holdings if held.lease_id not in ended)
    )


def _within(seconds: float, ask: Callable[[], _Listed]) -> _Listed:
    """What `ask` returns or raises. Raises AwsError when it takes longer.

    The thread is a daemon, and the wait looks up now and then: a Ctrl-C passes at once.
    """
    answers: SimpleQueue[_Listed | BaseException] = SimpleQueue()

    def work() -> None:
        try:
            answers.put(ask())
        except BaseException as fault:  # noqa: BLE001  (it is raised where the answer is awaited)
            answers.put(fault)

    threading.Thread(target=work, daemon=True).start()
    for _ in range(round(seconds / _LOOK_UP_SECONDS)):
        try:
            answer = answers.get(timeout=_LOOK_UP_SECONDS)
        except Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer
    raise AwsError(
        "AWS did not list the users in time",
        why=f"AWS has not answered within {seconds:.0f} s",
        do="try again, or see whether the network leads to AWS",
    )
