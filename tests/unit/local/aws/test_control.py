from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.calls import NOON, a_call, a_user, answered
from tests.support.local_parts import some_control
from vaultaws.local.aws.faults import FaultKind, OrderedFault
from vaultaws.local.aws.settings import LocalAwsSettings, SettingsError


def test_settings_reach_every_part() -> None:
    control, parts = some_control()
    control.configure(
        iam_delay=8,
        iam_jitter=0.5,
        iam_flap=True,
        trail_delay=20,
        trail_jitter=0.1,
        trail_interval=60,
        trail_duplicates=0.2,
        data_events=True,
        fault_rate=0.3,
        fault_services=["iam"],
        fault_operations=["CreateUser"],
        fault_kinds=["throttle"],
    )
    assert parts.propagation.settings.delay_seconds == 8
    assert (parts.propagation.settings.jitter, parts.propagation.settings.flap) == (0.5, True)
    assert parts.recorder.settings.delay_seconds == 20
    assert (parts.recorder.settings.jitter, parts.recorder.settings.data_events) == (0.1, True)
    assert parts.delivery.settings.interval_seconds == 60
    assert parts.delivery.settings.duplicate_rate == 0.2
    assert parts.faults.settings.rate == 0.3
    assert parts.faults.settings.services == {"iam"}
    assert parts.faults.settings.operations == {"CreateUser"}
    assert parts.faults.settings.kinds == (FaultKind.THROTTLE,)


def test_a_change_leaves_the_other_settings() -> None:
    control, _ = some_control()
    control.configure(iam_delay=8)
    assert control.configure(trail_delay=20) == LocalAwsSettings(iam_delay=8, trail_delay=20)


def test_one_wrong_setting_changes_nothing_and_every_fault_is_told() -> None:
    control, parts = some_control()
    with pytest.raises(SettingsError) as error:
        control.configure_all({"iam_delay": 8, "trail_delay": -1, "nonsense": 1})
    assert len(error.value.faults) == 2
    assert "trail_delay must be a number from 0 to 86400" in error.value.faults
    assert control.settings == LocalAwsSettings()
    assert parts.propagation.settings.delay_seconds == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iam_delay", "8"),
        ("iam_delay", True),
        ("iam_delay", float("nan")),
        ("iam_delay", float("inf")),
        ("iam_delay", 10**400),
        ("iam_jitter", 1.01),
        ("iam_flap", 1),
        ("trail_interval", 0),
        ("fault_rate", None),
        ("fault_services", "iam"),
        ("fault_services", ["a b"]),
        ("fault_services", ["a"] * 101),
        ("fault_operations", [1]),
        ("fault_kinds", []),
        ("fault_kinds", ["loud"]),
        ("fault_kinds", [["throttle"]]),
    ],
)
def test_wrong_values(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must be "):
        LocalAwsSettings().changed({name: value})


def test_moving_the_clock_delivers_what_comes_due(tmp_path: Path) -> None:
    control, parts = some_control(tmp_path)
    parts.recorder.record(a_call(), a_user(), answered())
    assert control.advance(299) == NOON + timedelta(seconds=299)
    assert parts.delivery.stats().files == 0
    control.set_clock(NOON + timedelta(seconds=300))
    assert parts.delivery.stats().files == 1
    parts.recorder.record(a_call(), a_user(), answered())
    assert control.flush() == 1


def test_stats_count_what_happened() -> None:
    control, parts = some_control()
    parts.recorder.record(a_call(), a_user(), answered())
    control.configure(iam_delay=60)
    parts.propagation.changed("key:a", None, control.now())
    control.fail_next(OrderedFault(FaultKind.THROTTLE), times=2)
    parts.faults.draw(a_call())
    control.advance(5)
    stats = control.stats()
    assert stats["events"]["events"] == 1
    assert stats["events"]["failed"] == 0
    assert stats["changes_under_way"] == 1
    assert stats["faults"] == {"drawn": 1, "ordered": 1}
    assert stats["clock_ahead_seconds"] == 5
    assert stats["delivery"]["pending"] == 0
