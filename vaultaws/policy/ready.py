"""The library of ready policies: each `NAME.json` with its explanation in `NAME.md` beside it.

The explanation has the policy's name as its title, one sentence on what it is for, and paragraphs
that begin with a word in bold: Role types, Who, Why, Cannot, Change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Final

from vaultaws.model import CredentialType
from vaultaws.policy import placeholders
from vaultaws.policy.sizes import counted_size

PARTS: Final = ("Role types", "Who", "Why", "Cannot", "Change")
_PART: Final = re.compile(r"^\*\*([A-Z][a-z ]+):\*\* ", re.MULTILINE)


@dataclass(frozen=True)
class ReadyPolicy:
    """One policy of the library, as its two files have it."""

    name: str
    text: str
    explanation: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What must be filled before it can be used, in the order of the document."""
        return placeholders.names(self.text)

    @property
    def size(self) -> int:
        """Characters as IAM counts them, unfilled."""
        return counted_size(self.text)

    @cached_property
    def summary(self) -> str:
        """What it is for, in one sentence."""
        return _one_line(self.explanation.split("\n\n")[1])

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The explanation's paragraphs by their bold word, in its order; each may hold more."""
        pieces = _PART.split(self.explanation)
        return {name: said.strip() for name, said in zip(pieces[1::2], pieces[2::2], strict=True)}

    @property
    def role_types(self) -> tuple[CredentialType, ...]:
        """The kinds of role it suits; none for one that is attached to people or to Vault."""
        said = self.parts["Role types"].partition(";")[0]
        known = {kind.value: kind for kind in CredentialType}
        return tuple(known[word] for word in re.split(r",\s*", said) if word in known)

    @property
    def attach(self) -> str:
        """Where one that suits no role goes: words, or nothing."""
        return _one_line(self.parts["Role types"].partition(";")[2])


def directory() -> Path:
    """Where the ready policies are: in the package, or at the top of a checkout."""
    package = Path(str(resources.files("vaultaws")))
    packaged = package / "policies"
    return packaged if packaged.is_dir() else package.parent / "policies"


def library(where: Path | None = None) -> dict[str, ReadyPolicy]:
    """Every policy by name, sorted."""
    folder = where or directory()
    return {
        path.stem: ReadyPolicy(
            path.stem,
            path.read_text(encoding="utf-8"),
            path.with_suffix(".md").read_text(encoding="utf-8"),
        )
        for path in sorted(folder.glob("*.json"))
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
