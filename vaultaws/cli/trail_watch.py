"""`vaultaws trail watch`: the check, again and again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import evidence, handler, output
from vaultaws.cli.options import ServerFlags, Span, server_options
from vaultaws.cli.trail_wiring import (
    SourceFlags,
    declared_here,
    source_named,
    source_options,
    sources_for,
)
from vaultaws.cli.wiring import open_vault, settings
from vaultaws.errors import FindingsError, UsageError
from vaultaws.leases.words import count

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vaultaws.clock import Clock
    from vaultaws.trail.evidence import Window
    from vaultaws.trail.gather import QueueFiles
    from vaultaws.trail.listening import Listener
    from vaultaws.trail.report import Report
    from vaultaws.trail.telling import State
    from vaultaws.trail.watch import Output, Watcher
    from vaultaws.trail.watchstate import StateFile


@click.command("watch", epilog="\b\nExample:\n  vaultaws trail watch --every 60s --metrics 9187")
@click.option("--every", type=Span(), default="60s", show_default=True, help="How often to look.")
@click.option("--for", "span", type=Span(), help="How long to watch; else until stopped.")
@click.option("--once", is_flag=True, help="Look once, and end: for cron.")
@click.option(
    "--reach",
    type=Span(),
    default="24h",
    show_default=True,
    help="How far back to look for uses of a credential that lives on.",
)
@click.option(
    "--webhook", envvar="VAULTAWS_WEBHOOK", help="POST each finding there (VAULTAWS_WEBHOOK)."
)
@click.option(
    "--listen",
    help="Be Vault's audit device of type socket, at HOST:PORT, PORT here, or unix:PATH. What comes"
    " is kept in the file of --audit-log.",
)
@click.option("--metrics", help="Serve figures for Prometheus on HOST:PORT, or PORT here.")
@source_options(since="1h")
@server_options
def watch(
    *,
    every: int,
    span: int | None,
    once: bool,
    reach: int,
    webhook: str | None,
    listen: str | None,
    metrics: str | None,
    flags: SourceFlags,
    server: ServerFlags,
) -> int:
    """Tell each finding once, as a line of JSON, as soon as CloudTrail shows it.

    What was told is kept, so a watch that is started again goes on where it was; --since is for the
    first start. A finding that was found and not told when it was stopped is told again. Vault or
    AWS that do not answer are waited for, and said. With --once it exits 3 when it told something.
    --source, or [trail] of ./vaultaws.toml, may be sqs:QUEUE-URL too, the target of an EventBridge
    rule.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.trail import packages
    from vaultaws.trail import watch as watching

    packages.require()
    clock = SystemClock()
    heard_in = _file_for(listen, flags, once=once)
    outputs: list[Output] = [_Lines()]
    if webhook:
        from vaultaws.trail.webhook import Webhook

        outputs.append(Webhook(webhook, clock))
    store = _store(flags, server)
    with store.held(), _listening(listen, heard_in, clock) as listener:
        watcher = watching.Watcher(
            _looker(flags, server, _queue(flags, store)),
            outputs,
            store,
            _begun(store, flags.since),
            clock,
            reach=timedelta(seconds=reach),
        )
        with _metrics(metrics, watcher, listener):
            if once:
                return _once(watcher)
            watching.run(
                watcher, clock, every_seconds=max(every, 1), for_seconds=span, say=output.say
            )
    return 0


class _Lines:
    """Standard output."""

    name = "stdout"

    def take(self, line: Mapping[str, Any]) -> None:
        output.result(json.dumps(line, ensure_ascii=True))


def _store(flags: SourceFlags, server: ServerFlags) -> StateFile:
    from vaultaws.leases.target import Target
    from vaultaws.trail.watchstate import StateFile, default_directory

    found = settings(server)
    target = Target(found.address, found.namespace, flags.mount)
    return StateFile(default_directory(os.environ), target)


def _begun(store: StateFile, since: datetime) -> State:
    """The state that was kept, or a first one."""
    from vaultaws.trail.telling import State
    from vaultaws.trail.watchstate import DamagedError

    try:
        kept = store.load()
    except DamagedError as damage:
        output.say(f"· the state at {store.path} cannot be read: {damage}; begun anew")
        kept = None
    if kept is not None:
        output.hint(f"going on from {kept.start:%Y-%m-%d %H:%M} UTC: --since is for a first start")
    return kept or State(since)


