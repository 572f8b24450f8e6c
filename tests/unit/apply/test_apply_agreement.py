"""What was agreed to is what is written: the question, the saved plan, and what has changed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tests.support.planned import OBSERVED, planned, role_step
from vaultaws.cli import output
from vaultaws.cli.applying import Watcher, question
from vaultaws.cli.main import run
from vaultaws.errors import ConfigError
from vaultaws.plan import drift, saved
from vaultaws.plan.changes import Action, Change, Kind
from vaultaws.plan.saved import SavedPlan

SAVED = SavedPlan("vaultaws.toml", "http://127.0.0.1:8200", "team", "aws", "f1", prune=True)
GONE = role_step("old", Action.REMOVE)


def test_the_question_points_out_what_goes_for_good() -> None:
    observed = dataclasses.replace(OBSERVED, lease_counts=(("kept", 9), ("old", 5), ("x", None)))
    people = Change(Action.REMOVE, Kind.ACCESS, "contractors")
    plan = planned(role_step("new"), GONE, role_step("x", Action.REMOVE), people, observed=observed)
    assert question("http://127.0.0.1:8200", [plan]) == (
        "Apply to http://127.0.0.1:8200? 2 roles are removed; 1 access is removed; "
        "5 leases of them live on."
    )


def test_the_question_is_short_where_nothing_goes() -> None:
    plan = planned(role_step("new"))
    assert question("http://127.0.0.1:8200", [plan]) == "Apply to http://127.0.0.1:8200?"
    assert question("http://h:1", [plan, plan]) == "Apply 2 files to http://h:1?"


def test_the_same_plan_is_not_refused() -> None:
    counted = dataclasses.replace(role_step("a"), effects=("3 live leases keep the old policy",))
    drift.refuse_if_changed(planned(role_step("a")), planned(counted))


def test_what_has_changed_is_said_in_a_line() -> None:
    other = dataclasses.replace(role_step("b"), note="federation_token")
    shown = planned(role_step("a"), role_step("b"), fingerprint="1")
    now = planned(other, role_step("c"), fingerprint="2")
    with pytest.raises(drift.PlanChangedError) as refused:
        drift.refuse_if_changed(shown, now)
    assert refused.value.exit_code == 2
    assert refused.value.why == (
        "role c is to be written too, role a is no longer to be written, role b has changed; "
        "nothing was written"
    )


def test_a_change_beside_the_plan_refuses_too() -> None:
    with pytest.raises(drift.PlanChangedError, match="not as the plan saw it") as refused:
        drift.refuse_if_changed(planned(fingerprint="1"), planned(fingerprint="2"))
    assert "something that the plan leaves alone" in refused.value.why


def test_much_that_has_changed_is_counted() -> None:
    now = planned(*(role_step(f"r{number}") for number in range(10)), fingerprint="2")
    assert drift.difference(planned(), now).endswith("and 6 more")


def test_a_saved_plan_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(saved.encode(SAVED))
    assert saved.load(file) == SAVED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"version": 2}',
        b'{"version": 1}',
        json.dumps({"version": 1, **dataclasses.asdict(SAVED), "fingerprint": ""}).encode(),
        json.dumps({"version": 1, **dataclasses.asdict(SAVED), "prune": "yes"}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(body)
    with pytest.raises(ConfigError, match="is not a plan of vaultaws"):
        saved.load(file)


def test_a_plan_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        saved.load(tmp_path / "none.json")
    assert refused.value.why == "No such file or directory"


class Shown(output.Progress):
    """A progress line that keeps what it was told last."""

    words = ""

    @property
    def seconds(self) -> float:
        return 2.0

    def update(self, words: str) -> None:
        self.words = words


def test_progress_says_count_rate_and_time_left() -> None:
    progress = Shown()
    watcher = Watcher(progress, 1000)
    watcher.done(400, role_step("reader"))
    assert progress.words == "applying 400 of 1,000, 200/s, 3 s left, role reader"
    watcher.stopping()
    assert "Ctrl-C again" in progress.words


def test_a_plan_that_leaves_alone_is_not_pruned_on_the_side(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(saved.encode(dataclasses.replace(SAVED, prune=False)))
    assert run(["apply", "--plan", str(file), "--prune", "--yes"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: the plan was written without --prune, and --prune is said")
