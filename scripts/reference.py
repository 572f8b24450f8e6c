#!/usr/bin/env python3
"""Write the declared file's part of docs/reference.md from the tables that read the file.

python scripts/reference.py            writes the page
python scripts/reference.py --check    exits 1 when the page is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vaultaws.config import tables  # noqa: E402  (found by the line above)

PAGE = ROOT / "docs" / "reference.md"
BEGIN = "<!-- declared file: written by scripts/reference.py -->\n"
END = "<!-- declared file: end -->\n"
SECTIONS: tuple[tuple[str, str, Mapping[str, tables.Key]], ...] = (
    ("[mount]", "How the engine is mounted.", tables.MOUNT),
    (
        "[lease]",
        """The engine's `config/lease`, which bounds leases of iam_user roles. Without this table it
gets the spans of `[mount]`.""",
        tables.LEASE,
    ),
    (
        "[root]",
        """The engine's `config/root`. Without this table it is left alone. The secret key never
stands here.""",
        tables.ROOT,
    ),
    (
        "[roles.NAME]",
        "A role of the engine. NAME has letters, digits, `_`, `-`, `.` and `@`.",
        tables.ROLE,
    ),
    (
        "[static_roles.NAME]",
        "A static role: an IAM user whose key the engine keeps and replaces.",
        tables.STATIC_ROLE,
    ),
    (
        "[audit.PATH]",
        "An audit device of the server. Its options stand beside these keys, see below.",
        tables.AUDIT,
    ),
    (
        "[access.NAME]",
        "Who may issue what: an ACL policy with the least capabilities, and groups that bear it.",
        tables.ACCESS,
    ),
    ("[trail]", "Where `vaultaws trail` reads. Nothing of it is written anywhere.", tables.TRAIL),
)


def part() -> str:
    """The declared file's part of the page."""
    lines = [line for title, words, table in SECTIONS for line in _section(title, words, table)]
    return "\n".join([*lines, *_options(), ""])


def page(text: str) -> str:
    """The page with that part put in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{part()}{END}{after}"


def _section(title: str, words: str, table: Mapping[str, tables.Key]) -> Iterator[str]:
    yield from (f"### `{title}`", words, "")
    yield "| key | kind | default | meaning | server |"
    yield "|---|---|---|---|---|"
    for name, key in table.items():
        kind = key.kind.words.replace("|", "or")
        yield f"| `{name}` | {kind} | {key.default} | {key.meaning} | {key.where or 'all'} |"
    yield ""


def _options() -> Iterator[str]:
    yield "Options of audit devices (strings; the server may know more):"
    yield ""
    yield "| option | meaning |"
    yield "|---|---|"
    for name, meaning in tables.AUDIT_OPTIONS.items():
        yield f"| `{name}` | {meaning} |"
    yield ""


def main() -> int:
    """Write the page, or say that it is stale."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if text != wanted:
        print(f"{PAGE.name} is stale: run python scripts/reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
