"""Files that an export writes: each knows whether a person has changed it since. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_SAYS: Final = (
    "# Written by vaultaws terraform export. Over what you change it writes only when asked.\n"
)
_DIGEST: Final = "# sha256 of the rest: "
_HEAD: Final = re.compile(f"{re.escape(_SAYS + _DIGEST)}([0-9a-f]{{64}})\n\n")


def signed(body: str) -> str:
    """The text of a file with what tells whether it is still as it was written."""
    return f"{_SAYS}{_DIGEST}{hashlib.sha256(body.encode()).hexdigest()}\n\n{body}"


def is_untouched(text: str) -> bool:
    """True for a text that an export wrote and nobody has changed."""
    found = _HEAD.match(text)
    if found is None:
        return False
    return hashlib.sha256(text[found.end() :].encode()).hexdigest() == found[1]
