"""What the verbs of `trail` share: their options, and the check that they all begin with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output, unleased
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.holdings import take, with_dead_marked
from vaultaws.cli.options import (
    Command,
    Moment,
    ServerFlags,
    Span,
    gathered,
    mount_option,
)
from vaultaws.cli.wiring import open_administration, open_journal, open_vault
from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import AwsError, UsageError, VaultError
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.config.schema import Config
    from vaultaws.leases.inventory import Inventory
    from vaultaws.model import RootConfig, StaticRole
    from vaultaws.trail.answers import KeptLookup
    from vaultaws.trail.audit import AuditLog
    from vaultaws.trail.check import Checked, Sources
    from vaultaws.trail.digests import Digests
    from vaultaws.trail.evidence import VaultIdentity, Window
    from vaultaws.trail.gather import History, LogFiles, QueueFiles
    from vaultaws.trail.verdicts import Matching


@dataclass(frozen=True, kw_only=True)
class SourceFlags:
    """What the command line said of where the evidence is, and from when on it is wanted;
    `no_orphans` that users without a lease are not."""

    since: datetime
    lag: int
    source: str | None = None
    root_key: tuple[str, ...]
    root_role: str | None
    audit_device: str | None
    audit_log: str | None
    mount: str
    no_orphans: bool = True


@dataclass(frozen=True, kw_only=True)
class TrailFlags(SourceFlags):
    """The same, and the end of the window of time."""

    until: datetime


def trail_options(
    since: str, *, orphans: bool = True, events: bool = True
) -> Callable[[Command], Command]:
    """Give a verb the window and the sources; the function gets one TrailFlags as `flags`.

    The window begins at `since` when nobody says; `orphans` whether the verb tells of users without
    a lease, `events` whether it reads CloudTrail.
    """
    until = click.option("--until", type=Moment(), default="0s", help="To: now when not said.")
    first, *others = _options(since)
    others = [option for option in others if events or option is not _SOURCE]
    others += [_NO_ORPHANS] if orphans else []
    return lambda command: gathered(command, "flags", TrailFlags, (first, until, *others))


def source_options(since: str) -> Callable[[Command], Command]:
    """The same for a window without an end; the function gets one SourceFlags."""
    options = (*_options(since), _NO_ORPHANS)
    return lambda command: gathered(command, "flags", SourceFlags, options)


_SOURCE: Callable[[Command], Command] = click.option(
    "--source",
    help="CloudTrail: api, s3://BUCKET/PREFIX or a directory of log files"
    " (else [trail] of ./vaultaws.toml, else api).",
)
_NO_ORPHANS: Callable[[Command], Command] = click.option(
    "--no-orphans", is_flag=True, help="Do not ask IAM for users that have no lease."
)


def _options(since: str) -> list[Callable[[Command], Command]]:
    return [
        click.option(
            "--since",
            type=Moment(),
            default=since,
            show_default=True,
            help="From: 24h or a time.",
        ),
        click.option(
            "--lag",
            type=Span(),
            default="30m",
            show_default=True,
            help="How late CloudTrail may be.",
        ),
        _SOURCE,
        click.option(
            "--root-key", multiple=True, help="A key id that Vault's root had before; repeatable."
        ),
        click.option(
            "--root-role",
            help="The IAM role that Vault works with, where its root has no key"
            " (else [trail] of ./vaultaws.toml).",
        ),
        click.option(
            "--audit-device", help="The audit device that wrote the log, when there are several."
        ),
        audit_log_option,
        mount_option,
    ]


def run(
    flags: TrailFlags,
    server: ServerFlags,
    about: Callable[[Matching], Iterable[str]] = lambda _: (),
    *,
    wait: bool = False,
) -> Checked:
    """Check the window; `about` chooses keys whose calls are wanted, `wait` until CloudTrail is
    complete to the window's end."""
    from vaultaws.trail import packages

    packages.require()
    from vaultaws.trail.check import check

    window = window_of(flags)
    vault = open_vault(server)
    lag = timedelta(seconds=flags.lag)
    if wait:
        with output.Progress("waiting for CloudTrail") as shown:
            wait_until(flags.until + lag, SystemClock(), shown.update)
        lag = timedelta(0)
    with output.Progress("reading") as progress:
        sources = replace(sources_for(vault, flags, server), delivery=lag)
        with told_how_to_go_on(sources, window):
            return check(sources, window, progress.update, about)


