from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.calls import ACCOUNT, NOON, HandClock, a_call, a_user, answered
from vaultaws.local.aws.trail.delivery import Delivery, DeliverySettings
from vaultaws.local.aws.trail.recorder import TrailRecorder, TrailSettings
from vaultaws.local.aws.trail.store import TrailEvent
from vaultaws.local.aws.trail.targets import BucketTarget, DirectoryTarget, TrailTargets

FILE_NAME = re.compile(
    rf"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20/"
    rf"{ACCOUNT}_CloudTrail_us-east-1_20261120T1200Z_[A-Za-z0-9]{{16}}\.json\.gz"
)


class Desk:
    """A recorder that hands to a delivery into a directory, on a clock the test moves."""

    def __init__(self, root: Path, *, trail_delay: float = 0.0, **more: Any) -> None:
        self.clock = HandClock()
        self.root = root
        self.delivery = Delivery(self.clock, TrailTargets(root), seed=5, **more)
        self.recorder = TrailRecorder(
            self.delivery.offer, settings=TrailSettings(delay_seconds=trail_delay)
        )

    def record(self, operation: str = "CreateUser", service: str = "iam", **more: Any) -> None:
        call = a_call(service, operation, time=self.clock.now(), **more)
        self.recorder.record(call, a_user(), answered())

    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def names(self) -> list[str]:
        return [record["eventName"] for file in self.files() for record in read(file)]


def read(path: Path) -> list[dict[str, Any]]:
    whole = json.loads(gzip.decompress(path.read_bytes()))
    assert list(whole) == ["Records"]
    records: list[dict[str, Any]] = whole["Records"]
    return records


