"""Keep a token where the Vault CLI keeps it: the token helper, else ~/.vault-token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vaultaws import wholefile
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
        path.parent.mkdir(parents=True, exist_ok=True)
        wholefile.replace(path, token.reveal().encode())
    except OSError as fault:
        raise LocalStateError(
            f"the token cannot be kept in {path}",
            why=fault.strerror or "the file cannot be written",
            do="free space or mend the permissions, or take it with --print",
        ) from fault
    return str(path)