@contextmanager
def told_how_to_go_on(sources: Sources, window: Window) -> Iterator[None]:
    """Note on what stops a search of CloudTrail's history how the next one goes on with it."""
    from vaultaws.aws.errors import AwsSetupError
    from vaultaws.trail.gather import History

    try:
        yield
    except (KeyboardInterrupt, SystemExit, AwsError) as stop:
        if isinstance(sources.events, History) and not isinstance(stop, AwsSetupError):
            end = f"{window.end:%Y-%m-%dT%H:%M:%SZ}"
            stop.add_note(f"what CloudTrail answered is kept: the same with --until {end} goes on")
        raise


def window_of(flags: TrailFlags) -> Window:
    """The window that was said. Raises UsageError for an empty one."""
    from vaultaws.trail.evidence import Window

    if flags.since >= flags.until:
        why = "--since is not before --until"
        raise UsageError("the window of time is empty", why=why, do="mend one of them")
    return Window(flags.since, flags.until)


def wait_until(complete: datetime, clock: Clock, show: Callable[[str], None]) -> None:
    """Sleep until CloudTrail must have everything, and show how long that is and to where."""
    from vaultaws.config.durations import words

    while (left := (complete - clock.now()).total_seconds()) > 0:
        show(f"waiting for CloudTrail, complete to {complete:%H:%M:%S} UTC in {words(left)}")
        clock.sleep(min(left, 1.0))


def sources_for(
    vault: Vault,
    flags: SourceFlags,
    server: ServerFlags,
    events: QueueFiles | None = None,
    read_log: Callable[[], AuditLog | None] | None = None,
) -> Sources:
    """Where the evidence comes from: CloudTrail, the audit log, the inventory, Vault's identity.

    `events` are those of a queue; `read_log` reads the log otherwise than whole. Raises
    VaultDeniedError where nothing tells who Vault is in AWS.
    """
    declared = declared_here()
    root = evidence.root_config(vault, flags.mount)
    read = read_log or partial(evidence.read_audit_log, evidence.audit_log_path(flags.audit_log))
    log, inventory = _held(vault, flags, server, read)
    told = _told(vault, flags, server, log=log, root=root, declared=declared)
    found = events or _events(
        source_named(flags, declared),
        flags.since,
        (*regions_of(root, declared), *told.expected.regions),
        resumes=isinstance(flags, TrailFlags),
    )
    demand_identity(told.identity, flags.mount)
    return replace(told, events=found, inventory=inventory)


def vaults_side(vault: Vault, flags: SourceFlags, server: ServerFlags) -> Sources:
    """The same without CloudTrail and the inventory."""
    root = evidence.root_config(vault, flags.mount)
    log = evidence.read_audit_log(evidence.audit_log_path(flags.audit_log))
    told = _told(vault, flags, server, log=log, root=root, declared=declared_here())
    return replace(told, delivery=timedelta(seconds=flags.lag))


def _told(
    vault: Vault,
    flags: SourceFlags,
    server: ServerFlags,
    *,
    log: AuditLog | None,
    root: RootConfig | None,
    declared: Config | None,
) -> Sources:
    """What Vault's side and the file here tell; CloudTrail's history is not asked yet."""
    from vaultaws.model import plain_namespace
    from vaultaws.trail.check import Sources
    from vaultaws.trail.expect import ANYTHING, Expected
    from vaultaws.trail.gather import History

    device = flags.audit_device or evidence.only_device(vault) or ""
    trail = declared.trail if declared else None
    return Sources(
        events=History(evidence.paced_lookup()),
        identity=_identity(flags, root, static_roles(server, flags.mount, declared), declared),
        audit=log,
        digests=_digests(vault, device),
        device=device,
        mounts=frozenset({flags.mount.strip("/")}),
        namespace=plain_namespace(vault.namespace),
        expected=Expected(trail.networks, trail.regions, trail.agents, trail.refusals)
        if trail
        else ANYTHING,
    )


def _digests(vault: Vault, device: str) -> Digests | None:
    """What the device writes for key ids, kept between runs where there is a place for it."""
    from vaultaws.trail.digests import Kept, each
    from vaultaws.trail.sources.batches import cache_directory

    ask = evidence.digest_with(vault, device or None)
    if ask is None:
        return None
    cache = cache_directory(os.environ)
    return Kept(each(ask), cache / "digests") if cache else each(ask)


def _held(
    vault: Vault, flags: SourceFlags, server: ServerFlags, read: Callable[[], AuditLog | None]
) -> tuple[AuditLog | None, Inventory]:
    """The audit log, and what is out, with users that have no lease where they are wanted."""
    with open_journal() as journal:
        evidence.put_right(vault, journal, flags.audit_log, flags.mount)
        log = read()
        inventory = take(vault, journal, flags.mount, log)
        inventory = with_dead_marked(vault, flags.mount, inventory)
        ledger = journal.ledger()
    if flags.no_orphans:
        return log, inventory
    administration, _ = open_administration(server)
    known = unleased.Sources(administration, flags.mount, log, ledger)
    return log, unleased.with_users(known, inventory)


