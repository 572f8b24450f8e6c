"""A queue as a source: deleted when kept and not before, poison left, old days swept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import client
from tests.support.log_files import a_record
from vaultaws.aws.queue import Message, Queue
from vaultaws.errors import AwsError, LocalStateError
from vaultaws.local.aws.serve import LocalAws
from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.events import FolderSource, open_events
from vaultaws.trail.sources.queue import drain, record_of, sweep

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(hours=3), NOW)


def body(number: int) -> str:
    record: Any = a_record(number)
    return json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": record})


@dataclass
class MemoryQueue:
    """Gives two at once; what is not deleted comes again when all the others have come."""

    bodies: list[str]
    deleted: list[str] = field(default_factory=list)
    given: int = 0
    shut: bool = False

    def receive(self) -> tuple[Message, ...]:
        some = self.bodies[self.given : self.given + 2]
        found = tuple(
            Message(str(self.given + number), text, str(self.given + number))
            for number, text in enumerate(some)
        )
        self.given += len(some)
        return found

    def delete(self, messages: Sequence[Message]) -> None:
        if self.shut:
            raise AwsError("AWS refused to delete", why="no", do="allow it")
        self.deleted += [message.id for message in messages]


def rows(folder: Path) -> int:
    return open_events(FolderSource(folder), WINDOW, cache=None).rows


def test_events_are_kept_then_deleted_and_poison_is_left(tmp_path: Path) -> None:
    queue = MemoryQueue([body(1), "{", body(2), "[]", '{"detail":{}}', body(3)])
    found = drain(queue, tmp_path, lambda: NOW)
    assert (found.events, found.poison, found.more) == (3, 3, False)
    assert queue.deleted == ["0", "2", "5"]
    assert found.lost() == (
        "3 messages of the queue are no event of CloudTrail, and left for its dead-letter queue",
    )
    assert rows(tmp_path) == 3


def test_what_cannot_be_kept_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "CloudTrail").write_text("in the way")
    queue = MemoryQueue([body(1)])
    with pytest.raises(LocalStateError):
        drain(queue, tmp_path, lambda: NOW)
    assert queue.deleted == []


def test_what_was_kept_and_not_deleted_comes_twice_and_counts_once(tmp_path: Path) -> None:
    with pytest.raises(AwsError):
        drain(MemoryQueue([body(1)], shut=True), tmp_path, lambda: NOW)
    drain(MemoryQueue([body(1)]), tmp_path, lambda: NOW)
    assert rows(tmp_path) == 1


def test_a_queue_that_has_more_says_so(tmp_path: Path) -> None:
    found = drain(MemoryQueue([body(n) for n in range(1200)]), tmp_path, lambda: NOW, most=600)
    assert (found.events, found.more) == (1000, True)
    assert found.lost() == ("the queue has more messages than one round takes",)


def moment_before(days: int) -> datetime:
    return NOW - timedelta(days=days)


def test_old_days_are_swept(tmp_path: Path) -> None:
    for days in (0, 1, 2):
        drain(MemoryQueue([body(days)]), tmp_path, partial(moment_before, days))
    sweep(tmp_path, (NOW - timedelta(days=1)).date())
    assert len(list(tmp_path.rglob("*.json.gz"))) == 2


@pytest.mark.parametrize(
    "change", [{"recipientAccountId": "../../etc"}, {"awsRegion": "a/b"}, {"eventVersion": "9"}]
)
def test_a_record_that_would_lead_elsewhere_is_poison(change: dict[str, str]) -> None:
    record: Any = a_record(1)
    assert record_of(json.dumps({"detail": record})) == record
    assert record_of(json.dumps({"detail": {**record, **change}})) is None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
        yield aws


def test_a_real_queue_is_emptied(aws: LocalAws, tmp_path: Path) -> None:
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="trail")["QueueUrl"]
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=body(number))
    queue = Queue(url, credentials=aws.admin)
    assert drain(queue, tmp_path, lambda: NOW).events == 12
    assert rows(tmp_path) == 12
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    hidden = "ApproximateNumberOfMessagesNotVisible"
    assert (left["ApproximateNumberOfMessages"], left[hidden]) == ("0", "0")
    with pytest.raises(AwsError, match="AWS refused to receive from the queue"):
        drain(Queue(url + "-other", credentials=aws.admin), tmp_path, lambda: NOW)
