"""What kind of credentials Vault itself calls AWS with, as far as the file tells."""

from __future__ import annotations

from enum import Enum

from vaultaws.config.schema import Root


class Rooting(Enum):
    """USER: an IAM user's long-term key. ROLE: a role assumed with an identity token.
    SERVER: whatever the server finds in its surroundings, often an instance role."""

    USER = "user"
    ROLE = "role"
    SERVER = "server"


def rooting(root: Root | None) -> Rooting:
    """Read it from [root]. Identity tokens come before keys in the engine (client.go)."""
    if root is None:
        return Rooting.USER
    if root.identity_token_audience:
        return Rooting.ROLE
    return Rooting.SERVER if root.credentials == "server" else Rooting.USER
