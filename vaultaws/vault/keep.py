"""Keep a token where the Vault CLI keeps it: the token helper, else ~/.vault-token."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vaultaws.errors import LocalStateError
from vaultaws.model import Secret
from vaultaws.vault.tokens import configured_helper, run_helper


def keep(token: Secret, environ: Mapping[str, str], home: Path) -> str:
    """Store the token and return where, in words. The file is replaced whole, mode 0600.

    Raises UsageError when the helper fails, LocalStateError when the file cannot be written.
    """
    helper = configured_helper(environ, home)
    if helper:
        run_helper(helper, "store", environ, stdin=token.reveal())
        return f"token helper {helper}"
    path = home / ".vault-token"
    try:
        _replace(path, token.reveal())
    except OSError as fault:
        raise LocalStateError(
            f"the token cannot be kept in {path}",
            why=fault.strerror or "the file cannot be written",
            do="free space or mend the permissions, or take it with --print",
        ) from fault
    return str(path)


def _replace(path: Path, text: str) -> None:
    """Write beside and rename: a full disk leaves the old file. mkstemp opens it as 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
