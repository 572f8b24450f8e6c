"""The principal that carries a deny for the tokens minted from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HolderKind(StrEnum):
    """Whose policies deny: those of the user behind federation and session tokens, or a role's."""

    USER = "user"
    ROLE = "role"


@dataclass(frozen=True)
class Holder:
    """The principal that carries the deny."""

    kind: HolderKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class CutPlace(StrEnum):
    """Where a deny is held, in the order in which places are tried."""

    INLINE = "inline"
    MANAGED = "managed"
    BOUNDARY = "boundary"
