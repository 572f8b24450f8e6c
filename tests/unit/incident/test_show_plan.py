"""A plan as a person reads it: who, what, what else it costs, and how to undo it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from tests.support.incidents import (
    AT,
    OPS,
    PLACE,
    ROOT_USER,
    key,
    picture,
    pictures,
    scopes,
    token,
    user,
)
from vaultaws.incident.document import document
from vaultaws.incident.model import Case, Progress, Scope, StepState
from vaultaws.incident.picture import Login, Picture
from vaultaws.incident.plan import plan
from vaultaws.incident.show import MOST_LINES, Shown, done_text, plan_text
from vaultaws.model import CredentialType

BEN = Scope(person="ben", since=AT - timedelta(hours=1, minutes=31, seconds=7))
BORN = token(
    9,
    lease_id="",
    role="",
    holder=OPS,
    credential_type=CredentialType.ASSUMED_ROLE,
    parent_key=key(1),
    made_by="AssumeRole",
)


def shown(scope: Scope, seen: Picture) -> Shown:
    return Shown("2026-11-21-ben", scope, PLACE, plan(scope, seen), seen)


def test_the_sketch() -> None:
    seen = picture(
        *(token(number) for number in (1, 2, 3)),
        user(4),
        user(5, lease_id="aws/creds/reader/5"),
        BORN,
        logins=(Login("7f3a2c11-0000", "ben"),),
        accessors=("a1", "a2"),
        others={ROOT_USER: 2},
    )
    text = plan_text(shown(BEN, seen)).splitlines()
    short = f"{key(1)[:4]}…{key(1)[-3:]}"
    vault = "deny tokens issued before now on user vault-root"
    others = "every other holder of one must fetch again: 2 people"
    prove = "2 canaries (federation_token, iam_user) issued before the cut"
    head = "Plan for ben (entity 7f3a2c11…), everything since 2026-11-21 08:00Z"
    assert text == [
        f"{head} · 2 roles · 5 credentials · 1 descendant",
        "  1 stop issuing     disable entity 7f3a2c11…, revoke 2 login tokens",
        "  2 cut in AWS now   deny tokens issued before now on role Ops   (1 assumed-role session)",
        f"{' ' * 21}{vault}   (3 federation tokens; {others})",
        "                     deny and deactivate 2 IAM users",
        f"                     follow {short} → AssumeRole Ops → {key(9)[:4]}…{key(9)[-3:]}",
        "  3 revoke in Vault  5 leases under aws/creds, aws/sts",
        "                     delete what Vault leaves of 2 IAM users",
        f"  4 prove            {prove}, for vaultaws incident verify",
        "Takes about 4 s. Undo: vaultaws incident lift 2026-11-21-ben.",
    ]


@given(scopes, pictures)
def test_nothing_that_a_terminal_obeys_comes_through(scope: Scope, seen: Picture) -> None:
    evil = [replace(s, user=s.user and "evil\x1b[2J\n", made_by="x\r") for s in seen.suspects]
    notes = ("a note\x1b[31m",)
    seen = replace(seen, suspects=tuple(evil), notes=notes, acts=("y\x07",), blind={"aws": "z\x08"})
    made = shown(scope, seen)
    assert plan_text(made).replace("\n", "").isprintable()
    case = Case("x", AT, "ada", scope, PLACE, seen.suspects, made.plan.steps)
    why = {step.id: Progress(StepState.FAILED, AT, why="no\x1b") for step in made.plan.steps}
    assert done_text(made, replace(case, progress=why)).replace("\n", "").isprintable()


@given(scopes, pictures)
def test_machines_get_plain_json(scope: Scope, seen: Picture) -> None:
    made = shown(scope, seen)
    found = json.loads(json.dumps(document(made, dry_run=True)))
    assert len(found["steps"]) == len(made.plan.steps)
    assert len(found["credentials"]) == len(seen.suspects)


def test_long_lists_are_cut_for_people_and_whole_for_machines() -> None:
    born = [
        user(n, user=f"u{n}", parent_key=key(1), made_by="CreateUser", lease_id="", role="")
        for n in range(100)
    ]
    made = shown(Scope(key=key(1)), picture(*born))
    text = plan_text(made)
    assert text.count("deny and deactivate the user") == MOST_LINES
    assert f"… and {100 - MOST_LINES} more" in text
    assert len(document(made, dry_run=True)["steps"]) == 100


def test_what_failed_and_what_is_left_are_told_once_with_the_next_command() -> None:
    made = shown(BEN, picture(token(1), user(2), logins=(Login("e1", "ben"),)))
    steps = made.plan.steps
    progress = {step.id: Progress(StepState.FAILED, AT, why="no: why") for step in steps}
    case = Case("2026-11-21-ben", AT, "ada", BEN, PLACE, (), steps, progress, cut_at=AT)
    text = done_text(replace(made, case=case, left=steps), case)
    assert text.startswith(f"2026-11-21-ben (ben): {len(steps)} steps left; tokens issued before")
    assert f"and {len(steps) - 1} more: no: why" in text
    assert text.endswith("go on: vaultaws incident contain --resume 2026-11-21-ben")
    lifted = {**progress, steps[0].id: Progress(StepState.UNDONE, AT)}
    being_lifted = replace(case, progress=lifted)  # so --again is wanted
    text = done_text(replace(made, case=being_lifted, left=steps), being_lifted)
    assert text.endswith("contain --resume 2026-11-21-ben --again")
    gone = replace(case, progress={s.id: Progress(StepState.DONE, AT) for s in steps})
    assert "prove it: vaultaws incident verify" in done_text(replace(made, case=gone), gone)
