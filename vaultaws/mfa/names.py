"""The name a role's session bears in CloudTrail, when nobody says one: the person's login."""

from __future__ import annotations

import getpass
import re
from typing import Final

_NOT_ALLOWED: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)
_LONGEST: Final = 64
_SHORTEST: Final = 2


def own_session_name() -> str:
    """The login name in the letters AWS takes (STS API reference, AssumeRole)."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = ""
    return session_name(name)


def session_name(name: str) -> str:
    """A name as AWS takes it: other characters become a hyphen. Pure."""
    fit = _NOT_ALLOWED.sub("-", name)[:_LONGEST]
    return fit if len(fit) >= _SHORTEST else "vaultaws"
