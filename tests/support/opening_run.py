"""A process that opens a source's events with workers, and tells how far it is.

`python -m tests.support.opening_run LOGS CACHE`
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.events import FolderSource, open_events

YEAR = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC))


def main() -> int:
    logs, cache = map(Path, sys.argv[1:])
    try:
        found = open_events(
            FolderSource(logs),
            YEAR,
            cache=cache,
            much_bytes=0,
            watch=lambda said: print(said, flush=True),
        )
    except KeyboardInterrupt:
        return 130
    print(found.rows, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
