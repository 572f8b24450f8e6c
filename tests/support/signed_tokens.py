"""Signed tokens as an identity provider of the outer world makes them (RFC 7515, ES256)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class Signer:
    """Signs claims with a key of its own; `public` is its other half, as PEM."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public = self._key.public_key()
        self.public = public.public_bytes(serialization.Encoding.PEM, form).decode()

    def token(self, claims: Mapping[str, Any], *, seconds: float = 600) -> str:
        """A JWT that ends in `seconds`; below zero it has ended."""
        now = int(time.time())
        times = {"iat": now - 900, "nbf": now - 900, "exp": now + int(seconds)}
        parts = (_json({"alg": "ES256", "typ": "JWT"}), _json({**times, **claims}))
        signed = ".".join(parts)
        der = self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        halves = (half.to_bytes(32, "big") for half in decode_dss_signature(der))
        return f"{signed}.{_url(b''.join(halves))}"


def _json(document: dict[str, Any]) -> str:
    return _url(json.dumps(document).encode())


def _url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
