"""The command line that stands in a profile's `credential_process`, in words that all SDKs split
alike.

botocore splits with shlex; the SDKs for Go, PHP and JavaScript hand the line to `sh -c` (on
Windows to cmd.exe). What they agree on is the AWS SDKs and Tools reference guide's own rule
("Process credential provider"): a program by its whole path, plain characters, and double quotes
around a word with a space. Any other character means something to one of them, so it is refused.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vaultaws.errors import UsageError

NAME: Final = "vaultaws"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@=+,-]+")
_QUOTABLE: Final = re.compile(r"[A-Za-z0-9_./:@=+,-]+( +[A-Za-z0-9_./:@=+,-]+)*")
_WINDOWS_PATH: Final = re.compile(r"[A-Za-z]:[A-Za-z0-9_.\\ @=+,-]+")


def own_program(argv0: str, executable: str) -> tuple[str, ...]:
    """The words that start vaultaws again from anywhere.

    The path is that of the command as it was found, not of what a link leads to: installers
    move the latter. Without an installed command it is this interpreter with `-m vaultaws`.
    """
    called = Path(argv0)
    beside = Path(executable).with_name(NAME)
    for command in (called, beside):
        if command.stem == NAME and command.is_file() and os.access(command, os.X_OK):
            return (os.path.abspath(command),)  # noqa: PTH100  (a link must stay a link)
    return (executable, "-m", NAME)


def this_program() -> tuple[str, ...]:
    """The words that start the vaultaws that runs now."""
    return own_program(sys.argv[0], sys.executable)


def line(words: Sequence[str]) -> str:
    """One line that every SDK splits into `words`. Raises UsageError for what none could."""
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    if _QUOTABLE.fullmatch(word) or (os.name == "nt" and _WINDOWS_PATH.fullmatch(word)):
        return f'"{word}"'
    raise UsageError(
        f"{word!r} cannot stand in a credential_process",
        why="the SDKs split that line each in its own way; only letters, digits, spaces and"
        " _ . / : @ = + , - mean the same to all of them",
        do="use another name or value, or install vaultaws under a plain path",
    )


def split(text: str) -> tuple[str, ...]:
    """The words of such a line; empty when it cannot be split."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()
