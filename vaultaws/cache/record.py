"""The bytes of a cached set: a line that says what they are, their digest, names and values.

Light: a hit imports it. What is torn, altered, or of another version is no record.
"""

from __future__ import annotations

from vaultaws.cache.key import VERSION, digest, netstrings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = b"vaultaws cache %b\n" % VERSION.encode()
LONGEST_BYTES = 65_536
_DIGITS = 9


def pack(fields: Mapping[str, str]) -> bytes:
    """Return the record of these names and values."""
    body = netstrings(text for pair in fields.items() for text in pair)
    return HEAD + digest(body.decode("utf-8", "surrogatepass")).encode() + b"\n" + body


def unpack(data: bytes) -> dict[str, str] | None:
    """Return the names and values of a whole record of this version, None for anything else."""
    if not data.startswith(HEAD) or len(data) > LONGEST_BYTES:
        return None
    check, found, body = data[len(HEAD) :].partition(b"\n")
    try:
        text = body.decode("utf-8", "surrogatepass")
        if not found or check != digest(text).encode():
            return None
        return _pairs(body)
    except ValueError:  # not text, or not what `pack` writes
        return None


def _pairs(body: bytes) -> dict[str, str]:
    texts, at = [], 0
    while at < len(body):
        colon = body.index(b":", at, at + _DIGITS)
        end = colon + 1 + int(body[at:colon])
        if body[end : end + 1] != b",":
            raise ValueError
        texts.append(body[colon + 1 : end].decode("utf-8", "surrogatepass"))
        at = end + 1
    return dict(zip(texts[::2], texts[1::2], strict=True))
