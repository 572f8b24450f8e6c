"""Lines that the listener writes among those of Vault, where lines may have been lost. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

TYPE: Final = "vaultaws-gap"
_BEGINS: Final = b'{"type": "vaultaws-gap", '


def line(at: datetime, why: str) -> bytes:
    """Return the line; what stands before it and after it may not be all."""
    return json.dumps({"type": TYPE, "time": at.isoformat(), "why": why}).encode() + b"\n"


def is_mark(text: bytes) -> bool:
    """True for such a line."""
    return text.startswith(_BEGINS)
