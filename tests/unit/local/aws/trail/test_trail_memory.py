from __future__ import annotations

import tracemalloc

from tests.support.calls import NOON, SECRET, a_call, a_user, answered
from vaultaws.local.aws.trail.recorder import TrailRecorder
from vaultaws.local.aws.trail.store import EventStore

COUNT = 2_000


def test_the_store_counts_about_what_it_really_uses() -> None:
    """The bound is only as good as the count: it claims at least nine tenths of the truth."""
    store = EventStore()
    recorder = TrailRecorder(store.add)
    user = a_user()

    def record(number: int) -> None:
        name = f"user-{number}"
        key = {"UserName": name, "AccessKeyId": f"key-{number:016}", "SecretAccessKey": SECRET}
        outcome = answered(AccessKey=key | {"Status": "Active", "CreateDate": NOON})
        recorder.record(a_call("iam", "CreateAccessKey", {"UserName": name}), user, outcome)

    record(-1)
    claimed = store.stats().bytes
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(COUNT):
        record(number)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    claimed = store.stats().bytes - claimed
    assert claimed > 0.9 * (after - before)
