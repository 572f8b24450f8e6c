"""`incident lift` on real servers: in its time, exactly, again after any kill."""

from __future__ import annotations

import signal

import pytest

from tests.support.contained import CASE, Contained
from tests.support.places import here
from tests.support.wired import must
from vaultaws.incident import denyblock
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
    assert denyblock.paths_of(default_policy(case), CASE)

    early = case.told("lift", "--yes", code=3)
    assert early["lifted"] is False
    assert [each["step"] for each in early["waiting"]] == [f"deny_tokens:{case.holder}"]
    assert default_policy(case) == denyblock.without_block(edited, CASE)
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
    assert not denyblock.paths_of(default_policy(case), CASE)


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
    assert not denyblock.paths_of(default_policy(case), CASE)
    resume = ("incident", "contain", "--resume", CASE, "--yes", "--no-trail")
    for arguments in (resume, (*resume[:4], "--dry-run")):
        code, out, said = here(case.shell, *arguments)
        assert code == 1, out + said
        assert f"the case {CASE} is being lifted; nothing was done" in said
        assert f"vaultaws incident contain --resume {CASE} --again" in said
        assert not denyblock.paths_of(default_policy(case), CASE)
    code, out, said = here(case.shell, *resume, "--again")
    assert code == 0, out + said
    assert denyblock.paths_of(default_policy(case), CASE)
    assert not case.cases.read(CASE).is_being_lifted
    assert case.said("lift", "--yes", code=1)  # it must be proved anew