def _queue(flags: SourceFlags, store: StateFile) -> QueueFiles | None:
    """The events of a queue, kept beside the state; None when another source is named."""
    from vaultaws.trail.sources.queue import SCHEME

    source = source_named(flags, declared_here())
    if not source.startswith(SCHEME):
        return None
    from vaultaws.aws.queue import Queue
    from vaultaws.clock import SystemClock
    from vaultaws.leases.private import ensure_directory
    from vaultaws.trail.gather import QueueFiles
    from vaultaws.trail.sources.batches import cache_directory
    from vaultaws.trail.sources.events import FolderSource
    from vaultaws.trail.sources.queue import drain, sweep

    queue, folder = Queue(source.removeprefix(SCHEME)), store.path.with_suffix(".events")
    ensure_directory(folder)

    def fill(window: Window, progress: Callable[[str], None]) -> tuple[str, ...]:
        found = drain(queue, folder, SystemClock().now, progress)
        sweep(folder, window.start.astimezone(UTC).date())
        return found.lost()

    return QueueFiles(FolderSource(folder), cache_directory(os.environ), fill)


def _looker(
    flags: SourceFlags, server: ServerFlags, queue: QueueFiles | None
) -> Callable[[Window], Report]:
    """The check of a window. The server is opened anew each time, since tokens are replaced; of
    the audit log only what is new is read."""
    from vaultaws.trail.check import check
    from vaultaws.trail.following import Follower

    lag = timedelta(seconds=flags.lag)
    path = evidence.audit_log_path(flags.audit_log)
    follower = Follower(path) if path is not None else None

    def look(window: Window) -> Report:
        vault = open_vault(server)
        try:
            read = follower.read if follower is not None else None
            sources = sources_for(vault, flags, server, queue, read)
            sources = replace(sources, delivery=lag, reread=read)
            return check(sources, window).report
        except OSError as error:  # a full disk is waited for, as Vault and AWS are
            raise handler.from_os(error) from error

    return look


def _file_for(listen: str | None, flags: SourceFlags, *, once: bool) -> Path | None:
    """Where what is heard is kept; None where nothing is listened to. Raises UsageError."""
    if listen is None:
        return None
    path = evidence.audit_log_path(flags.audit_log)
    if path is None or once:
        raise UsageError(
            "--listen needs a watch that goes on" if once else "--listen needs a file",
            why="Vault would lose its audit device with it"
            if once
            else "what Vault's audit device says is kept, and read from there",
            do="leave --once out" if once else "name it with --audit-log FILE",
        )
    return path


@contextmanager
def _listening(place: str | None, path: Path | None, clock: Clock) -> Iterator[Listener | None]:
    if place is None or path is None:
        yield None
        return
    from vaultaws.trail.heardlog import HeardLog
    from vaultaws.trail.listening import listening

    log = HeardLog(path)
    try:
        with listening(place, log, clock, output.say) as listener:
            output.say(f"· listening for Vault's audit device at {listener.place}, kept in {path}")
            yield listener
        if listener.heard.lost:
            lost = listener.heard.lost
            output.say(f"· {count(lost, 'line', 'lines')} of Vault could not be kept")
    finally:
        log.close()


@contextmanager
def _metrics(place: str | None, watcher: Watcher, listener: Listener | None) -> Iterator[None]:
    if place is None:
        yield
        return
    from vaultaws.trail.metrics import render
    from vaultaws.trail.metricsserver import PATH, place_of, served

    with served(
        place_of(place), lambda: render(watcher.figures, listener.heard if listener else None)
    ) as (host, port):
        shown = f"[{host}]" if ":" in host else host
        output.say(f"· metrics at http://{shown}:{port}{PATH}")
        yield


def _once(watcher: Watcher) -> int:
    from vaultaws.trail.watch import Voice

    seen = watcher.round()
    Voice(output.say).tell(replace(seen, faults=()))
    if seen.faults:
        first, *others = seen.faults
        for other in others:
            first.add_note(f"{other.what}: {other.why}")
        raise first
    unread = seen.report is not None and bool(seen.report.unread)
    return FindingsError.exit_code if seen.told or unread else 0
