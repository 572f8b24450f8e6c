"""`vaultaws trail report`: a page to read and to hand on, or a chart in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from vaultaws import wholefile
from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options
from vaultaws.cli.trail_wiring import TrailFlags, run, trail_options
from vaultaws.errors import FindingsError, LocalStateError, UsageError

if TYPE_CHECKING:
    from vaultaws.trail.chart import Look
    from vaultaws.trail.report import Report

OURS: Final = b'name="generator" content="vaultaws trail report"'
STDOUT: Final = Path("-")
_HEAD_BYTES: Final = 2_048


@click.command(
    "report", epilog="\b\nExample:\n  vaultaws trail report --since 7d --html trail.html"
)
@trail_options(since="24h")
@click.option(
    "--html",
    "file",
    type=click.Path(path_type=Path),
    help="Write one HTML page that needs no network; - is stdout. An earlier report is replaced.",
)
@json_option
@server_options
def report(
    *,
    flags: TrailFlags,
    file: Path | None,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Show who held what in a window of time, and what became of it: a chart here, or a page with
    a timeline, filters and tables (--html).

    Key ids and names stand in it, and no secret. Exit 3 as of trail check.
    """
    from vaultaws.clock import SystemClock

    if file == STDOUT and as_json:
        raise UsageError(
            "stdout can have the page or the JSON",
            why="--html - and --json both print there",
            do="name a file: --html FILE --json",
        )
    target = place_for(file) if file is not None and file != STDOUT else None
    found = run(flags, server).report
    show(found, file, target, as_json=as_json, now=SystemClock().now())
    return 0 if found.is_clean else FindingsError.exit_code


def show(
    found: Report, file: Path | None, target: Path | None, *, as_json: bool, now: datetime
) -> None:
    """Print or write what was wanted. `target` is where the page goes, None for stdout."""
    from vaultaws.trail import chart
    from vaultaws.trail import report as reports
    from vaultaws.trail.page.page import render

    if file is not None:
        page = render(found, written=now)
        if target is None:
            output.result(page.rstrip("\n"))
            return
        write(target, page)
        output.say(f"· wrote {file} ({_size(len(page.encode()))}, readable by you alone)")
    if as_json:
        output.as_json(reports.as_json(found))
    elif file is None:
        output.result(chart.render(found, look_of(sys.stdout)))


def look_of(stream: TextIO) -> Look:
    """What the terminal (or pipe) of the results can show."""
    from vaultaws.trail.chart import Look

    width = shutil.get_terminal_size((100, 24)).columns
    return Look(width, output.colours(stream), can_say(stream, "█░▒…·—"))


def can_say(stream: TextIO, text: str) -> bool:
    """True when the stream's encoding has these characters."""
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def place_for(file: Path) -> Path:
    """Where the page will be written; known before AWS is asked for an hour.

    Raises UsageError for a file that is there and is no report of ours, LocalStateError where no
    file can be.
    """
    try:
        target = file.resolve()
        if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
            raise _unwritable(file, "the directory is not there, or is not yours to write to")
        if not target.exists():
            return target
        if not target.is_file():
            raise _not_ours(file, "it is not a regular file")
        with target.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle (Python 3.11, 3.12)
        raise _unwritable(file, getattr(error, "strerror", None) or str(error)) from error
    if head and OURS not in head:
        raise _not_ours(file, "it is there and is no report of vaultaws, so it is not replaced")
    return target


def write(target: Path, text: str) -> None:
    """Write beside and rename, so that a report is whole or the earlier one; 0600."""
    try:
        wholefile.replace(target, text.encode())
    except OSError as error:
        raise _unwritable(target, error.strerror or type(error).__name__) from error


def _size(number: int) -> str:
    return (
        f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{max(1, number // 1_000)} kB"
    )


def _unwritable(file: Path, why: str) -> LocalStateError:
    return LocalStateError(
        f"the report cannot be written to {file}", why=why, do="choose another file: --html FILE"
    )


def _not_ours(file: Path, why: str) -> UsageError:
    return UsageError(
        f"{file} cannot be the report", why=why, do="choose another name, or remove that file"
    )
