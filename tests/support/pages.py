"""The pages of the documentation: their blocks of commands, and which of them are run.

A block that begins with ```sh is run by a test, unless a mark stands above it:
`<!-- not run: REASON -->`. A block of ```text right below one is what it prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
NOT_RUN: Final = "not run: "
_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>.*?) -->\n)?^```sh\n(?P<text>.*?)^```$"
    r"(?:\n+^```text\n(?P<shown>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
_INLINE: Final = re.compile(r"`(vaultaws [^`]+)`")
_FENCED: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Commands of a page, and what they print as far as the page shows it."""

    page: str
    line: int
    text: str
    mark: str = ""
    shown: str = ""

    @property
    def why_not(self) -> str:
        """Why no test runs it; empty for one that is run."""
        return self.mark.removeprefix(NOT_RUN) if self.mark.startswith(NOT_RUN) else ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def names() -> list[str]:
    """Every page that people read, from the root of the project."""
    beside = ("docs/*.md", "cloudformation/README.md", "policies/*.md", "terraform/**/README.md")
    found = (path for where in beside for path in sorted(ROOT.glob(where)))
    paths = [path.relative_to(ROOT).as_posix() for path in found]
    return ["README.md", "CONTRIBUTING.md", *paths]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """All blocks of commands of a page."""
    text = read(page)
    return [
        Block(
            page,
            text.count("\n", 0, found.start("text")),
            found["text"],
            found["mark"] or "",
            found["shown"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def inline(page: str) -> Iterator[str]:
    """Commands that are named within sentences and tables."""
    for found in _INLINE.findall(_FENCED.sub("", read(page))):
        yield " ".join(found.replace("\\|", "|").split())


def to_run(page: str) -> list[Block]:
    return [block for block in blocks(page) if not block.why_not]


def play(page: str, do: Callable[[Block], None]) -> None:
    """Have every block that is to be run done, in the page's order."""
    for block in to_run(page):
        do(block)
