"""What is left in the state directory, held to the table of docs/security.md."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from tests.support import pages

_ROW = re.compile(r"^\| `([a-z]+[./*][^`]*|[a-z]+\*)` \|", re.MULTILINE)


def hold_to_the_table(state: Path, *, at_least: int) -> None:
    """Fail for a file that the page does not name, or that others may open."""
    named = _ROW.findall(pages.read("docs/security.md"))
    files = [path for path in state.rglob("*") if path.is_file()]
    assert len(files) >= at_least
    unnamed = [file for file in files if not any(file.relative_to(state).match(n) for n in named)]
    assert unnamed == []
    assert [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077] == []
