"""The one place that turns an exception into words and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

import click

from vaultaws.errors import LocalStateError, UsageError, VaultawsError

INTERRUPTED = 130


def describe(error: VaultawsError) -> str:
    """One line what, one line why, one line what to do."""
    lines = (("error:", error.what), ("why:  ", error.why), ("do:   ", error.do))
    return "\n".join(f"{label} {_one_line(text)}" for label, text in lines)


def report(error: VaultawsError, stream: TextIO | None = None) -> int:
    """Print the error on stderr and return its exit code."""
    print(describe(error), file=stream or sys.stderr)
    return error.exit_code


def from_click(error: click.ClickException, command: str) -> UsageError:
    """A wrong command line, in our three lines."""
    what = error.format_message().rstrip(".")
    return UsageError(
        what[:1].lower() + what[1:],
        why="the command line does not say what the command needs",
        do=f"{command} --help",
    )


def from_os(error: OSError) -> LocalStateError:
    """A file that cannot be read or written, in our three lines."""
    place = f" {error.filename}" if error.filename else ""
    reasons = {
        errno.ENOSPC: "free space there, then run it again",
        errno.EDQUOT: "free space in your quota, then run it again",
        errno.EACCES: "check who may read and write there",
        errno.ENOENT: "check the path",
    }
    return LocalStateError(
        f"cannot use{place}" if place else "the operating system refused",
        why=os.strerror(error.errno) if error.errno else str(error),
        do=reasons.get(error.errno or 0, "mend the cause, then run it again"),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
