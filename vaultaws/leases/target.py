"""Which mount of which server a file of ours on this machine is about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One mount of one server. Servers are told apart by the address as it was given."""

    address: str
    namespace: str
    mount: str

    @property
    def key(self) -> str:
        """A file's name for it."""
        parts = (self.address.rstrip("/").lower(), self.namespace.strip("/"), self.mount)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
