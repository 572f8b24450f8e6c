"""Keep a token where the Vault CLI keeps it: the token helper, else ~/.vault-token."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vaultaws.model import Secret
from vaultaws.vault.tokens import configured_helper, run_helper


def keep(token: Secret, environ: Mapping[str, str], home: Path) -> str:
    """Store the token and return where, in words. The file is replaced whole, mode 0600."""
    helper = configured_helper(environ, home)
    if helper:
        run_helper(helper, "store", environ, stdin=token.reveal())
        return f"token helper {helper}"
    path = home / ".vault-token"
    home.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=home, prefix=".vault-token.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token.reveal())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return str(path)
