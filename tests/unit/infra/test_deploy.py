"""How a deployment goes on: what it refuses, how it waits, what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from tests.support.machine import PlayedClock
from vaultaws.aws.errors import AwsUnreachableError
from vaultaws.aws.stacks import ChangeSet, Event, Output, Parameter, ResourceChange, Stack
from vaultaws.errors import AwsError, UsageError, WaitTimeoutError
from vaultaws.infra import stackwords
from vaultaws.infra.cloudformation import Template
from vaultaws.infra.deploy import Deployment, Prepared, settle

AT = datetime(2026, 11, 21, tzinfo=UTC)
STACK = Stack("arn:s", "s", "CREATE_COMPLETE", AT)
ADD = ResourceChange("Add", "Ada", "AWS::IAM::User")
WORKED_OUT = ChangeSet("c", "CREATE_COMPLETE", changes=(ADD,))
EMPTY = ChangeSet("c", "FAILED", "The submitted information didn't contain changes. Submit …")
OWN = "AWS::CloudFormation::Stack"
BEGUN = Event("s", OWN, "UPDATE_IN_PROGRESS", "User Initiated")


@dataclass
class Script:
    """CloudFormation that answers as a test says; the last answer stays."""

    states: list[Stack | AwsError | None]
    sets: list[ChangeSet] = field(default_factory=lambda: [WORKED_OUT])
    happened: tuple[Event, ...] = ()
    others: tuple[str, ...] = ()
    done: list[str] = field(default_factory=list)
    refusal: AwsError | None = None

    def stack(self, name: str) -> Stack | None:
        found = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(found, AwsError):
            raise found
        return found

    def parameters(self, body: str) -> tuple[Parameter, ...]:
        return ()

    def create_change_set(
        self,
        stack: str,
        name: str,
        body: str,
        *,
        fresh: bool,
        given: Mapping[str, str],
        kept: tuple[str, ...],
    ) -> str:
        self.done.append("create" if fresh else "update")
        return "c"

    def change_set(self, stack: str, change_set: str) -> ChangeSet:
        return self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]

    def change_sets(self, stack: str) -> tuple[str, ...]:
        return self.others

    def delete_change_set(self, stack: str, change_set: str) -> None:
        self.done.append("discard")

    def execute(self, stack: str, change_set: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.done.append("execute")

    def delete(self, stack: str) -> None:
        self.done.append("delete")

    def events(self, stack: str) -> tuple[Event, ...]:
        return self.happened


def unheard(_words: str) -> None:
    """Nobody listens."""


def state(status: str) -> Stack:
    return replace(STACK, status=status)


def run(script: Script, *, timeout: float = 60.0, said: list[str] | None = None) -> Stack | None:
    """Prepare, and execute what there is to."""
    words: list[str] = [] if said is None else said
    deployment = Deployment(script, Template("t", "body"), "s", PlayedClock())
    with deployment.prepared({}, words.append) as prepared:
        if prepared.change_set is None:
            return None
        return deployment.execute(prepared.change_set, timeout, words.append)


def test_it_waits_and_tells_how_far_it_is() -> None:
    going, said = state("UPDATE_IN_PROGRESS"), list[str]()
    script = Script([STACK, STACK, going, going, state("UPDATE_COMPLETE")])
    script.happened = (BEGUN, Event("Ada", "AWS::IAM::User", "CREATE_COMPLETE"))
    ended = run(script, said=said)
    assert ended is not None
    assert ended.status == "UPDATE_COMPLETE"
    assert said[-1] == "changing the stack, 1 of 1"
    assert script.done == ["update", "execute"]


def test_a_change_set_takes_its_time() -> None:
    pending = ChangeSet("c", "CREATE_PENDING")
    script = Script([STACK, STACK, state("UPDATE_COMPLETE")], [pending, pending, WORKED_OUT])
    assert run(script) is not None
    never = Script([STACK], [pending])
    with pytest.raises(WaitTimeoutError, match="did not work the changes out"):
        run(never)
    assert never.done == ["update", "discard"]


def test_nothing_to_change_is_no_failure_and_leaves_nothing() -> None:
    script = Script([STACK], [EMPTY])
    assert run(script) is None
    assert script.done == ["update", "discard"]


def test_another_reason_not_to_change_is_one() -> None:
    script = Script([STACK], [ChangeSet("c", "FAILED", "No export named x found")])
    with pytest.raises(AwsError) as refused:
        run(script)
    assert refused.value.why == "No export named x found"
    assert script.done[-1] == "discard"


def test_what_is_not_wanted_leaves_not_even_an_empty_stack() -> None:
    script = Script([None, state("REVIEW_IN_PROGRESS")])
    deployment = Deployment(script, Template("t", "body"), "s", PlayedClock())
    with deployment.prepared({}, unheard) as prepared:
        assert prepared.fresh
    assert script.done == ["create", "discard", "delete"]


@pytest.mark.parametrize(
    ("others", "status"), [(("another",), "REVIEW_IN_PROGRESS"), ((), "CREATE_IN_PROGRESS")]
)
def test_a_stack_that_somebody_else_is_making_is_not_deleted(
    others: tuple[str, ...], status: str
) -> None:
    script = Script([None, state(status)], others=others)
    deployment = Deployment(script, Template("t", "body"), "s", PlayedClock())
    with deployment.prepared({}, unheard):
        pass
    assert "delete" not in script.done


def test_the_first_failure_is_the_reason() -> None:
    script = Script([STACK, STACK, state("UPDATE_ROLLBACK_COMPLETE")])
    script.happened = (
        Event("Old", "AWS::IAM::User", "CREATE_FAILED", "of last week"),
        BEGUN,
        Event("Ada", "AWS::IAM::User", "CREATE_FAILED", "Resource creation cancelled"),
        Event("Ben", "AWS::IAM::User", "CREATE_FAILED", "ben already exists"),
        Event("s", OWN, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
        Event("Cleo", "AWS::IAM::User", "DELETE_FAILED", "later"),
    )
    with pytest.raises(AwsError) as failed:
        run(script)
    assert failed.value.why == "Ben: ben already exists"
    assert failed.value.exit_code == 2


def test_moods_of_aws_do_not_end_a_wait_but_a_refusal_does() -> None:
    lost = AwsUnreachableError("lost", why="w", do="d")
    slow = AwsError("slow", why="w", do="d", code="Throttling")
    moody = Script([STACK, STACK, lost, slow, state("UPDATE_COMPLETE")])
    assert run(moody) is not None
    denied = AwsError("no", why="w", do="d", code="AccessDenied")
    with pytest.raises(AwsError, match="no"):
        run(Script([STACK, STACK, denied]))


def test_the_wait_runs_out() -> None:
    with pytest.raises(WaitTimeoutError, match="not done after 60 s") as late:
        run(Script([STACK, STACK, state("UPDATE_IN_PROGRESS")]))
    assert late.value.exit_code == 124


def test_a_stack_that_goes_while_it_is_changed_is_told() -> None:
    with pytest.raises(AwsError, match="is gone"):
        run(Script([STACK, STACK, None]))


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("UPDATE_IN_PROGRESS", "being changed by somebody else"),
        ("DELETE_IN_PROGRESS", "being changed by somebody else"),
        ("ROLLBACK_COMPLETE", "was never made"),
        ("ROLLBACK_FAILED", "was never made"),
        ("UPDATE_ROLLBACK_FAILED", "cannot be changed"),
        ("DELETE_FAILED", "cannot be changed"),
    ],
)
def test_a_stack_that_cannot_be_changed_is_left_alone(status: str, told: str) -> None:
    script = Script([state(status)])
    with pytest.raises(AwsError, match=told):
        run(script)
    assert script.done == []


def test_of_two_at_once_one_is_refused_and_leaves_nothing() -> None:
    script = Script([STACK])
    script.refusal = AwsError("late", why="w", do="d", code="InvalidChangeSetStatus")
    with pytest.raises(AwsError, match="late"):
        run(script)
    assert script.done == ["update", "discard"]


@pytest.mark.parametrize(
    ("states", "done"),
    [
        ([state("ROLLBACK_COMPLETE"), state("DELETE_IN_PROGRESS"), None], ["delete"]),
        ([state("CREATE_COMPLETE")], []),
        ([None], []),
    ],
)
def test_only_what_a_failed_creation_left_is_deleted(
    states: list[Stack | AwsError | None], done: list[str]
) -> None:
    script = Script(states)
    Deployment(script, Template("t", ""), "s", PlayedClock()).remove_failed(60.0, unheard)
    assert script.done == done


PARAMETERS = (Parameter("Name", "vault-root"), Parameter("Arns", None, "ARNs of roles"))


def test_parameters_are_given_kept_or_the_templates_own() -> None:
    values, kept = settle(PARAMETERS, {"Arns": "a"}, {"Name": "other", "Arns": "b"})
    assert (values, kept) == ({"Name": "other", "Arns": "a"}, ("Name",))
    assert settle(PARAMETERS, {"Arns": "a"}, {}) == ({"Name": "vault-root", "Arns": "a"}, ())


def test_parameters_that_are_missing_or_unknown_are_refused() -> None:
    with pytest.raises(UsageError, match="needs Arns"):
        settle(PARAMETERS, {}, {})
    with pytest.raises(UsageError) as unknown:
        settle(PARAMETERS, {"Nme": "x"}, {})
    assert unknown.value.why == "the nearest is Name"


def test_changes_read_as_a_plan() -> None:
    changes = (
        ADD,
        ResourceChange("Modify", "Ben", "AWS::IAM::User", "ben", properties=("Path", "Tags")),
        ResourceChange("Modify", "Cleo", "AWS::IAM::User", "c", "True", properties=("UserName",)),
        ResourceChange("Remove", "Logs", "AWS::S3::Bucket", "logs-1", retained=True),
    )
    assert stackwords.text("t → stack s", changes).splitlines() == [
        "t → stack s",
        "",
        "  + IAM User Ada",
        "  ~ IAM User Ben    Path, Tags",
        "  ± IAM User Cleo   made anew: UserName",
        "  - S3 Bucket Logs  logs-1, left in the account",
        "",
        "1 to add, 1 to change, 1 to replace, 1 to remove. Nothing has been changed.",
    ]
    assert stackwords.summary((), done=True) == "Settings of the stack alone."


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    hostile = ResourceChange("Add", "A\x1b[2Jda", "AWS::IAM::User", properties=("\x07",))
    assert "\x1b" not in stackwords.text("\x1b]0;x\x07", (hostile,))
    stack = replace(STACK, name="s\x1b[2J", outputs=(Output("n", "\x1b[2J"),))
    assert "\x1b" not in "".join(stackwords.outputs_text(stack))
    rows = stackwords.rows([stackwords.Shown("t", stack)], AT)
    assert "\x1b" not in str([cell for row in rows for cell in row])


def test_what_is_prepared_is_a_value() -> None:
    assert Prepared("s", True, WORKED_OUT, {}) == Prepared("s", True, WORKED_OUT, {})
