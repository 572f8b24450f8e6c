"""Files that a verb is about to write: what changes in those that are there is shown and asked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vaultaws.cli import output
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.errors import visible


@dataclass(frozen=True)
class Files:
    """The files to write, and those that are there now, as bytes; None where there is none."""

    new: Mapping[Path, bytes]
    old: Mapping[Path, bytes | None]

    @property
    def changed(self) -> list[Path]:
        return [path for path, text in self.new.items() if self.old[path] != text]

    @property
    def replaced(self) -> list[Path]:
        """Those among the changed that have something to lose."""
        return [path for path in self.changed if self.old[path] is not None]


def ask(written: Files, again: str, *, yes: bool) -> None:
    """Show what changes in files that are there, and ask. `again` is the command with a yes left
    out, for where nobody is there to ask."""
    if not written.replaced:
        return
    for path in written.changed:
        output.say("\n".join(_diff(path, written.old[path] or b"", written.new[path])))
    demand_somebody(again, yes=yes)
    confirm(f"Write {', '.join(map(str, written.changed))}?", yes=yes)


def _diff(path: Path, old: bytes, new: bytes) -> list[str]:
    before, after = (text.decode(errors="replace").splitlines() for text in (old, new))
    lines = difflib.unified_diff(before, after, str(path), str(path), lineterm="")
    return [visible(line) for line in lines]
