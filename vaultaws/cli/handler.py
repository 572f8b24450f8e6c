"""The one place that turns an exception into words and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

import click

from vaultaws.errors import LocalStateError, UsageError, VaultawsError

INTERRUPTED = 130


def report(error: VaultawsError, stream: TextIO | None = None) -> int:
    """Print the error on stderr and return its exit code."""
    print(error.describe(), file=stream or sys.stderr)
    return error.exit_code


def ours(error: VaultawsError | click.ClickException | OSError) -> VaultawsError:
    """Put what click or the operating system raised into our tree."""
    match error:
        case VaultawsError():
            return error
        case click.ClickException():
            return from_click(error)
        case OSError():
            return from_os(error)


def from_click(error: click.ClickException) -> UsageError:
    """A wrong command line, in our three lines."""
    context = getattr(error, "ctx", None)
    command = context.command_path if isinstance(context, click.Context) else "vaultaws"
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
