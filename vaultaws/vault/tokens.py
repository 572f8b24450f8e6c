"""Where the token comes from: environment, token helper, ~/.vault-token (Vault CLI's order)."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vaultaws.errors import UsageError
from vaultaws.model import Secret

_HELPER_SECONDS: Final = 30
_HELPER_LINE: Final = re.compile(r'^\s*token_helper\s*=\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE)
_HELPER_NAMED: Final = re.compile(r"^\s*token_helper\b", re.MULTILINE)


def find_token(given: str, environ: Mapping[str, str], home: Path | None) -> Secret | None:
    """Return the first token there is, or None.

    `given` is the environment's own token. The settings file is ~/.vault, or the one that
    BAO_CONFIG_PATH or VAULT_CONFIG_PATH names. Raises UsageError when a source is broken.
    """
    if given:
        return _checked(given, "the environment's token")
    helper = configured_helper(environ, home)
    if helper:
        printed = run_helper(helper, "get", environ)
        return _checked(printed, f"what the token helper {helper!r} printed") if printed else None
    text = _read(home / ".vault-token") if home else None
    return _checked(text, "~/.vault-token") if text and text.strip() else None


def configured_helper(environ: Mapping[str, str], home: Path | None) -> str:
    """The token helper's command line, empty when none is configured."""
    config = environ.get("BAO_CONFIG_PATH") or environ.get("VAULT_CONFIG_PATH")
    path = Path(config) if config else home / ".vault" if home else None
    return _helper_in(path, required=bool(config)) if path else ""


def _checked(text: str, source: str) -> Secret:
    token = text.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(
            f"{source} is not a token",
            why="it holds a space, a control character or a letter no token has",
            do="log in again (vaultaws login), or set VAULT_TOKEN",
        )
    return Secret(token)


def _read(path: Path) -> str | None:
    """The file's text, None when there is no such file (or ~/.vault is a directory)."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(
            f"{path} cannot be read",
            why=getattr(fault, "strerror", None) or "it is not text",
            do="correct the file or its permissions, or set VAULT_TOKEN",
        ) from fault


def _helper_in(path: Path, *, required: bool) -> str:
    text = _read(path)
    if text is None and required:
        raise UsageError(
            f"{path} does not exist",
            why="VAULT_CONFIG_PATH names it",
            do="correct VAULT_CONFIG_PATH, or unset it",
        )
    found = _HELPER_LINE.search(text or "")
    if found:
        return found.group(1).replace('\\"', '"').replace("\\\\", "\\")
    if _HELPER_NAMED.search(text or ""):
        raise UsageError(
            f"the token_helper line in {path} cannot be read",
            why="its value is not a quoted string",
            do='write it like token_helper = "/usr/local/bin/helper"',
        )
    return ""


def run_helper(helper: str, verb: str, environ: Mapping[str, str], stdin: str = "") -> str:
    """Run `HELPER get|store|erase` and return what it printed, without white space around it.

    `store` takes the token on standard input (Vault documentation, token helpers).
    """
    try:
        done = subprocess.run(
            [*shlex.split(helper), verb],
            env=dict(environ),
            input=stdin.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except (OSError, ValueError) as fault:
        raise _helper_fault(helper, getattr(fault, "strerror", None) or str(fault)) from fault
    except subprocess.TimeoutExpired:
        raise _helper_fault(helper, f"it did not end within {_HELPER_SECONDS} s") from None
    if done.returncode != 0:
        raise _helper_fault(helper, f"it ended with exit code {done.returncode}")
    return done.stdout.decode("utf-8", errors="replace").strip()


def _helper_fault(helper: str, why: str) -> UsageError:
    return UsageError(
        f"the token helper {helper!r} failed",
        why=why,
        do="run it by hand with the argument get, or set VAULT_TOKEN",
    )
