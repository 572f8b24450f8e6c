"""Where log files go: a directory, and the buckets of the trails that log at the moment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from vaultaws.local.aws.moto_door import LOCK
from vaultaws.local.aws.trail.records import GLOBAL_REGION, GLOBAL_SERVICES
from vaultaws.local.aws.trail.store import TrailEvent

CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
STS: Final = "sts.amazonaws.com"
_GLOBAL_SOURCES: Final = frozenset(f"{service}.amazonaws.com" for service in GLOBAL_SERVICES)


class Target(Protocol):
    """A place for log files. Hashable, and equal where the place is the same."""

    @property
    def name(self) -> str:
        """Says which place it is, in messages."""
        ...

    def wants(self, event: TrailEvent) -> bool:
        """Whether the event belongs there."""
        ...

    def write(self, key: str, body: bytes) -> None:
        """Put a whole file there, or raise and leave nothing."""
        ...


@dataclass(frozen=True)
class DirectoryTarget:
    """Every event, under `root`. A reader sees whole files only."""

    root: Path

    @property
    def name(self) -> str:
        return str(self.root)

    def wants(self, event: TrailEvent) -> bool:
        return True

    def write(self, key: str, body: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.tmp")
        try:
            unfinished.write_bytes(body)
            os.replace(unfinished, path)  # noqa: PTH105  (replaces in one step on every system)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class BucketTarget:
    """The bucket of one trail, in moto's S3."""

    account_id: str
    bucket: str
    prefix: str
    home_region: str
    multi_region: bool
    global_events: bool
    partition: str

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}"

    def wants(self, event: TrailEvent) -> bool:
        if event.account_id != self.account_id:
            return False
        if event.source in _GLOBAL_SOURCES:
            return self.global_events
        if self.multi_region or event.region == self.home_region:
            return True
        return self.global_events and event.source == STS and event.region == GLOBAL_REGION

    def write(self, key: str, body: bytes) -> None:
        from moto.s3.models import s3_backends

        whole = f"{self.prefix.strip('/')}/{key}" if self.prefix.strip("/") else key
        with LOCK:
            s3_backends[self.account_id][self.partition].put_object(self.bucket, whole, body)


class TrailTargets:
    """Finds the targets of an event: the directory, if any, and the trails that log right now.

    moto's trails are read again only after a call that may have changed them.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = (DirectoryTarget(directory),) if directory else ()
        self._trails: dict[str, tuple[Target, ...]] = {}

    def __call__(self, event: TrailEvent) -> tuple[Target, ...]:
        if event.source == CLOUDTRAIL and not event.read_only:
            self._read_again(event.account_id)
        trails = self._trails.get(event.account_id, ())
        return self._directory + tuple(trail for trail in trails if trail.wants(event))

    def _read_again(self, account_id: str) -> None:
        self._trails[account_id] = tuple(dict.fromkeys(logging_trails(account_id)))


def logging_trails(account_id: str) -> list[BucketTarget]:
    """The trails of moto's CloudTrail that were told to log, as they stand."""
    from moto.cloudtrail.models import cloudtrail_backends

    with LOCK:
        return [
            _bucket_target(account_id, trail)
            for backend in cloudtrail_backends[account_id].values()
            for trail in backend.trails.values()
            if trail.status.is_logging
        ]


def _bucket_target(account_id: str, trail: Any) -> BucketTarget:
    return BucketTarget(
        account_id=account_id,
        bucket=trail.bucket_name,
        prefix=trail.s3_key_prefix or "",
        home_region=trail.region_name,
        multi_region=bool(trail.is_multi_region),
        global_events=bool(trail.include_global_service_events),
        partition=trail.partition,
    )
