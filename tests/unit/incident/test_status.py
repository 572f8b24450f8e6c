"""Where a case stands, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.judged import NOW, OPENED, ROOT, canary_step, case_of, deny_step, token
from vaultaws.incident.model import Case, Progress, StepState
from vaultaws.incident.status import all_as_json, as_json, render, render_all, stands

DENY = deny_step(ROOT)
CONTAINED = case_of(token(), steps=(DENY,))
VERIFIED = replace(CONTAINED, verified_at=NOW, verified={"passed": True, "dead": 1})
FAILED = Progress(StepState.FAILED, OPENED, why="there is no room for the deny")


@pytest.mark.parametrize(
    ("case", "words", "after"),
    [
        (replace(CONTAINED, contained_at=None), "begun", "contain --resume ben"),
        (
            replace(CONTAINED, progress={DENY.id: FAILED}),
            "1 step left",
            "contain --resume ben",
        ),
        (CONTAINED, "contained, not verified", "verify ben"),
        (
            replace(VERIFIED, verified={"passed": False, "alive": 2, "open": ["x"]}),
            "2 alive, 1 more open",
            "verify ben",
        ),
        (VERIFIED, "proved dead", "lift ben"),
        (
            replace(VERIFIED, contained_at=NOW + timedelta(minutes=1)),
            "contained, not verified",
            "verify ben",
        ),
        (
            replace(VERIFIED, progress={DENY.id: Progress(StepState.UNDONE)}),
            "proved dead, partly lifted",
            "lift ben",
        ),
        (replace(VERIFIED, lifted_at=NOW), "lifted", "report ben"),
    ],
)
def test_each_standing_has_its_next_command(case: Case, words: str, after: str) -> None:
    found = stands(case)
    assert found.words == words
    assert found.next == f"vaultaws incident {after}"
    assert words in render_all([case], NOW)
    assert found.next in render(case, NOW)
    assert as_json(case)["next"] == found.next


def test_a_failure_is_said_with_its_reason_and_a_canary_is_no_step_left() -> None:
    canary = canary_step("federation_token", ROOT)
    case = replace(
        case_of(token(), steps=(DENY, canary)),
        progress={DENY.id: FAILED, canary.id: replace(FAILED, why="nothing is allowed")},
    )
    text = render(case, NOW)
    assert "deny on user vault-root in AWS: there is no room for the deny" in text
    assert "canary of reader user vault-root: nothing is allowed" in text
    found = as_json(case)
    assert found["left"] == [DENY.id]
    assert [each["why"] for each in found["failed"]] == [
        "there is no room for the deny",
        "nothing is allowed",
    ]


def test_none_is_said_plainly() -> None:
    assert render_all([], NOW) == "There is no incident on this machine."
    assert all_as_json([])["incidents"] == []
