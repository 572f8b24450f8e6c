"""Files that are replaced whole: written beside, synced, then renamed over the one before.

A full disk, or a kill at any moment, leaves the earlier file as it was.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = ".vaultaws-"


@contextlib.contextmanager
def beside(target: Path, data: bytes, *, prefix: str = _PREFIX) -> Iterator[Path]:
    """Write `data` to a file of its own in `target`'s directory, mode 0600, and give its path.

    It is taken away in the end, unless it was renamed. Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def replace(target: Path, data: bytes) -> None:
    """Replace `target` whole; it is then 0600. Raises OSError, and then the earlier one stands."""
    with beside(target, data) as fresh:
        fresh.replace(target)
