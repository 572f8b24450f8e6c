"""A case on disk: begun once, held by one, gone on from after any kill."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vaultaws.clock import SystemClock
from vaultaws.errors import LocalStateError, UsageError
from vaultaws.incident.entries import HEADER
from vaultaws.incident.journal import Cases
from vaultaws.incident.model import Place, Scope, Step, StepKind, StepState

PLACE = Place("https://vault.test:8200", "", "aws")
STEP = Step(StepKind.REVOKE_LEASE, "aws/creds/x/one")


@pytest.fixture
def cases(tmp_path: Path) -> Cases:
    return Cases(tmp_path / "incidents", SystemClock())


def opened(cases: Cases, name: str = "ben") -> None:
    with cases.opened(name, "token-ada", Scope(person="ben"), PLACE) as writer:
        writer.found((), (STEP,))
        writer.note(STEP, StepState.TRIED, before={"there": True})


def test_a_case_is_gone_on_from(cases: Cases) -> None:
    opened(cases)
    with cases.gone_on("ben") as (case, writer):
        assert case.state_of(STEP) is StepState.TRIED
        writer.note(STEP, StepState.DONE, evidence={"gone": True})
        writer.mark("cut", time=datetime(2026, 11, 21, tzinfo=UTC))
        writer.mark("contained")
    case = cases.read("ben")
    assert case.progress[STEP.id].before == {"there": True}
    assert case.state_of(STEP) is StepState.DONE
    assert case.cut_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert case.contained_at is not None
    assert cases.names() == ["ben"]


def test_all_cases_come_in_the_order_of_their_opening(cases: Cases) -> None:
    for name in ("ben", "adam"):
        opened(cases, name)
    assert [case.name for case in cases.all()] == cases.names() == ["ben", "adam"]


def test_one_process_at_a_time(cases: Cases) -> None:
    opened(cases)
    with cases.gone_on("ben"):
        other = Cases(cases._directory, SystemClock())
        with pytest.raises(LocalStateError, match="somebody works on"), other.gone_on("ben"):
            pass
        assert other.read("ben").name == "ben"


def test_a_name_is_taken_once(cases: Cases) -> None:
    opened(cases)
    with pytest.raises(LocalStateError, match="already"):
        opened(cases)


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 81, "a\nb"])
def test_a_name_cannot_lead_elsewhere(cases: Cases, name: str) -> None:
    with pytest.raises(UsageError):
        cases.read(name)


def test_a_line_torn_by_a_kill_is_cut_away(cases: Cases, tmp_path: Path) -> None:
    opened(cases)
    file = tmp_path / "incidents" / "ben.jsonl"
    whole = file.read_bytes()
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        if whole[:length].count(b"\n") < 2:
            assert not cases.exists("ben")
            assert cases.all() == []
            opened(cases)  # nothing was done in its name: it is begun anew
            assert len(cases.all()) == 1
            continue
        with cases.gone_on("ben") as (_, writer):
            writer.note(STEP, StepState.DONE)
        assert cases.read("ben").state_of(STEP) is StepState.DONE
    assert whole.startswith(HEADER)


def test_no_case_of_that_name(cases: Cases) -> None:
    with pytest.raises(UsageError, match="there is no incident ann"):
        cases.read("ann")
    assert cases.names() == []