def test_a_flush_writes_one_file_a_region_in_cloudtrails_layout(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.record("CreateUser")
    desk.record("DeleteUser")
    desk.record("RunInstances", "ec2", region="eu-west-2")
    assert desk.delivery.flush() == 2
    iam, ec2 = sorted(desk.files(), key=lambda path: "eu-west-2" in path.name)
    assert FILE_NAME.fullmatch(iam.relative_to(tmp_path).as_posix())
    assert [record["eventName"] for record in read(iam)] == ["CreateUser", "DeleteUser"]
    assert [record["eventName"] for record in read(ec2)] == ["RunInstances"]
    assert desk.delivery.flush() == 0


def test_the_interval_is_the_local_clocks(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.record()
    desk.clock.advance(299)
    assert desk.delivery.tick() == 0
    desk.clock.advance(1)
    assert desk.delivery.tick() == 1
    desk.record()
    assert desk.delivery.tick() == 0


def test_a_delivery_holds_back_what_is_not_visible_yet_and_a_flush_does_not(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, trail_delay=600)
    desk.record("CreateUser")
    desk.clock.advance(400)
    desk.record("DeleteUser")
    desk.clock.advance(200)
    desk.delivery.tick()
    assert desk.names() == ["CreateUser"]
    desk.delivery.flush()
    assert sorted(desk.names()) == ["CreateUser", "DeleteUser"]


def test_records_are_delivered_twice_when_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, settings=DeliverySettings(duplicate_rate=1))
    desk.record("CreateUser")
    assert desk.delivery.flush() == 2
    assert desk.names() == ["CreateUser", "CreateUser"]
    assert desk.delivery.stats().duplicates == 1


def test_large_batches_are_split_and_nothing_is_lost(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(5_001):
        desk.record()
    assert desk.delivery.flush() == 2
    assert len(desk.names()) == 5_001


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_pending=3)
    for number in range(5):
        desk.record(f"Op{number}")
    stats = desk.delivery.stats()
    assert (stats.pending, stats.dropped) == (3, 2)
    desk.delivery.flush()
    assert desk.names() == ["Op2", "Op3", "Op4"]


def test_a_failure_is_told_and_tried_again(tmp_path: Path) -> None:
    root = tmp_path / "logs"
    root.write_text("a file where the directory should be")
    desk = Desk(root)
    desk.record("CreateUser")
    assert desk.delivery.flush() == 0
    stats = desk.delivery.stats()
    assert (stats.failures, stats.pending, stats.records) == (1, 1, 0)
    assert "logs" in stats.last_error
    root.unlink()
    assert desk.delivery.flush() == 1
    assert desk.names() == ["CreateUser"]


def test_no_unfinished_file_is_left_behind(tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError, match=r".+"):
        target.write("taken", b"body")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_data_events_are_delivered_only_when_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for told in (False, True):
        desk.recorder.settings = TrailSettings(data_events=told)
        call = a_call("s3", "PutObject", {"Bucket": "b", "Key": f"told-{told}", "Body": b"x"})
        desk.recorder.record(call, a_user(), answered())
    desk.delivery.flush()
    ((record,),) = [read(path) for path in desk.files()]
    assert (record["eventCategory"], record["managementEvent"]) == ("Data", False)
    assert record["requestParameters"] == {
        "bucketName": "b",
        "key": "told-True",
        "Host": "s3.amazonaws.com",
    }


def test_without_a_place_nothing_is_kept() -> None:
    clock = HandClock()
    delivery = Delivery(clock, TrailTargets())
    TrailRecorder(delivery.offer).record(a_call(), a_user(), answered())
    assert delivery.stats().pending == 0


class TestTrails:
    """Trails that live in moto, with files put in moto's S3."""

    @pytest.fixture
    def moto_account(self) -> Iterator[str]:
        from moto.cloudtrail.models import cloudtrail_backends
        from moto.s3.models import s3_backends

        account = "210987654321"
        yield account
        s3_backends[account]["aws"].reset()
        for backend in cloudtrail_backends[account].values():
            backend.reset()

    def trail(self, account: str, **changes: Any) -> Any:
        from moto.cloudtrail.models import cloudtrail_backends
        from moto.s3.models import s3_backends

        s3_backends[account]["aws"].create_bucket("logs", "us-east-1")
        given = {
            "name": "main",
            "bucket_name": "logs",
            "s3_key_prefix": "kept/",
            "sns_topic_name": "",
            "is_global": True,
            "is_multi_region": True,
            "log_validation": False,
            "is_org_trail": False,
            "cw_log_group_arn": "",
            "cw_role_arn": "",
            "kms_key_id": "",
            "tags_list": [],
        } | changes
        return cloudtrail_backends[account]["us-east-1"].create_trail(**given)

    def keys(self, account: str) -> list[str]:
        from moto.s3.models import s3_backends

        return list(s3_backends[account]["aws"].buckets["logs"].keys)

    def test_only_while_the_trail_logs(self, moto_account: str) -> None:
        delivery = Delivery(HandClock(), TrailTargets())
        recorder = TrailRecorder(delivery.offer)
        user = a_user(account_id=moto_account)

        def record(service: str, operation: str) -> None:
            recorder.record(a_call(service, operation), user, answered())

        trail = self.trail(moto_account)
        record("cloudtrail", "CreateTrail")
        record("iam", "TooEarly")
        trail.start_logging()
        record("cloudtrail", "StartLogging")
        record("iam", "CreateUser")
        trail.stop_logging()
        record("cloudtrail", "StopLogging")
        record("iam", "TooLate")
        assert delivery.flush() == 1
        (key,) = self.keys(moto_account)
        assert key.startswith(f"kept/AWSLogs/{moto_account}/CloudTrail/us-east-1/")
        from moto.s3.models import s3_backends

        body = s3_backends[moto_account]["aws"].get_object("logs", key).value
        records = json.loads(gzip.decompress(body))["Records"]
        assert [record["eventName"] for record in records] == ["StartLogging", "CreateUser"]

    def test_a_bucket_that_is_gone_is_told_and_tried_again(self, moto_account: str) -> None:
        from moto.s3.models import s3_backends

        delivery = Delivery(HandClock(), TrailTargets())
        recorder = TrailRecorder(delivery.offer)
        self.trail(moto_account).start_logging()
        user = a_user(account_id=moto_account)
        recorder.record(a_call("cloudtrail", "StartLogging"), user, answered())
        s3 = s3_backends[moto_account]["aws"]
        s3.delete_bucket("logs")
        assert delivery.flush() == 0
        assert "s3://logs" in delivery.stats().last_error
        s3.create_bucket("logs", "us-east-1")
        assert delivery.flush() == 1


def an_event(service: str, region: str, account: str = ACCOUNT) -> TrailEvent:
    return TrailEvent(
        sequence=0,
        event_id="id",
        name="Any",
        source=f"{service}.amazonaws.com",
        account_id=account,
        region=region,
        read_only=False,
        management=True,
        user_name="",
        access_key_id="",
        time=NOON,
        visible_at=NOON + timedelta(),
        resources=(),
        record="{}",
    )


@pytest.mark.parametrize(
    ("multi", "with_global", "event", "wanted"),
    [
        (True, True, an_event("ec2", "eu-west-1"), True),
        (False, True, an_event("ec2", "eu-west-1"), False),
        (False, True, an_event("ec2", "eu-west-2"), True),
        (False, True, an_event("iam", "us-east-1"), True),
        (True, False, an_event("iam", "us-east-1"), False),
        (False, True, an_event("sts", "us-east-1"), True),
        (False, False, an_event("sts", "us-east-1"), False),
        (False, True, an_event("sts", "ap-south-1"), False),
        (True, True, an_event("ec2", "eu-west-2", "9" * 12), False),
    ],
)
def test_which_events_a_trail_wants(
    multi: bool, with_global: bool, event: TrailEvent, wanted: bool
) -> None:
    target = BucketTarget(
        account_id=ACCOUNT,
        bucket="b",
        prefix="",
        home_region="eu-west-2",
        multi_region=multi,
        global_events=with_global,
        partition="aws",
    )
    assert target.wants(event) is wanted
