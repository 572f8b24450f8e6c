"""Questions to the person at the terminal, wherever stdin, stdout and stderr lead.

An SDK that runs us for `credential_process` swallows stderr, and `$(…)` takes stdout: so a
question goes to the terminal device itself.
"""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vaultaws.errors import UsageError, visible
from vaultaws.model import Secret

DEVICE: Final = Path("/dev/tty")
_LONGEST_BYTES: Final = 4096


def ask_hidden(question: str, *, instead: str) -> Secret:
    """Ask on the terminal device and read one line that is not shown.

    `instead` is what to do where there is no terminal. Raises UsageError there, or when the
    terminal is closed.
    """
    if os.name != "posix":
        return Secret(getpass.getpass(visible(question)))
    try:
        terminal = os.open(DEVICE, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise _nobody(question, "there is no terminal to ask at", instead) from error
    try:
        with _unshown(terminal):
            os.write(terminal, visible(question).encode())
            line = os.read(terminal, _LONGEST_BYTES)
    except OSError as error:
        raise _nobody(question, error.strerror or "the terminal failed", instead) from error
    finally:
        with contextlib.suppress(OSError):
            os.write(terminal, b"\n")
        os.close(terminal)
    if not line.endswith(b"\n"):
        raise _nobody(question, "the terminal was closed", instead)
    return Secret(line.decode(errors="replace").strip())


def on_terminal(text: str, *, instead: str) -> None:
    """Write on the terminal device, wherever stdout leads. Raises UsageError where there is none.

    `instead` is what to do there. Nothing to write only asks whether there is a terminal.
    """
    place = DEVICE if os.name == "posix" else Path("CON")
    try:
        with place.open("w", encoding="utf-8") as terminal:
            terminal.write(text)
    except OSError as error:
        raise UsageError(
            "this is shown on a terminal only", why="there is none", do=instead
        ) from error


@contextlib.contextmanager
def _unshown(terminal: int) -> Iterator[None]:
    """Without echo, as long as it lasts; Ctrl-C still ends the program."""
    import termios

    before = termios.tcgetattr(terminal)
    quiet = [*before]
    quiet[3] = before[3] & ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _nobody(question: str, why: str, instead: str) -> UsageError:
    return UsageError(f"cannot ask: {question.rstrip(': ')}", why=why, do=instead)
