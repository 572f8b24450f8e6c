"""The log files of a directory that a span of time needs, and the bytes of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vaultaws.errors import UsageError
from vaultaws.trail.sources.decode import LONGEST_BYTES
from vaultaws.trail.sources.faults import Fault, FaultKind
from vaultaws.trail.sources.layout import Days, SourceFile, is_digest, is_log, source_file


@dataclass(frozen=True)
class Listing:
    """The files that are needed, by name. `others` counts files that are none of CloudTrail's."""

    files: tuple[SourceFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    others: int = 0


def listed(root: Path, days: Days) -> Listing:
    """List a directory, or name a single file. Only folders of the days needed are opened.

    Raises UsageError when there is no such directory.
    """
    try:
        if not root.is_dir():
            seen = root.stat()
            return Listing((_found(str(root), seen),))
        os.scandir(root).close()
    except OSError as error:
        raise UsageError(
            f"the log files in {root} cannot be read",
            why=error.strerror or type(error).__name__,
            do="name a directory with CloudTrail's log files that you may read",
        ) from error
    walk = _Walk(days, [], [], set())
    walk.enter(str(root.resolve()))
    files = tuple(sorted(walk.files, key=lambda file: file.name))
    return Listing(files, tuple(walk.faults), walk.others)


def content(file: SourceFile) -> bytes | Fault:
    """Return the bytes of a file, as many as are decoded and one, or why there are none."""
    try:
        with Path(file.name).open("rb") as opened:
            return opened.read(LONGEST_BYTES + 1)
    except FileNotFoundError:
        return Fault(FaultKind.GONE, file.name)
    except OSError as error:
        return Fault(FaultKind.UNREADABLE, file.name, detail=error.strerror or "")


@dataclass
class _Walk:
    days: Days
    files: list[SourceFile]
    faults: list[Fault]
    been: set[tuple[int, int]]
    others: int = 0

    def enter(self, folder: str) -> None:
        """Look through a folder and those below it; links are followed, none in a circle."""
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            try:
                seen = os.stat(here)  # noqa: PTH116  (scandir's and its names are strings)
                if (seen.st_dev, seen.st_ino) in self.been:
                    continue
                self.been.add((seen.st_dev, seen.st_ino))
                with os.scandir(here) as entries:
                    waiting += [entry.path for entry in self._folders(entries)]
            except FileNotFoundError:
                self.faults.append(Fault(FaultKind.GONE, here))
            except OSError as error:
                self.faults.append(Fault(FaultKind.UNREADABLE, here, detail=error.strerror or ""))

    def _folders(self, entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for entry in entries:
            try:
                if entry.is_dir():
                    if self.days.enter(entry.path):
                        yield entry
                elif not is_log(entry.name):
                    self.others += not is_digest(entry.name) and not entry.name.startswith(".")
                elif not entry.is_file():  # a pipe would be waited for
                    why = "no plain file"
                    self.faults.append(Fault(FaultKind.UNREADABLE, entry.path, detail=why))
                elif self.days.need((file := _found(entry.path, entry.stat())).day):
                    self.files.append(file)
            except FileNotFoundError:
                self.faults.append(Fault(FaultKind.GONE, entry.path))
            except OSError as error:
                detail = error.strerror or ""
                self.faults.append(Fault(FaultKind.UNREADABLE, entry.path, detail=detail))


def _found(path: str, seen: os.stat_result) -> SourceFile:
    return source_file(path, seen.st_size, str(seen.st_mtime_ns))
