"""Write files as one: all of them, or none as far as a file system allows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from vaultaws import wholefile
from vaultaws.errors import UsageError

NEW_FILE_MODE: Final = 0o666  # before the umask


def write_all(texts: Mapping[Path, bytes], there: Mapping[Path, bytes | None]) -> None:
    """Write every text beside its target, then put each in its place, in the order given.

    `there` is what was read before: None where there was no file. Raises UsageError when one has
    changed since; OSError when the disk is full or a place cannot be written. Either leaves
    everything as it was.
    """
    targets = {path: Path(os.path.realpath(path)) for path in texts}
    waiting: dict[Path, Path] = {}
    made = [folder for path in targets.values() if (folder := _made(path.parent))]
    try:
        with ExitStack() as stack:
            for path, text in texts.items():
                waiting[path] = stack.enter_context(_beside(targets[path], text))
            for path in texts:
                _demand_unchanged(path, there.get(path))
            _put(waiting, targets, there)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _made(folder: Path) -> Path | None:
    """Make a folder; None where it is there already."""
    if folder.is_dir():
        return None
    folder.mkdir(parents=True)
    return folder


@contextmanager
def _beside(target: Path, text: bytes) -> Iterator[Path]:
    """A temporary file in the target's folder, with the target's mode."""
    with wholefile.beside(target, text) as temporary:
        temporary.chmod(_mode(target))
        yield temporary


def _mode(target: Path) -> int:
    with suppress(FileNotFoundError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return NEW_FILE_MODE & ~mask


def _demand_unchanged(path: Path, before: bytes | None) -> None:
    try:
        now = path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != before:
        raise UsageError(
            f"{path} has changed meanwhile",
            why="it is not what was read before; nothing was written",
            do="run it again",
        )


def _put(
    waiting: Mapping[Path, Path], targets: Mapping[Path, Path], there: Mapping[Path, bytes | None]
) -> None:
    """Put the files in place; when one cannot be, put back those before it."""
    done: list[Path] = []
    try:
        for path, temporary in waiting.items():
            done.append(path)
            temporary.replace(targets[path])
    except BaseException:
        for path in reversed(done):
            _put_back(targets[path], there.get(path))
        raise


def _put_back(target: Path, before: bytes | None) -> None:
    with suppress(OSError):
        if before is None:
            target.unlink(missing_ok=True)
        else:
            with _beside(target, before) as temporary:
                temporary.replace(target)
