"""`vaultaws leases watch`: who holds what, as it changes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import ServerFlags, Span, mounts_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault

if TYPE_CHECKING:
    from vaultaws.errors import VaultError
    from vaultaws.leases.inventory import Inventory
    from vaultaws.leases.screen import Picture
    from vaultaws.leases.watching import Change


@click.command("watch", epilog="\b\nExample:\n  vaultaws leases watch --every 5s --for 1m")
@click.option("--every", type=Span(), default="5s", show_default=True, help="How often to look.")
@click.option("--for", "span", type=Span(), help="How long to watch; else until stopped.")
@audit_log_option
@mounts_option
@server_options
def watch_leases(
    *,
    every: int,
    span: int | None,
    audit_log: str | None,
    mounts: tuple[str, ...],
    server: ServerFlags,
) -> None:
    """Watch who holds what: a listing that is redrawn, or a line of JSON a change into a pipe.

    What came, changed or went since the look before is marked + ~ -. A server that is sealed or
    down is waited for, and said. IAM is not asked for users without a lease: leases list does.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases import watching
    from vaultaws.leases.inventory import joined
    from vaultaws.trail.following import Follower

    vault = open_vault(server)
    path = evidence.audit_log_path(audit_log)
    follower = Follower(path, mounts) if path is not None else None

    def take() -> Inventory:
        log = follower.read() if follower is not None else None
        with open_journal() as journal:
            found = [holdings.take(vault, journal, mount, log) for mount in mounts]
        pairs = zip(mounts, found, strict=True)
        return joined([holdings.without_dead(vault, mount, each) for mount, each in pairs])

    every = max(every, 1)
    view = _Screen(every) if _redraws() else _Lines()
    with view.shown():
        watching.watch(
            take,
            SystemClock(),
            every_seconds=every,
            for_seconds=span,
            show=view.show,
            lost=view.lost,
            back=view.back,
            idle=view.idle,
        )


def _redraws() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class _Lines:
    """A pipe, or a terminal that cannot redraw: what changed, line by line."""

    @contextmanager
    def shown(self) -> Iterator[None]:
        yield

    def show(self, found: Inventory, changes: tuple[Change, ...]) -> None:
        from vaultaws.leases.watching import as_json

        for change in changes:
            output.result(json.dumps(as_json(change, found), ensure_ascii=True))

    def lost(self, fault: VaultError) -> None:
        output.say(f"· {_told(fault)}")

    def back(self) -> None:
        output.say("· the server answers again")

    def idle(self) -> None:
        """Nothing to do: what was printed stands."""


class _Screen(_Lines):
    """A terminal: one picture, drawn anew with each look and when its size changes. At the end the
    last picture stays."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._picture: Picture | None = None
        self._size = shutil.get_terminal_size()

    @contextmanager
    def shown(self) -> Iterator[None]:
        from vaultaws.interrupts import suspended_between
        from vaultaws.leases.screen import ENTER, LEAVE, lines

        self._write(ENTER)
        self._say("· looking for the first time …")
        try:
            with suspended_between(lambda: self._write(LEAVE), self._come_back):
                yield
        finally:
            self._write(LEAVE)
            if self._picture is not None:
                columns, height = shutil.get_terminal_size()
                output.result("\n".join(lines(self._picture, columns, height - 1)))

    def show(self, found: Inventory, changes: tuple[Change, ...]) -> None:
        from vaultaws.leases.screen import Picture

        first = self._picture is None
        self._picture = Picture(found, () if first else changes, self._every)
        self._draw()

    def lost(self, fault: VaultError) -> None:
        from vaultaws.leases.screen import troubled

        if self._picture is None:
            self._say(f"! {_told(fault)}")
        else:
            self._picture = troubled(self._picture, _told(fault))
            self._draw()

    def back(self) -> None:
        """The picture that follows says it."""

    def idle(self) -> None:
        if shutil.get_terminal_size() != self._size:
            self._draw()

    def _come_back(self) -> None:
        from vaultaws.leases.screen import ENTER

        self._write(ENTER)
        self._draw()

    def _draw(self) -> None:
        from vaultaws.leases.screen import drawn, lines

        self._size = shutil.get_terminal_size()
        if self._picture is not None:
            columns, height = self._size
            self._write(drawn(lines(self._picture, max(columns, 1), max(height - 1, 1))))

    def _say(self, text: str) -> None:
        """Words on a screen that has no picture yet."""
        from vaultaws.leases.screen import drawn, wrapped

        self._write(drawn(wrapped([text], max(self._size.columns, 1))))

    def _write(self, text: str) -> None:
        """Past the buffer: Ctrl-Z may come while we write, and a buffer takes no second writer."""
        left = text.encode(sys.stdout.encoding or "utf-8", "replace")
        while left:
            left = left[os.write(sys.stdout.fileno(), left) :]


def _told(fault: VaultError) -> str:
    from vaultaws.errors import visible

    return f"{visible(fault.what)}: {visible(fault.why)}; waiting for it"