def _identity(
    flags: SourceFlags,
    root: RootConfig | None,
    roles: tuple[StaticRole, ...],
    declared: Config | None,
) -> VaultIdentity:
    """Who Vault is in AWS, as far as the server, the options and the file tell."""
    from vaultaws.aws.account import account_of_key
    from vaultaws.trail.evidence import VaultIdentity

    key, user = evidence.user_of(root)
    return VaultIdentity(
        frozenset(filter(None, (key, *flags.root_key))),
        user,
        frozenset(role.username for role in roles),
        flags.root_role or (declared.trail.vault_role if declared else ""),
        account_of_key(key),
        roles,
    )


def demand_identity(identity: VaultIdentity, mount: str) -> None:
    """Refuse to look for nobody's calls: nothing would be found, and all would count as settled."""
    if not (identity.key_ids or identity.user_name or identity.role_name):
        from vaultaws.errors import VaultDeniedError

        raise VaultDeniedError(
            "it is not known who Vault is in AWS",
            why=f"this token may not read {mount}/config/root, or there is no key there",
            do="give it that right, or name the key with --root-key",
        )


def declared_here() -> Config | None:
    """The declared file here, None without one."""
    from vaultaws.config.load import load

    return load(evidence.DEFAULT_FILE) if evidence.DEFAULT_FILE.is_file() else None


def source_named(flags: SourceFlags, declared: Config | None) -> str:
    """Where CloudTrail is read, by option or by the file here."""
    return flags.source or (declared.trail.source if declared else "api")


def regions_of(root: RootConfig | None, declared: Config | None) -> tuple[str, ...]:
    """The regions in which Vault calls STS, by its own configuration and by the file here."""
    told = [root.sts_region, *root.sts_fallback_regions, root.region] if root else []
    if declared and declared.root:
        here = declared.root
        told += [here.sts_region or "", *(here.sts_fallback_regions or ()), here.region or ""]
    return tuple(dict.fromkeys(filter(None, told)))


def _events(
    source: str, since: datetime, regions: Iterable[str], *, resumes: bool
) -> History | LogFiles:
    """CloudTrail. Its history is asked in the region at hand and in `regions`."""
    from vaultaws.aws.cloudtrail import HISTORY
    from vaultaws.aws.sessions import default_region
    from vaultaws.trail.gather import History, LogFiles

    if source == "api":
        if since < SystemClock().now() - HISTORY:
            raise UsageError(
                "CloudTrail's event history does not reach back that far",
                why=f"it holds {HISTORY.days} days",
                do="choose a later --since, or name the trail's log files: --source",
            )
        regions = filter(None, (default_region(), *regions))
        return History(_kept_lookup(resumes=resumes), tuple(dict.fromkeys(regions)))
    from vaultaws.trail.sources.batches import cache_directory
    from vaultaws.trail.sources.bucket import source_of
    from vaultaws.trail.sources.queue import SCHEME

    if source.startswith(SCHEME):
        raise UsageError(
            "a queue is no source for a single check",
            why="it has only what came since it was read last",
            do="vaultaws trail watch, or name another source for this: --source api",
        )
    return LogFiles(source_of(source), cache_directory(os.environ))


def _kept_lookup(*, resumes: bool) -> KeptLookup:
    """CloudTrail's event history, kept between runs where there is a place for it. A watch
    `resumes` nothing: its window ends later in each round."""
    from vaultaws.aws.cloudtrail import EventHistory, open_history
    from vaultaws.trail.answers import KeptLookup
    from vaultaws.trail.sources.batches import cache_directory

    clock = SystemClock()

    @cache
    def ask(region: str) -> EventHistory:
        return open_history(clock=clock, region=region)

    place = cache_directory(os.environ)
    return KeptLookup(ask, place / "history" if place else None, clock, resumes=resumes)


def static_roles(
    server: ServerFlags, mount: str, declared: Config | None
) -> tuple[StaticRole, ...]:
    """The static roles: those of the file, and those the server lists, which knows better.

    OpenBao's engine cannot list them, and a token may not be allowed to.
    """
    known = {role.name: role for role in declared.static_roles} if declared else {}
    administration, _ = open_administration(server)
    with suppress(VaultError):
        names = administration.list_static_roles(mount)
        known |= {role.name: role for role in administration.read_static_roles(mount, names)}
    return tuple(known.values())
