"""The payload: what stands for it in the canonical request, and whether it holds.

S3 clients may leave it unsigned, or stream it in framed chunks with or without a trailer.

Source: Amazon S3 API reference, "Signature calculations: transferring payload in multiple chunks"
and "... with trailing headers".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vaultaws.local.aws.refusals import Refusal, RefusedError
from vaultaws.local.aws.sigv4 import S3_SERVICES, Message, Signature

UNSIGNED: Final = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX: Final = "STREAMING-"

_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_FORMS: Final = frozenset({_SIGNED, f"{_SIGNED}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_CHECKSUMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "x-amz-checksum-crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda data: hashlib.sha256(data).digest(),
}
"""CRC32C and CRC64NVME need libraries of their own; those trailers are taken as they are."""


@dataclass(frozen=True)
class Chunk:
    data: bytes
    signature: str


def claim(message: Message, signature: Signature) -> str:
    """What the canonical request ends with: a claim for S3, the body's own hash elsewhere.

    Raises RefusedError when S3's header is missing.
    """
    if signature.service not in S3_SERVICES:
        return hashlib.sha256(message.body).hexdigest()
    claimed = message.headers.get("x-amz-content-sha256")
    if claimed is None and signature.expires_seconds is None:
        detail = "Missing required header for this request: x-amz-content-sha256"
        raise RefusedError(Refusal.INCOMPLETE, detail)
    return claimed or UNSIGNED


def check(message: Message, claimed: str, signature: Signature, key: bytes) -> None:
    """Raise RefusedError unless the body is what `claimed` says. `key` signs the chunks."""
    if claimed == UNSIGNED or signature.service not in S3_SERVICES:
        return
    if claimed.startswith(STREAMING_PREFIX):
        _check_stream(message.body, claimed, signature, key)
    elif hashlib.sha256(message.body).hexdigest() != claimed.lower():
        raise RefusedError(Refusal.PAYLOAD_MISMATCH)


def _check_stream(body: bytes, form: str, signature: Signature, key: bytes) -> None:
    """Every chunk of `body` must carry the chain's next signature."""
    if form not in _FORMS:
        raise RefusedError(Refusal.WRONG)
    chunks, trailer = split(body)
    if form.startswith(_SIGNED):
        last = _check_chain(chunks, signature, key)
        if form != _SIGNED:
            _check_trailer(trailer, last, signature, key)
    _check_sums(trailer, b"".join(chunk.data for chunk in chunks))


def split(body: bytes) -> tuple[list[Chunk], bytes]:
    """The chunks, the empty last one included, and the bytes behind them."""
    chunks: list[Chunk] = []
    rest = body
    while not chunks or chunks[-1].data:
        head, found, rest = rest.partition(b"\r\n")
        size_text, _, extension = head.partition(b";")
        if (
            not found
            or not size_text
            or len(size_text) > 15
            or size_text.strip(b"0123456789abcdefABCDEF")
        ):
            raise RefusedError(Refusal.WRONG)
        size = int(size_text, 16)
        name, _, value = extension.partition(b"=")
        chunks.append(
            Chunk(rest[:size], value.decode("latin-1") if name == b"chunk-signature" else "")
        )
        if len(rest) < size or (size and rest[size : size + 2] != b"\r\n"):
            raise RefusedError(Refusal.WRONG)
        rest = rest[size + 2 :] if size else rest
    return chunks, rest


def _check_chain(chunks: list[Chunk], signature: Signature, key: bytes) -> str:
    previous = signature.value
    for chunk in chunks:
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                signature.stamp,
                signature.scope,
                previous,
                _EMPTY,
                hashlib.sha256(chunk.data).hexdigest(),
            )
        )
        _compare(key, text, chunk.signature)
        previous = chunk.signature
    return previous


def _check_trailer(trailer: bytes, previous: str, signature: Signature, key: bytes) -> None:
    fields = _fields(trailer)
    claimed = fields.pop("x-amz-trailer-signature", "")
    canonical = "".join(f"{name}:{value}\n" for name, value in fields.items())
    text = "\n".join(
        (
            "AWS4-HMAC-SHA256-TRAILER",
            signature.stamp,
            signature.scope,
            previous,
            hashlib.sha256(canonical.encode("latin-1")).hexdigest(),
        )
    )
    _compare(key, text, claimed)


def _compare(key: bytes, text: str, claimed: str) -> None:
    expected = hmac.new(key, text.encode("latin-1"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), claimed.encode("latin-1")):
        raise RefusedError(Refusal.WRONG)


def _check_sums(trailer: bytes, data: bytes) -> None:
    for name, value in _fields(trailer).items():
        digest = _CHECKSUMS.get(name)
        if digest and base64.b64encode(digest(data)).decode() != value:
            raise RefusedError(Refusal.PAYLOAD_MISMATCH)


def _fields(trailer: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in trailer.decode("latin-1").split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
