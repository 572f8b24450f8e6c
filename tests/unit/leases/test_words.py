"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vaultaws.leases.words import at

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "form"), [(1, "%H:%M"), (23, "%H:%M"), (31, "%Y-%m-%d %H:%M")])
def test_a_day_is_named_when_it_is_another_one(hours: int, form: str) -> None:
    moment = NOW + timedelta(hours=hours)
    assert at(moment, NOW) == moment.astimezone().strftime(form)
