"""`mfa_process`: a program of the person's that prints the code, such as `ykman oath code …`."""

from __future__ import annotations

import shlex
import subprocess
from typing import Final

from vaultaws.errors import UsageError
from vaultaws.model import Secret

SECONDS: Final = 60
_DO: Final = "run it by hand and see; it is mfa_process of the profile"


def code_from(command: str, seconds: float = SECONDS) -> Secret:
    """Run the program, without a shell, and return what it prints. What it prints is never shown.

    Its standard error stays the terminal's: a key wants to be touched. Raises UsageError.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError("mfa_process cannot be read", why=str(error), do="quote it right") from (
            error
        )
    if not words:
        raise UsageError("mfa_process is empty", why="it names no program", do="name one")
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        why = f"it did not end within {seconds:g} seconds"
        raise UsageError(f"{words[0]} gave no MFA code", why=why, do=_DO) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{words[0]} gave no MFA code", why=why, do=_DO) from error
    if done.returncode != 0:
        why = f"it ended with {done.returncode}"
        raise UsageError(f"{words[0]} gave no MFA code", why=why, do=_DO)
    return Secret(done.stdout.decode("ascii", "replace").strip())
