#!/usr/bin/env python3
"""Write the queries of the match as DuckDB reads them: vaultaws/trail/sql/*.sql.

python scripts/queries.py            writes the files
python scripts/queries.py --check    exits 1 when one is stale
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vaultaws.trail import queries  # noqa: E402  (found by the line above)

FOLDER = ROOT / "vaultaws" / "trail" / "sql"


def wanted() -> dict[str, str]:
    """The files' names and texts."""
    return {f"{name}.sql": f"{queries.sql(name)}\n" for name in queries.NAMES}


def main() -> int:
    """Write the files, or say which of them are stale."""
    files = wanted()
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.sql")}
    stale = sorted(
        name for name in files.keys() | found.keys() if files.get(name) != found.get(name)
    )
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"stale: {', '.join(stale)}: run python scripts/queries.py", file=sys.stderr)
        return int(bool(stale))
    for name in stale:
        if name in files:
            (FOLDER / name).write_text(files[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
