"""Decoding many files: here, or in processes of their own when there is much to do.

A worker is told its work through a pipe and ends when the pipe does, so that none outlives us.
Ctrl-C reaches us alone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

import pyarrow as pa

from vaultaws.errors import LocalStateError
from vaultaws.trail.sources import batches
from vaultaws.trail.sources.decode import decode
from vaultaws.trail.sources.faults import Fault
from vaultaws.trail.sources.files import content
from vaultaws.trail.sources.layout import SourceFile
from vaultaws.trail.sources.record import once
from vaultaws.trail.tables import EVENTS

PROCESSES: Final = min(4, os.cpu_count() or 1)
"""Each takes some 250 MiB, so not one a core where there are many."""
TASK_BYTES: Final = 192 << 20
"""JSON of one task, about: some 150,000 events, so that a worker stays below 400 MiB."""
TASK_FILES: Final = 500
_PACKING: Final = 10
"""How much larger a log file becomes when it is unpacked, about."""
_END_SECONDS: Final = 10.0

Content = bytes | Fault


@dataclass(frozen=True)
class Task:
    """Files of one day that make one batch. `contents` are their bytes, None for local files."""

    files: tuple[SourceFile, ...]
    day: date | None = None
    contents: tuple[Content, ...] | None = None

    @property
    def bytes(self) -> int:
        """How much JSON that is, about."""
        return sum(map(unpacked_bytes, self.files))


@dataclass(frozen=True)
class Done:
    """What came of a task: a batch, or where none could be written a table and why.

    `faults` are those of files that were not read at all; they are not kept.
    """

    files: int
    batch: batches.Batch | None = None
    events: pa.Table | None = None
    faults: tuple[Fault, ...] = ()
    problem: str = ""


def unpacked_bytes(file: SourceFile) -> int:
    """How much JSON a file holds, about."""
    return file.size * (_PACKING if file.name.endswith(".gz") else 1)


def tasks(files: Iterable[SourceFile]) -> Iterator[Task]:
    """Divide files into tasks, each of one day."""
    days: dict[date | None, list[SourceFile]] = {}
    for file in files:
        days.setdefault(file.day, []).append(file)
    for day in sorted(days, key=lambda day: day or date.min):
        some: list[SourceFile] = []
        size = 0
        for file in days[day]:
            if some and (len(some) >= TASK_FILES or size + unpacked_bytes(file) > TASK_BYTES):
                yield Task(tuple(some), day)
                some, size = [], 0
            some.append(file)
            size += unpacked_bytes(file)
        yield Task(tuple(some), day)


def do(task: Task, directory: Path | None) -> Done:
    """Decode the files of a task into one batch. A disk that is full is told, not raised."""
    tables: list[pa.Table] = []
    faults: list[Fault] = []
    lost: list[Fault] = []
    keys: list[batches.Key] = []
    for at, file in enumerate(task.files):
        data = content(file) if task.contents is None else task.contents[at]
        if isinstance(data, Fault):
            lost.append(data)
            continue
        read = decode(data, file.name, file.place)
        tables.append(read.events)
        faults += read.faults
        keys.append(file.key)
    events = once(pa.concat_tables([EVENTS.empty_table(), *tables]))
    number = len(task.files)
    if directory is None:
        return Done(number, None, events, (*faults, *lost))
    try:
        batch = batches.save(directory, task.day, keys, faults, events)
    except OSError as error:
        why = error.strerror or str(error)
        return Done(number, None, events, (*faults, *lost), why)
    return Done(number, batch, faults=tuple(lost))


def all_done(work: Iterable[Task], directory: Path | None, processes: int) -> Iterator[Done]:
    """Do tasks, in so many processes, or here for 0. Yields in the order of their ends.

    Raises LocalStateError when a process was ended from outside.
    """
    if not processes:
        yield from (do(task, directory) for task in work)
        return
    with ExitStack() as later:
        waiting = iter(work)
        busy: dict[Connection, _Worker] = {}
        for _ in range(processes):
            task = next(waiting, None)
            if task is None:
                break
            worker = _Worker(directory)
            later.callback(worker.end)
            worker.pipe.send(task)
            busy[worker.pipe] = worker
        while busy:
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]  # wait returns what it was given
                done = worker.answer()
                task = next(waiting, None)
                if task is None:
                    del busy[worker.pipe]
                else:
                    worker.pipe.send(task)
                yield done


class _Worker:
    def __init__(self, directory: Path | None) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, directory), daemon=True)
        resource_tracker.ensure_running()  # else its start, within this one, lets SIGINT through
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()

    def answer(self) -> Done:
        try:
            answer: Done = self.pipe.recv()
        except EOFError:
            self._process.join(_END_SECONDS)
            raise LocalStateError(
                "a process that was reading log files has ended",
                why=f"it was ended from outside (exit status {self._process.exitcode})",
                do="look whether the machine has run out of memory, then run again",
            ) from None
        return answer

    def end(self) -> None:
        self.pipe.close()
        self._process.terminate()
        self._process.join(_END_SECONDS)


def _serve(pipe: Connection, directory: Path | None) -> None:
    """A worker's life."""
    while True:
        try:
            task: Task = pipe.recv()
            pipe.send(do(task, directory))
        except (EOFError, OSError):
            return
