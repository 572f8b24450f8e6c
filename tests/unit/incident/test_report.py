"""The report: all that happened, nothing of a hostile name, no secret."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.judged import CUT, NOW, OPENED, PLACE, ROOT, case_of, deny_step, token, user
from vaultaws.incident.entries import Entry, Found, Marked, Noted, Opened
from vaultaws.incident.model import Progress, Scope, Step, StepKind, StepState
from vaultaws.incident.report import as_json, escaped, markdown, remains, report
from vaultaws.incident.timeline import timeline

LEASES = tuple(Step(StepKind.REVOKE_LEASE, f"aws/creds/reader/{number}") for number in range(5))
HOSTILE = "ben](http://evil.test)<script>|`x`\n# owned\x1b[2J @all **b** 1. www.evil.test"


def history() -> list[Entry]:
    lines: list[Entry] = [
        Opened("ben", OPENED, "token-ada", Scope(person="ben"), PLACE),
        Found(OPENED, (token(), user()), LEASES),
        Marked("cut", CUT),
    ]
    for number, step in enumerate(LEASES):
        at = CUT + timedelta(seconds=number)
        lines += [Noted(step.id, StepState.TRIED, at), Noted(step.id, StepState.DONE, at)]
    lines.append(Noted(LEASES[0].id, StepState.FAILED, NOW, why="still there"))
    lines.append(Marked("verified", NOW, {"passed": False, "dead": 1, "alive": 1}))
    return lines


def test_many_alike_are_one_line_of_the_timeline() -> None:
    found = timeline(history())
    assert [line.what for line in found] == [
        "the incident was opened",
        "2 credentials found",
        "5 steps planned",
        "the moment of the cut: tokens issued before it are denied",
        "revoke lease done",
        "revoke lease failed",
        "verified: not passed (1 dead, 1 alive, 0 unknown)",
    ]
    assert found[4].many == 5
    assert found[4].ends == CUT + timedelta(seconds=4)
    assert found[4].targets == [f"lease {step.target}" for step in LEASES[:3]]
    assert found[5].why == "still there"


def test_what_remains_names_all_that_is_not_at_its_end() -> None:
    failed = Progress(StepState.FAILED, NOW, why="throttled")
    steps = (deny_step(ROOT), LEASES[0])
    case = case_of(token(), user(), steps=steps, progress={LEASES[0].id: failed})
    kept = [
        {
            "name": token().name,
            "standing": "alive",
            "why": "used",
            "since": None,
            "until": (NOW + timedelta(hours=1)).isoformat(),
        }
    ]
    case = replace(
        case,
        verified_at=NOW,
        verified={"credentials": kept, "open": ["1 lease: still"], "strays": ["vault-x"]},
    )
    assert list(remains(case)) == [
        "ASIA0000000000000000: alive: used, ends by itself at 2026-11-21T10:40:00Z",
        "AKIA1111111111111111: not verified",
        "1 lease: still",
        "IAM user vault-x without a lease",
        "deny on user vault-root in AWS (vaultaws-incident-ben): in force until it is lifted",
        "lease aws/creds/reader/0: not done: throttled",
    ]


def test_a_hostile_name_is_only_a_name() -> None:
    case = replace(
        case_of(token(person=HOSTILE, role=HOSTILE)),
        opened_by=HOSTILE,
        scope=Scope(person=HOSTILE),
    )
    found = report(case, history(), NOW)
    text = markdown(found)
    assert "\x1b" not in text
    assert "<script" not in text.replace("\\<script", "")
    assert "](http" not in text.replace("\\]\\(http", "")
    assert "\n# owned" not in text
    widths = {
        line.count("|") - line.count("\\|")
        for line in text.splitlines()
        if line.startswith("| ASIA0")
    }
    assert widths == {8}
    handed = json.loads(json.dumps(as_json(found)))
    assert handed["credentials"][0]["person"] == HOSTILE
    assert handed["timeline"][4]["count"] == 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("aws/sts/reader_two", "aws/sts/reader_two"),
        ("_em_", "\\_em\\_"),
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ("- list", "\\- list"),
        ("12. list", "12\\. list"),
        ("http://x", "http\\://x"),
        ("www.x.test", "www\\.x.test"),
        ("a|b", "a\\|b"),
    ],
)
def test_only_what_means_something_is_escaped(text: str, wanted: str) -> None:
    assert escaped(text) == wanted
