"""The name of a cached set: a digest of all that decides what the set is.

Light: a hit imports it.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL, a fifth of a whole hit
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = "1"
"""Of the names and of the records under them. Another version's entries are never found."""

_BYTES = 20


def cache_key(kind: str, **parts: str) -> str:
    """Return the name under which a set of this kind is kept.

    Every part counts, with its name, and none can run into the next. A secret among them (the
    token) is in the name only as part of the digest.
    """
    named = (text for name in sorted(parts) for text in (name, parts[name]))
    return digest("vaultaws", VERSION, kind, *named)


def digest(*texts: str) -> str:
    """Return 40 hexadecimal digits that stand for these texts in this order."""
    return blake2b(netstrings(texts), digest_size=_BYTES).hexdigest()


def netstrings(texts: Iterable[str]) -> bytes:
    """Return texts one after the other, each behind its length: LENGTH:BYTES, and so on."""
    parts = (text.encode("utf-8", "surrogatepass") for text in texts)
    return b"".join(b"%d:%b," % (len(part), part) for part in parts)
