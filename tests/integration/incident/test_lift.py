"""`incident lift` on real servers: in its time, exactly, again after any kill."""

from __future__ import annotations

import signal

import pytest

from tests.support.contained import CASE, Contained
from tests.support.places import here
from tests.support.wired import must
from vaultaws.aws.users import Users
from vaultaws.incident import denyblock
from vaultaws.incident.deeds import plain
from vaultaws.incident.model import Step, StepKind, StepState, Suspect
from vaultaws.local.aws.control_client import ControlClient

EDIT = '\n# somebody else\'s\npath "secret/*" { capabilities = ["deny"] }\n'


@pytest.fixture
def case(own_case: Contained) -> Contained:
    """Its AWS's clock goes on by a day, and never back."""
    return own_case


def default_policy(case: Contained) -> str:
    return case.wired.vault.read_acl_policies(["default"])["default"]


def denies(case: Contained) -> list[str]:
    names: list[str] = case.wired.client("iam").list_user_policies(UserName=case.holder.name)[
        "PolicyNames"
    ]
    return [name for name in names if name == case.policy_name]


def go_on(case: Contained, hours: float) -> None:
    aws = case.wired.aws
    ControlClient(aws.endpoint, aws.control_token).advance(hours * 3600)


def test_from_refusal_to_the_end(case: Contained) -> None:
    role = {"credential_type": "federation_token", "max_sts_ttl": "2h"}
    stored = case.wired.ask(f"{case.wired.mount}/roles/reader-sts").body["data"]
    role["policy_document"] = stored["policy_document"]
    must(case.wired.ask(f"{case.wired.mount}/roles/reader-sts", role))
    edited = default_policy(case) + EDIT
    must(case.wired.ask("sys/policies/acl/default", {"policy": edited}))

    refused = case.said("lift", "--yes", code=1)
    assert "no verify has been run; nothing was lifted" in refused
    assert case.shell.run("incident", "lift", CASE).returncode == 1
    assert case.told("verify")["passed"] is True

    assert "Nothing has been done." in case.said("lift", "--dry-run")
    assert denyblock.paths_of(default_policy(case), case.mark)

    early = case.told("lift", "--yes", code=3)
    assert early["lifted"] is False
    assert [each["step"] for each in early["waiting"]] == [f"deny_tokens:{case.holder}"]
    assert default_policy(case) == denyblock.without_block(edited, case.mark)
    assert default_policy(case).endswith(EDIT)
    assert denies(case)
    case.wired.vault.issue(case.wired.mount, "reader-sts", sts=True)

    go_on(case, 1.9)
    assert case.told("lift", "--yes", code=3)["waiting"]
    assert denies(case)
    go_on(case, 0.2)
    late = case.told("lift", "--yes")
    assert late["lifted"] is True
    assert not denies(case)
    kept = case.cases.read(CASE)
    assert kept.lifted_at is not None
    assert not any(case.kept(step) for step in kept.steps)
    again = case.told("lift", "--yes")
    assert again["undo"] == []


def test_killed_at_any_line_of_its_journal_it_ends_what_it_began(case: Contained) -> None:
    """A kill between a deed and its line leaves the deed done and the line missing."""
    go_on(case, 37)
    file = case.cases._directory / f"{CASE}.jsonl"
    before = file.read_bytes()
    case.said("lift", "--yes", "--unverified")
    whole = file.read_bytes()
    added = whole[len(before) :].splitlines(keepends=True)
    assert len(added) == 5, added
    for written in range(len(added)):
        file.write_bytes(before + b"".join(added[:written]) + added[written][:7])
        case.said("lift", "--yes", "--unverified")
        assert case.cases.read(CASE).lifted_at is not None
    assert not denies(case)
    assert not denyblock.paths_of(default_policy(case), case.mark)


def test_killed_itself_it_can_be_run_again(case: Contained) -> None:
    go_on(case, 37)
    with case.shell.start("incident", "lift", CASE, "--yes", "--unverified") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    done = case.shell.run("incident", "lift", CASE, "--yes", "--unverified")
    assert done.returncode == 0, done.stderr
    assert case.cases.read(CASE).lifted_at is not None
    assert not denies(case)


def test_two_at_once_take_turns_or_say_so(case: Contained) -> None:
    with case.cases.gone_on(CASE):
        second = case.said("lift", "--yes", "--unverified", code=1)
    assert f"somebody works on incident {CASE}" in second
    assert denies(case)


def test_contain_does_not_deny_again_what_a_lift_gave_back_unless_told(case: Contained) -> None:
    case.said("lift", "--yes", "--unverified", code=3)
    assert not denyblock.paths_of(default_policy(case), case.mark)
    resume = ("incident", "contain", "--resume", CASE, "--yes", "--no-trail")
    for arguments in (resume, (*resume[:4], "--dry-run")):
        code, out, said = here(case.shell, *arguments)
        assert code == 1, out + said
        assert f"the case {CASE} is being lifted; nothing was done" in said
        assert f"vaultaws incident contain --resume {CASE} --again" in said
        assert not denyblock.paths_of(default_policy(case), case.mark)
    code, out, said = here(case.shell, *resume, "--again")
    assert code == 0, out + said
    assert denyblock.paths_of(default_policy(case), case.mark)
    assert not case.cases.read(CASE).is_being_lifted
    assert case.said("lift", "--yes", code=1)  # it must be proved anew


def test_a_user_that_is_not_vaults_comes_back_when_named_and_a_suspect_key_when_named_too(
    case: Contained,
) -> None:
    iam, bob = case.wired.client("iam"), f"bob-{case.wired.mount}"
    iam.create_user(UserName=bob)
    own, planted = (
        iam.create_access_key(UserName=bob)["AccessKey"]["AccessKeyId"] for _ in range(2)
    )
    step = Step(StepKind.STOP_USER, bob, why="CreateAccessKey with a suspect key")
    suspect = Suspect(
        access_key_id=planted, user=bob, parent_key="ASIA" + "0" * 16, made_by="CreateAccessKey"
    )
    with case.cases.gone_on(CASE) as (known, writer):
        writer.found((suspect,), (step,))
        writer.note(step, StepState.TRIED, before={"keys": {own: True, planted: True}})
        stopped = Users().stop(bob, known.stop_policy_name)
        writer.note(step, StepState.DONE, evidence=plain(stopped))

    def states() -> dict[str, str]:
        found = iam.list_access_keys(UserName=bob)["AccessKeyMetadata"]
        return {key["AccessKeyId"]: key["Status"] for key in found}

    go_on(case, 37)
    said = case.said("lift", "--yes", "--unverified")
    assert f"vaultaws incident lift {CASE} --restore-user {bob}" in said
    assert set(states().values()) == {"Inactive"}
    assert iam.list_user_policies(UserName=bob)["PolicyNames"]
    code, report, _ = here(case.shell, "incident", "report", CASE)
    assert code == 0
    assert "left stopped" in report
    nobody = case.said("lift", "--yes", "--unverified", "--restore-user", "nobody", code=1)
    assert "stopped no nobody" in nobody
    case.told("lift", "--yes", "--unverified", "--restore-user", bob)
    assert states() == {own: "Active", planted: "Inactive"}
    assert not iam.list_user_policies(UserName=bob)["PolicyNames"]
    assert planted in here(case.shell, "incident", "report", CASE)[1]
    named = ("--restore-user", bob, "--restore-key", planted)
    case.told("lift", "--yes", "--unverified", *named)
    assert set(states().values()) == {"Active"}
