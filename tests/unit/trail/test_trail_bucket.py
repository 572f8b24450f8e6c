"""A trail's bucket as a source, on a local AWS that delivers log files as AWS does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.aws_clients import REGION, a_user, allow, client, deny
from tests.support.log_files import a_record, log_name, packed
from vaultaws.aws.objects import Bucket
from vaultaws.aws.pace import Pace, Rate
from vaultaws.errors import AwsError, UsageError
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials
from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.bucket import BucketSource, source_of
from vaultaws.trail.sources.events import Events, FolderSource, Source, open_events
from vaultaws.trail.sources.faults import FaultKind
from vaultaws.trail.sources.files import Listing
from vaultaws.trail.sources.layout import Days
from vaultaws.trail.sources.work import Task

NAME = "the-logs"
WINDOW = Window(datetime(2026, 11, 21, 7, tzinfo=UTC), datetime(2026, 11, 21, 9, tzinfo=UTC))
AT = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        yield aws


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    made = client(aws, "s3")
    made.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})
    return made


def bucket(aws: LocalAws, key: Credentials | None = None) -> Bucket:
    pace = Pace(rate=Rate(500.0), deadline_seconds=20.0)
    return Bucket(NAME, pace=pace, credentials=key or aws.admin, region=REGION)


def put(s3: Any, unique: str, *numbers: int, at: datetime = AT, prefix: str = "") -> str:
    key = prefix + log_name(at, unique)
    s3.put_object(Bucket=NAME, Key=key, Body=packed(*map(a_record, numbers)))
    return key


def opened(source: Source, cache: Path, **more: Any) -> Events:
    return open_events(source, WINDOW, cache=cache, **{"processes": 0, **more})


def ids(events: Events) -> list[str]:
    found: list[str] = events.table["event_id"].to_pylist()
    for path in events.paths:
        found += pq.read_table(path, columns=["event_id"])["event_id"].to_pylist()
    return sorted(found)


@pytest.mark.parametrize("prefix", ["", "org/trail/"])
def test_only_the_days_needed_are_fetched_and_once(
    aws: LocalAws, s3: Any, tmp_path: Path, prefix: str
) -> None:
    for day in range(19, 25):
        put(s3, f"d{day}", day, at=AT.replace(day=day), prefix=prefix)
    s3.put_object(Bucket=NAME, Key=f"{prefix}AWSLogs/notes.txt", Body=b"")
    s3.put_object(Bucket=NAME, Key=f"{prefix}AWSLogs/1/CloudTrail-Digest/x.json.gz", Body=b"x")
    source = BucketSource(bucket(aws), prefix)
    first = opened(source, tmp_path)
    assert (ids(first), first.decoded) == (["id-21", "id-22"], 2)
    assert first.notes == ("1 file that is no log file was left out",)
    put(s3, "more", 5, prefix=prefix)
    again = opened(source, tmp_path, processes=2, much_bytes=0)
    assert (ids(again), again.decoded, again.files) == (["id-21", "id-22", "id-5"], 1, 3)


def test_a_prefix_inside_the_layout_and_a_single_object(
    aws: LocalAws, s3: Any, tmp_path: Path
) -> None:
    key = put(s3, "a", 1)
    put(s3, "b", 2)
    inside = key.rsplit("/", 3)[0]  # up to the month
    assert ids(opened(BucketSource(bucket(aws), inside), tmp_path)) == ["id-1", "id-2"]
    assert ids(opened(BucketSource(bucket(aws), key), tmp_path)) == ["id-1"]


def test_what_the_local_trail_delivers_is_read_back(aws: LocalAws, s3: Any, tmp_path: Path) -> None:
    control = ControlClient(aws.endpoint, aws.control_token)
    control.configure(trail_duplicates=0.5)
    trail = client(aws, "cloudtrail")
    trail.create_trail(Name="main", S3BucketName=NAME, S3KeyPrefix="p", IsMultiRegionTrail=True)
    trail.start_logging(Name="main")
    for number in range(20):
        client(aws, "iam").create_user(UserName=f"vault-{number}")
    control.flush()
    now = datetime.now(UTC)
    window = Window(now - timedelta(hours=1), now)
    found = open_events(BucketSource(bucket(aws), "p"), window, cache=tmp_path)
    rows = [row for path in found.paths for row in pq.read_table(path).to_pylist()]
    made = sorted(row["target"] for row in rows if row["name"] == "CreateUser")
    assert made == sorted(f"vault-{number}" for number in range(20))
    assert (len(found.faults), {row["account"] for row in rows}) == (0, {aws.account_id})


def test_an_object_that_vanishes_is_counted(aws: LocalAws, s3: Any, tmp_path: Path) -> None:
    put(s3, "a", 1)
    key = put(s3, "b", 2)

    source = BucketSource(bucket(aws))
    listing = source.listed(Days.of(WINDOW))
    s3.delete_object(Bucket=NAME, Key=key)
    found = opened(Listed(source, listing), tmp_path)
    assert (ids(found), found.faults.counts()) == (["id-1"], {FaultKind.GONE: 1})


@dataclass(frozen=True)
class Listed:
    """A bucket as it was when it was listed."""

    source: BucketSource
    listing: Listing

    @property
    def name(self) -> str:
        return self.source.name

    def listed(self, days: Days) -> Listing:
        return self.listing

    def filled(self, work: Iterable[Task]) -> Iterator[Task]:
        return self.source.filled(work)


def test_an_object_that_is_shut_is_counted_and_all_of_them_are_an_error(
    aws: LocalAws, s3: Any, tmp_path: Path
) -> None:
    put(s3, "a", 1)
    key = put(s3, "b", 2)
    everything = allow("s3:*")
    one = a_user(
        aws, "one", everything, deny("s3:GetObject", resource=f"arn:aws:s3:::{NAME}/{key}")
    )
    found = opened(BucketSource(bucket(aws, one)), tmp_path / "1")
    assert (ids(found), found.faults.is_partial) == (["id-1"], True)
    (fault,) = found.faults.of(FaultKind.UNREADABLE)
    assert (fault.file, fault.detail) == (f"s3://{NAME}/{key}", "AccessDenied")
    none = a_user(aws, "none", everything, deny("s3:GetObject"))
    with pytest.raises(AwsError, match="refused to read an object") as error:
        opened(BucketSource(bucket(aws, none)), tmp_path / "2")
    assert error.value.code == "AccessDenied"


def test_a_bucket_that_may_not_be_listed_or_is_not_there_is_an_error(
    aws: LocalAws, s3: Any, tmp_path: Path
) -> None:
    nobody = a_user(aws, "nobody", allow("s3:GetObject"))
    with pytest.raises(AwsError, match=f"refused to list the bucket {NAME}"):
        opened(BucketSource(bucket(aws, nobody)), tmp_path)
    s3.delete_bucket(Bucket=NAME)
    with pytest.raises(AwsError) as error:
        opened(BucketSource(bucket(aws)), tmp_path)
    assert error.value.code == "NoSuchBucket"


def test_throttles_and_failures_are_waited_out(aws: LocalAws, s3: Any, tmp_path: Path) -> None:
    for number in range(10):
        put(s3, f"p{number}", number)
    control = ControlClient(aws.endpoint, aws.control_token)
    control.configure(fault_rate=0.2, fault_services=["s3"])
    found = opened(BucketSource(bucket(aws)), tmp_path)
    assert (len(ids(found)), len(found.faults)) == (10, 0)


def test_a_source_by_its_name() -> None:
    assert source_of("/some/where") == FolderSource(Path("/some/where"))
    asked: list[str] = []

    def opening(name: str) -> Any:
        asked.append(name)
        return Bucket(name, region=REGION)

    source = source_of("s3://logs/AWSLogs/1", opening)
    assert (source.name, asked) == ("s3://logs/AWSLogs/1", ["logs"])
    with pytest.raises(UsageError, match="names no bucket"):
        source_of("s3:///x", opening)
