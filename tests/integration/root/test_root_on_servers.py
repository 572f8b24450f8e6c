"""The engine's own key on real servers: shown, replaced, and all that goes wrong with it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import document
from tests.support.commands import Shell
from tests.support.people import declare, operator, person, root_shell
from tests.support.rooted import statement
from tests.support.terminal import at_terminal
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.awsprocess import AwsOptions, LocalAws

ROLES = """
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.fed]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
"""
TEMPLATE = '{{ printf "vault-%s-%s" (unix_time) (random 10) }}'
POLICIES = Path(__file__).parents[3] / "policies"
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def stored(wired: Wired) -> dict[str, Any]:
    data: dict[str, Any] = must(wired.ask(f"{wired.mount}/config/root")).body["data"]
    return data


def role_names(wired: Wired) -> list[str]:
    names: list[str] = must(wired.ask(f"{wired.mount}/roles", method="LIST")).body["data"]["keys"]
    return names


def forbid(wired: Wired, *actions: str) -> None:
    """Deny Vault's own user some actions, besides what its policy allows."""
    text = document(statement("Deny", *actions))
    iam = wired.client("iam")
    iam.put_user_policy(UserName=wired.root_user, PolicyName="deny", PolicyDocument=text)


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """An operator with the mount's roles applied."""
    declare(wired, tmp_path, ROLES)
    done = root_shell(wired, tmp_path).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return operator(wired, tmp_path)


