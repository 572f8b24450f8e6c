"""CloudTrail's log files in an S3 bucket: listed by day, and fetched ahead of their decoding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from vaultaws.aws.objects import Bucket, MissingObjectError, ShutObjectError, StoredObject
from vaultaws.errors import AwsError, UsageError
from vaultaws.trail.sources.decode import LONGEST_BYTES
from vaultaws.trail.sources.events import FolderSource, Source
from vaultaws.trail.sources.faults import Fault, FaultKind
from vaultaws.trail.sources.files import Listing
from vaultaws.trail.sources.layout import (
    Days,
    SourceFile,
    is_digest,
    is_log,
    is_region,
    source_file,
)
from vaultaws.trail.sources.work import Content, Task

SCHEME: Final = "s3://"
_AT_ONCE: Final = 8
_TASKS_AHEAD: Final = 2


def source_of(text: str, open_bucket: Callable[[str], Bucket] = Bucket) -> Source:
    """Return the source that a person names: `s3://BUCKET[/PREFIX]`, or a directory.

    Raises UsageError for an address without a bucket.
    """
    if not text.startswith(SCHEME):
        return FolderSource(Path(text))
    name, _, prefix = text.removeprefix(SCHEME).partition("/")
    if not name:
        raise UsageError(
            f"{text} names no bucket",
            why="an address of S3 is s3://BUCKET/PREFIX",
            do="name the bucket of the trail",
        )
    return BucketSource(open_bucket(name), prefix)


@dataclass(frozen=True)
class BucketSource:
    """A bucket, or what is below a prefix of it. `prefix` may end in a slash or not."""

    bucket: Bucket
    prefix: str = ""

    @property
    def name(self) -> str:
        return f"{SCHEME}{self.bucket.name}/{self.prefix}"

    def listed(self, days: Days) -> Listing:
        """List what these days need, level by level. Raises AwsError."""
        found = _Found(self.bucket, days)
        start = self.prefix.strip("/")
        if start and not is_log(start.rsplit("/", 1)[-1]):
            start += "/"
        waiting = [start]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="listing") as pool:
            while waiting:
                below = []
                for folder in pool.map(self.bucket.folder, waiting):
                    found.take(folder.objects)
                    below += [inner for one in folder.folders for inner in _entered(one, days)]
                waiting = below
        files = tuple(sorted(found.files, key=lambda file: file.name))
        return Listing(files, others=found.others)

    def filled(self, work: Iterable[Task]) -> Iterator[Task]:
        """Fetch the files of some tasks ahead. What is gone or shut is a fault of that file.

        Raises AwsError for what stops all of them, and when not one of them could be read.
        """
        fetched = _Fetched(self.bucket)
        tasks = iter(work)
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetching")
        try:
            coming: deque[tuple[Task, list[Future[Content]]]] = deque()
            for task in islice(tasks, _TASKS_AHEAD):
                coming.append((task, [pool.submit(fetched.get, file) for file in task.files]))
            while coming:
                task, contents = coming.popleft()
                yield replace(task, contents=tuple(content.result() for content in contents))
                for more in islice(tasks, 1):
                    coming.append((more, [pool.submit(fetched.get, file) for file in more.files]))
            if fetched.shut and not fetched.read:
                raise fetched.shut[0]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Found:
    """The files of a listing so far."""

    bucket: Bucket
    days: Days
    files: list[SourceFile] = field(default_factory=list)
    others: int = 0

    def take(self, objects: Iterable[StoredObject]) -> None:
        for one in objects:
            name = one.key.rsplit("/", 1)[-1]
            if not name:
                continue  # a folder that a console made
            if not is_log(name):
                self.others += not is_digest(name)
                continue
            file = source_file(f"{SCHEME}{self.bucket.name}/{one.key}", one.size, one.etag)
            if self.days.need(file.day):
                self.files.append(file)


@dataclass
class _Fetched:
    bucket: Bucket
    read: int = 0
    shut: list[AwsError] = field(default_factory=list)

    def get(self, file: SourceFile) -> Content:
        key = file.name.removeprefix(f"{SCHEME}{self.bucket.name}/")
        try:
            data = self.bucket.get(key, LONGEST_BYTES + 1)
        except MissingObjectError:
            return Fault(FaultKind.GONE, file.name)
        except ShutObjectError as error:
            self.shut.append(error)
            return Fault(FaultKind.UNREADABLE, file.name, detail=error.code)
        self.read += 1
        return data


def _entered(folder: str, days: Days) -> Iterator[str]:
    """The prefixes to list next: a region's days at once, else the folder where it may hold any."""
    if is_region(folder):
        yield from (f"{folder}{day:%Y/%m/%d}/" for day in days.all())
    elif days.enter(folder.rstrip("/")):
        yield folder
