from __future__ import annotations

from collections import Counter
from threading import Thread

import pytest

from tests.support.calls import a_call
from vaultaws.local.aws.faults import (
    ChanceFaults,
    FaultKind,
    FaultSettings,
    OrderedFault,
    fault_error,
)


def test_without_settings_nothing_fails() -> None:
    faults = ChanceFaults()
    assert [faults.draw(a_call()) for _ in range(100)] == [None] * 100
    assert faults.drawn == 0


def test_at_rate_one_everything_fails() -> None:
    faults = ChanceFaults(FaultSettings(rate=1), seed=1)
    assert all(faults.draw(a_call()) for _ in range(100))
    assert faults.drawn == 100


def test_the_same_seed_fails_the_same_calls() -> None:
    def run(seed: int) -> list[str]:
        faults = ChanceFaults(FaultSettings(rate=0.3), seed=seed)
        return [str(faults.draw(a_call())) for _ in range(200)]

    assert run(5) == run(5)
    assert run(5) != run(6)


def test_about_as_many_fail_as_the_rate_says_and_of_every_kind() -> None:
    faults = ChanceFaults(FaultSettings(rate=0.2), seed=3)
    drawn = Counter(e.code for e in (faults.draw(a_call()) for _ in range(2_000)) if e)
    assert 300 < drawn.total() < 500
    assert set(drawn) == {"Throttling", "InternalFailure", "ServiceUnavailable"}


def test_only_the_named_services_and_operations_fail() -> None:
    settings = FaultSettings(
        rate=1, services=frozenset({"iam"}), operations=frozenset({"CreateUser"})
    )
    faults = ChanceFaults(settings)
    assert faults.draw(a_call("iam", "CreateUser"))
    assert faults.draw(a_call("iam", "DeleteUser")) is None
    assert faults.draw(a_call("sts", "CreateUser")) is None


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("query", {("Throttling", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503)}),
        ("ec2", {("RequestLimitExceeded", 503), ("InternalError", 500), ("Unavailable", 503)}),
        (
            "json",
            {("ThrottlingException", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503)},
        ),
        (
            "rest-json",
            {("ThrottlingException", 429), ("InternalFailure", 500), ("ServiceUnavailable", 503)},
        ),
        ("rest-xml", {("SlowDown", 503), ("InternalError", 500), ("ServiceUnavailable", 503)}),
        ("new", {("Throttling", 400), ("InternalFailure", 500), ("ServiceUnavailable", 503)}),
    ],
)
def test_each_protocol_has_its_own_codes(protocol: str, expected: set[tuple[str, int]]) -> None:
    errors = [fault_error(kind, protocol) for kind in FaultKind]
    assert {(error.code, error.status) for error in errors} == expected
    assert all(error.message for error in errors)


def test_orders_come_first_in_turn_and_once_each() -> None:
    faults = ChanceFaults()
    faults.order(OrderedFault(FaultKind.THROTTLE, operation="CreateUser"), times=2)
    faults.order(OrderedFault(FaultKind.INTERNAL, service="sts"))
    assert faults.ordered == 3
    assert faults.draw(a_call("iam", "DeleteUser")) is None
    internal = faults.draw(a_call("sts", "GetCallerIdentity"))
    assert internal is not None
    assert internal.code == "InternalFailure"
    drawn = [faults.draw(a_call("iam", "CreateUser")) for _ in range(3)]
    assert [error.code if error else None for error in drawn] == ["Throttling"] * 2 + [None]
    assert faults.ordered == 0


def test_threads_take_each_order_once() -> None:
    faults = ChanceFaults()
    faults.order(OrderedFault(FaultKind.THROTTLE), times=500)

    def draw() -> None:
        for _ in range(100):
            faults.draw(a_call())

    threads = [Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (faults.drawn, faults.ordered) == (500, 0)