class TestShow:
    def test_everything_is_known_and_allowed(self, shell: Shell, wired: Wired) -> None:
        seen = shell.json("root", "show")
        assert seen["user"]["name"] == wired.root_user
        assert seen["access_key_id"] == wired.root_credentials.access_key_id
        assert seen["rotation_blocked"] is False
        opinions = {(right["by_policies"], right["by_iam"]) for right in seen["rights"]}
        assert opinions == {("allowed", "allowed")}
        needed_by = {name for right in seen["rights"] for name in right["needed_by"]}
        assert needed_by == {"reader", "fed", "rotate-root"}

    def test_what_a_role_lacks_is_a_finding_of_both(self, shell: Shell, wired: Wired) -> None:
        forbid(wired, "iam:CreateUser")
        done = shell.run("root", "show")
        assert done.returncode == 3, done.stderr
        assert "!!  iam:CreateUser" in done.stdout
        seen = shell.json("root", "show", code=3)
        denied = [right for right in seen["rights"] if right["standing"] == "denied"]
        assert [(one["by_policies"], one["by_iam"]) for one in denied] == [("denied", "denied")]

    def test_a_groups_policy_and_a_boundary_are_read(self, shell: Shell, wired: Wired) -> None:
        iam, group = wired.client("iam"), f"group-{wired.mount}"
        iam.create_group(GroupName=group)
        text = document(statement("Deny", "sts:GetFederationToken"))
        iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=text)
        iam.add_user_to_group(GroupName=group, UserName=wired.root_user)
        seen = shell.json("root", "show", code=3)
        denied = {right["action"] for right in seen["rights"] if right["standing"] == "denied"}
        assert denied == {"sts:GetFederationToken"}
        narrow = iam.create_policy(
            PolicyName=f"narrow-{wired.mount}",
            PolicyDocument=document(statement("Allow", "iam:*")),
        )["Policy"]["Arn"]
        iam.remove_user_from_group(GroupName=group, UserName=wired.root_user)
        iam.put_user_permissions_boundary(UserName=wired.root_user, PermissionsBoundary=narrow)
        seen = shell.json("root", "show", code=3)
        (denied_now,) = [right for right in seen["rights"] if right["standing"] == "denied"]
        assert "permissions boundary" in denied_now["why"]
        assert denied_now["by_iam"] == "denied"

    def test_the_roles_of_a_file_are_judged_instead(self, shell: Shell, wired: Wired) -> None:
        role = '[roles.ops]\ncredential_type = "assumed_role"\nrole_arns = ["{}"]\n'
        arn = f"arn:aws:iam::{wired.options.account_id}:role/ops"
        declare(wired, shell.directory, role.format(arn))
        seen = shell.json("root", "show", "-c", "vaultaws.toml", code=3)
        (denied,) = [right for right in seen["rights"] if right["standing"] == "denied"]
        assert (denied["action"], denied["resource"]) == ("sts:AssumeRole", arn)

    def test_without_aws_credentials_vaults_part_is_shown(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        done = operator(wired, tmp_path, **NOBODY).run("root", "show")
        assert done.returncode == 0, done.stderr
        assert "unknown: whose key it is: there are no AWS credentials" in done.stdout

    def test_an_operator_who_may_read_little_learns_what_is_missing(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        iam, name = wired.client("iam"), f"watcher-{wired.mount}"
        iam.create_user(UserName=name)
        text = document(statement("Allow", "iam:GetAccessKeyLastUsed", "iam:GetUser"))
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=text)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        watcher = operator(
            wired,
            tmp_path,
            AWS_ACCESS_KEY_ID=key["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
        )
        seen = watcher.json("root", "show")
        assert seen["user"]["name"] == wired.root_user
        assert seen["other_keys"] is None
        assert {right["standing"] for right in seen["rights"]} == {"unknown"}
        unknown = " ".join(gap["what"] for gap in seen["unknown"])
        assert "the keys of" in unknown
        assert "SimulatePrincipalPolicy" in unknown

    def test_the_ready_policy_of_operators_is_enough(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        iam, name = wired.client("iam"), f"olga-{wired.mount}"
        iam.create_user(UserName=name)
        text = (POLICIES / "root-operator.json").read_text("utf-8")
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=text)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        olga = operator(
            wired,
            tmp_path,
            AWS_ACCESS_KEY_ID=key["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
        )
        seen = olga.json("root", "show", "-c", "vaultaws.toml")
        assert seen["unknown"] == []
        assert {right["by_iam"] for right in seen["rights"]} == {"allowed"}
        forbid(wired, "iam:DeleteAccessKey")
        iam.create_access_key(UserName=wired.root_user)
        (spare,) = set(wired.keys_of(wired.root_user)) - {seen["access_key_id"]}
        done = olga.json("root", "rotate", "--yes", "--delete-spare", spare)
        assert wired.keys_of(wired.root_user) == [done["access_key_id"]]

    def test_a_token_that_may_not_read_the_root(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        done = person(wired, tmp_path, "ada").run("root", "show")
        assert done.returncode == 2
        assert f"permission denied on {wired.mount}/config/root" in done.stderr

    def test_a_server_with_credentials_of_its_own(self, shell: Shell, wired: Wired) -> None:
        must(wired.ask(f"sys/mounts/{wired.mount}", method="DELETE"))
        must(wired.ask(f"sys/mounts/{wired.mount}", {"type": "aws"}))
        must(wired.ask(f"{wired.mount}/config/root", {"region": wired.options.region}))
        done = shell.run("root", "show")
        assert done.returncode == 0, done.stderr
        assert "the server uses credentials of its own" in done.stdout
        refused = shell.run("root", "rotate", "--yes")
        assert refused.returncode == 1
        assert "holds no key" in refused.stderr


class TestRotate:
    def test_the_key_is_replaced_and_nothing_else(self, shell: Shell, wired: Wired) -> None:
        key = wired.root_credentials
        must(
            wired.ask(
                f"{wired.mount}/config/root",
                {
                    **stored(wired),
                    "access_key": key.access_key_id,
                    "secret_key": key.secret_access_key.reveal(),
                    "username_template": TEMPLATE,
                    "max_retries": 7,
                },
            )
        )
        before, roles = stored(wired), role_names(wired)
        done = shell.json("root", "rotate", "--yes")
        after = stored(wired)
        assert done["access_key_id"] == after["access_key"] != before["access_key"]
        assert {**after, "access_key": ""} == {**before, "access_key": ""}
        assert (after["username_template"], after["max_retries"]) == (TEMPLATE, 7)
        assert wired.keys_of(wired.root_user) == [after["access_key"]]
        assert done["old_key_deleted"] is True
        assert role_names(wired) == roles
        assert list((shell.state / "root").glob("*.json")) == []
        issued = shell.run("creds", "reader")
        assert issued.returncode == 0, issued.stderr

    def test_whoever_uses_the_key_that_goes_is_told(self, shell: Shell, wired: Wired) -> None:
        key = wired.root_credentials
        same = {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
        }
        done = replace(shell, more={**shell.more, **same}).run("root", "rotate", "--yes")
        assert "your own AWS credentials are this very key" in done.stderr
        assert done.returncode == 0, done.stderr

    def test_a_second_key_is_seen_and_goes_when_named(self, shell: Shell, wired: Wired) -> None:
        iam = wired.client("iam")
        spare = iam.create_access_key(UserName=wired.root_user)["AccessKey"]["AccessKeyId"]
        refused = shell.run("root", "rotate", "--yes")
        assert refused.returncode == 1
        assert "--delete-spare" in refused.stderr
        assert stored(wired)["access_key"] == wired.root_credentials.access_key_id
        assert shell.json("root", "show", code=3)["rotation_blocked"] is True
        done = shell.json("root", "rotate", "--yes", "--delete-spare", spare)
        assert done["spare_deleted"] == spare
        assert wired.keys_of(wired.root_user) == [done["access_key_id"]]

    def test_a_second_key_that_is_used_stays(self, shell: Shell, wired: Wired) -> None:
        iam = wired.client("iam")
        made = iam.create_access_key(UserName=wired.root_user)["AccessKey"]
        other = operator(
            wired,
            shell.directory,
            AWS_ACCESS_KEY_ID=made["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=made["SecretAccessKey"],
        )
        other.run("root", "show")
        refused = shell.run("root", "rotate", "--yes", "--delete-spare", made["AccessKeyId"])
        assert refused.returncode == 1
        assert "was used" in refused.stderr
        assert made["AccessKeyId"] in wired.keys_of(wired.root_user)

    def test_an_engine_that_may_not_delete_is_helped(self, shell: Shell, wired: Wired) -> None:
        forbid(wired, "iam:DeleteAccessKey")
        done = shell.json("root", "rotate", "--yes")
        assert done["old_key_deleted"] is True
        assert wired.keys_of(wired.root_user) == [done["access_key_id"]]

    def test_what_nobody_may_delete_is_told_and_goes_later(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        forbid(wired, "iam:DeleteAccessKey")
        old = wired.root_credentials.access_key_id
        blind = operator(wired, tmp_path, **NOBODY)
        done = blind.run("root", "rotate", "--yes", "--json")
        assert done.returncode == 2
        answer = json.loads(done.stdout)
        assert answer["access_key_id"] == stored(wired)["access_key"]
        assert old in answer["left_to_do"][0]
        assert "may live on in AWS" in done.stderr
        assert "its new key is good" in shell.run("root", "show").stdout
        finished = shell.json("root", "rotate", "--yes")
        assert (finished["resumed"], finished["old_access_key_id"]) == (True, old)
        assert wired.keys_of(wired.root_user) == [answer["access_key_id"]]
        assert shell.json("root", "show", code=3)["unfinished"] is None

    def test_an_engine_that_may_not_make_keys_changes_nothing(
        self, shell: Shell, wired: Wired
    ) -> None:
        forbid(wired, "iam:CreateAccessKey")
        done = shell.run("root", "rotate", "--yes")
        assert done.returncode == 2
        assert "was not replaced" in done.stderr
        assert "vault-root.json" in done.stderr
        assert done.stdout == ""
        assert wired.keys_of(wired.root_user) == [wired.root_credentials.access_key_id]
        assert list((shell.state / "root").glob("*.json")) == []

    def test_a_token_without_the_right_capabilities_begins_nothing(
        self, shell: Shell, wired: Wired, tmp_path: Path
    ) -> None:
        text = f'path "{wired.mount}/config/*" {{ capabilities = ["read", "update"] }}'
        must(wired.ask(f"sys/policies/acl/half-{wired.mount}", {"policy": text}, method="PUT"))
        done = person(wired, tmp_path, "ada", f"half-{wired.mount}").run("root", "rotate", "--yes")
        assert done.returncode == 2
        assert "nothing was done" in done.stderr
        assert stored(wired)["access_key"] == wired.root_credentials.access_key_id

    def test_nobody_there_to_say_yes(self, shell: Shell, wired: Wired) -> None:
        done = shell.run("root", "rotate")
        assert done.returncode == 1
        assert "needs a yes" in done.stderr
        assert stored(wired)["access_key"] == wired.root_credentials.access_key_id

    @pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
    def test_asked_on_a_terminal(self, shell: Shell, wired: Wired, answer: str, code: int) -> None:
        ended, screen = at_terminal(shell, "root", "rotate", answers=[("[y/N]", answer)])
        assert ended == code, screen
        assert f"of {wired.root_user} on {wired.mount}/" in screen
        replaced = stored(wired)["access_key"] != wired.root_credentials.access_key_id
        assert replaced == (code == 0)

    def test_no_secret_is_ever_printed(self, shell: Shell, wired: Wired) -> None:
        done = shell.run("root", "rotate", "--yes", "--json")
        printed = done.stdout + done.stderr
        assert wired.root_credentials.secret_access_key.reveal() not in printed
        assert "secret" not in done.stdout


@pytest.fixture(scope="module")
def moody_aws(start_aws: Callable[[AwsOptions], LocalAws]) -> LocalAws:
    """A local AWS whose moods these tests change."""
    return start_aws(AwsOptions())


class TestSlowIam:
    """AWS where a new key is refused for seconds."""

    @pytest.fixture
    def slow(
        self,
        wire: Callable[[LocalAws, AwsOptions], Wired],
        moody_aws: LocalAws,
        tmp_path: Path,
    ) -> Iterator[Wired]:
        wired = wire(moody_aws, AwsOptions())
        declare(wired, tmp_path, ROLES)
        done = root_shell(wired, tmp_path).run("apply", "--yes")
        assert done.returncode == 0, done.stderr
        yield wired
        self.control(wired).configure(iam_delay=0.0)

    def control(self, wired: Wired) -> ControlClient:
        return ControlClient(wired.aws.endpoint, wired.aws.control_token)

    def test_it_waits_until_the_key_is_honoured(self, slow: Wired, tmp_path: Path) -> None:
        self.control(slow).configure(iam_delay=4.0, iam_jitter=0.5, iam_flap=True)
        done = operator(slow, tmp_path).json("root", "rotate", "--yes")
        assert done["waited"]["refusals"] > 0
        assert done["waited"]["seconds"] >= 1
        assert set(role_names(slow)) == {"reader", "fed"}

    def test_time_runs_out_and_the_next_run_goes_on(self, slow: Wired, tmp_path: Path) -> None:
        shell = operator(slow, tmp_path)
        self.control(slow).configure(iam_delay=600.0)
        old = slow.root_credentials.access_key_id
        done = shell.run("root", "rotate", "--yes", "--json", "--timeout", "3s")
        assert done.returncode == 124, done.stderr
        assert "AWS does not honour it yet" in done.stderr
        new = stored(slow)["access_key"]
        assert json.loads(done.stdout)["access_key_id"] == new != old
        assert set(role_names(slow)) == {"reader", "fed"}
        self.control(slow).configure(iam_delay=0.0)
        assert "not proved yet" in shell.run("root", "show").stdout
        finished = shell.json("root", "rotate", "--yes")
        assert (finished["resumed"], finished["access_key_id"]) == (True, new)
        assert slow.keys_of(slow.root_user) == [new]

    def test_killed_while_it_waits_leaves_nothing_for_long(
        self, slow: Wired, tmp_path: Path
    ) -> None:
        shell = operator(slow, tmp_path)
        self.control(slow).configure(iam_delay=600.0)
        with shell.start("root", "rotate", "--yes") as process:
            until(lambda: any("vaultaws-probe" in name for name in role_names(slow)))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        assert len(role_names(slow)) == 3
        self.control(slow).configure(iam_delay=0.0)
        assert "goes on" in shell.run("root", "show").stdout
        finished = shell.json("root", "rotate", "--yes")
        assert finished["resumed"] is True
        assert set(role_names(slow)) == {"reader", "fed"}
        assert slow.keys_of(slow.root_user) == [stored(slow)["access_key"]]

    def test_interrupted_while_it_waits_takes_its_role_back(
        self, slow: Wired, tmp_path: Path
    ) -> None:
        self.control(slow).configure(iam_delay=600.0)
        with operator(slow, tmp_path).start("root", "rotate", "--yes") as process:
            until(lambda: any("vaultaws-probe" in name for name in role_names(slow)))
            process.send_signal(signal.SIGINT)
            process.communicate()
            assert process.returncode == 130
        assert set(role_names(slow)) == {"reader", "fed"}
