"""A page's commands run in one shell, from top to bottom, and what they print held to the page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support import pages

SECONDS: Final = 280
_MARK: Final = "@@ block "
_EXIT: Final = re.compile(r"^(.*\S)[ ]+# exit (\d+)$", re.MULTILINE)
_KEY: Final = re.compile(r"(AKIA|ASIA)…[A-Z0-9]{3}")
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Player:
    """A shell in a directory. `prelude` are lines before the page's own; `instead` are texts of
    the page (an address, a directory) and what stands for them here."""

    environ: Mapping[str, str]
    directory: Path
    prelude: Sequence[str] = ()
    instead: Mapping[str, str] = field(default_factory=dict)

    def play(self, *names: str) -> str:
        """Run the blocks of pages one after the other. Each must succeed, and print what the page
        shows. Returns all that was printed."""
        blocks: list[pages.Block] = []
        for name in names:
            pages.play(name, blocks.append)
        done = subprocess.run(
            ["bash", "-c", self._script(blocks)],
            cwd=self.directory,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        assert "Traceback" not in printed
        parts = re.split(rf"^{_MARK}.*\n", done.stdout, flags=re.MULTILINE)[1:]
        assert len(parts) == len(blocks)
        for block, part in zip(blocks, parts, strict=True):
            assert missing(block.shown, part) == [], f"{block}\n{part}"
        return printed

    def here(self, text: str) -> str:
        """A text of the page as it is here. A line with `# exit 3` must end so."""
        for there, ours in self.instead.items():
            text = text.replace(there, ours)
        return _EXIT.sub(r"if \1; then false; else test $? -eq \2; fi", text)

    def _script(self, blocks: Sequence[pages.Block]) -> str:
        program = f'vaultaws() {{ "{sys.executable}" -m vaultaws "$@"; }}'
        lines = ["set -eu", "exec 2>&1", program, *self.prelude]
        for block in blocks:
            lines += [f"echo '{_MARK}{block}'", self.here(block.text)]
        return "\n".join(lines)


def missing(shown: str, printed: str) -> list[str]:
    """The lines of a page that were not printed, in this order. Numbers, ids and `…` stand for
    whatever is there."""
    left, absent = printed.splitlines(), []
    for line in filter(str.strip, shown.splitlines()):
        pattern = re.compile(_pattern(line))
        at = next((n for n, seen in enumerate(left) if pattern.fullmatch(seen.strip())), None)
        if at is None:
            absent.append(line)
        else:
            left = left[at + 1 :]
    return absent


def _pattern(line: str) -> str:
    """A line as a pattern: every number is any number, runs of spaces are any."""
    words = [_KEY.sub(r"\1\0", word) for word in line.split()]
    escaped = r"\s+".join(re.escape(word) for word in words)
    wild = _NUMBER.sub(r"\\d+", escaped.replace("…", ".*"))
    return wild.replace("\0", ".[A-Z0-9]{3}").replace("\\.[A-Z0-9]{3}", ".[A-Z0-9]{3}")
