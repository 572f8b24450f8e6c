"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vaultaws.leases.words import at, going

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "form"), [(1, "%H:%M"), (23, "%H:%M"), (31, "%Y-%m-%d %H:%M")])
def test_a_day_is_named_when_it_is_another_one(hours: int, form: str) -> None:
    moment = NOW + timedelta(hours=hours)
    assert at(moment, NOW) == moment.astimezone().strftime(form)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [
        (0, 1000, 0.0, "revoking: 0 of 1,000"),
        (0, 1000, 9.0, "revoking: 0 of 1,000"),
        (400, 1000, 4.0, "revoking: 400 of 1,000, 100 a second, about 6 s left"),
        (1, 3, 20.0, "revoking: 1 of 3, less than 1 a second, about 40 s left"),
        (1000, 1000, 10.0, "revoking: 1,000 of 1,000, 100 a second"),
        (0, 0, 1.0, "revoking: 0 of 0"),
    ],
)
def test_progress_has_count_rate_and_time_left(
    done: int, total: int, seconds: float, told: str
) -> None:
    assert going("revoking", done, total, seconds) == told
