"""Static roles on real servers: listed, shown, rotated, and put back after a kill."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import document
from tests.support.commands import Shell
from tests.support.people import declare, operator, person
from tests.support.rooted import statement
from tests.support.waiting import settled, until
from tests.support.wired import Wired, must
from vaultaws.clock import SystemClock
from vaultaws.leases.target import Target
from vaultaws.local.servers.base import ServerKind
from vaultaws.model import StaticRole
from vaultaws.root.journal import Journal, Kind
from vaultaws.root.static_rotate import details_of

HOUR = 3600


@pytest.fixture
def app(wired: Wired) -> str:
    """An IAM user for a static role to adopt, under a name that the ready policy covers."""
    name = f"vault-app-{wired.mount}"
    wired.client("iam").create_user(UserName=name)
    return name


@pytest.fixture
def shell(wired: Wired, tmp_path: Path, app: str) -> Shell:
    """An operator; the mount has one static role."""
    declare(wired, tmp_path, f'[static_roles.legacy]\nusername = "{app}"\nrotation_period = "1h"\n')
    adopt(wired, app, HOUR)
    return operator(wired, tmp_path)


def adopt(wired: Wired, user: str, period: int, name: str = "legacy") -> None:
    fields = {"username": user, "rotation_period": period}
    must(wired.ask(f"{wired.mount}/static-roles/{name}", fields))


def key_in_use(wired: Wired, name: str = "legacy") -> str:
    data = must(wired.ask(f"{wired.mount}/static-creds/{name}")).body["data"]
    return str(data["access_key"])


def names_listed(shell: Shell, *more: str) -> Any:
    return shell.json("static", "list", "-c", "vaultaws.toml", *more)


def test_listed_and_shown(shell: Shell, wired: Wired, app: str) -> None:
    (role,) = names_listed(shell)["static_roles"]
    assert (role["name"], role["username"]) == ("legacy", app)
    assert role["access_key_id"] == key_in_use(wired)
    assert (role["period_trap"], role["overdue"], role["rotated_at_exact"]) == (False, False, True)
    assert [key["access_key_id"] for key in role["keys"]] == wired.keys_of(app)
    seen = shell.json("static", "show", "legacy")
    assert seen["rotates_at"] == role["rotates_at"]
    missing = shell.run("static", "show", "lgacy")
    assert missing.returncode == 2
    assert 'no static role "lgacy"' in missing.stderr


def test_a_server_that_cannot_list_says_so(shell: Shell, wired: Wired) -> None:
    """The file of the same mount that lies here tells the names."""
    assert "1 static role" in shell.run("static", "list").stdout
    (shell.directory / "vaultaws.toml").unlink()
    done = shell.run("static", "list")
    if wired.server.kind is ServerKind.OPENBAO:
        assert done.returncode == 2
        assert "OpenBao 2." in done.stderr
        assert "cannot list static roles" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert "1 static role" in done.stdout


def test_without_aws_the_servers_part_is_listed(shell: Shell, wired: Wired, tmp_path: Path) -> None:
    blind = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    seen = names_listed(blind)
    (role,) = seen["static_roles"]
    assert (role["keys"], role["rotated_at_exact"]) == (None, False)
    assert seen["unknown"][0]["why"] == "there are no AWS credentials"


def test_the_key_is_replaced_and_the_period_trap_with_it(
    shell: Shell, wired: Wired, app: str
) -> None:
    """hashicorp/vault#21967: the stored time is still that of an hour."""
    old = key_in_use(wired)
    adopt(wired, app, 90)
    (role,) = names_listed(shell)["static_roles"]
    assert role["period_trap"] is True
    done = shell.json("static", "rotate", "legacy", "--yes")
    assert done["old_access_key_id"] == old
    assert done["access_key_id"] == key_in_use(wired) != old
    assert done["old_key_deleted"] is True
    assert wired.keys_of(app) == [done["access_key_id"]]
    (role,) = names_listed(shell)["static_roles"]
    assert (role["period_trap"], role["rotation_period_seconds"]) == (False, 90)
    assert list((shell.state / "root").glob("*.json")) == []


def test_after_the_root_was_rotated_too(shell: Shell, wired: Wired, app: str) -> None:
    """The engine of 1.18 crashes on the first deletion after that."""
    assert shell.run("root", "rotate", "--yes").returncode == 0
    adopt(wired, f"{app}", HOUR, "second")
    must(wired.ask(f"{wired.mount}/config/rotate-root", {}))
    done = shell.json("static", "rotate", "legacy", "--yes")
    assert done["access_key_id"] == key_in_use(wired)
    assert key_in_use(wired, "second")


def test_its_holders_are_named_from_the_audit_log(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    text = f'path "{wired.mount}/static-*" {{ capabilities = ["read"] }}'
    must(wired.ask(f"sys/policies/acl/reads-{wired.mount}", {"policy": text}, method="PUT"))
    ada = person(wired, tmp_path, "ada", f"reads-{wired.mount}")
    assert ada.run("static", "show", "legacy").returncode == 0
    done = shell.run("static", "rotate", "legacy", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"userpass-{wired.mount}-ada" in done.stderr
    assert "are refused until they read the new one" in done.stderr


def test_nobody_there_to_say_yes(shell: Shell, wired: Wired) -> None:
    old = key_in_use(wired)
    done = shell.run("static", "rotate", "legacy")
    assert done.returncode == 1
    assert key_in_use(wired) == old


def test_what_could_not_be_put_back_is_not_taken_down(shell: Shell, wired: Wired, app: str) -> None:
    old, iam = key_in_use(wired), wired.client("iam")
    text = document(statement("Deny", "iam:CreateAccessKey"))
    iam.put_user_policy(UserName=wired.root_user, PolicyName="deny", PolicyDocument=text)
    done = shell.run("static", "rotate", "legacy", "--yes")
    assert done.returncode == 2
    assert "nothing was done" in done.stderr
    assert (key_in_use(wired), wired.keys_of(app)) == (old, [old])


def test_a_user_that_is_another_one_now_is_not_touched(
    shell: Shell, wired: Wired, app: str
) -> None:
    old, iam = key_in_use(wired), wired.client("iam")
    iam.delete_access_key(UserName=app, AccessKeyId=old)
    iam.delete_user(UserName=app)
    iam.create_user(UserName=app)
    done = shell.run("static", "rotate", "legacy", "--yes")
    assert done.returncode == 2
    assert "the engine cannot look up" in done.stderr
    assert (key_in_use(wired), wired.keys_of(app)) == (old, [])


def test_a_token_that_may_not_rotate(shell: Shell, wired: Wired, tmp_path: Path) -> None:
    text = f'path "{wired.mount}/static-*" {{ capabilities = ["read"] }}'
    must(wired.ask(f"sys/policies/acl/looks-{wired.mount}", {"policy": text}, method="PUT"))
    old = key_in_use(wired)
    ada = person(wired, tmp_path, "ada", f"looks-{wired.mount}")
    done = ada.run("static", "rotate", "legacy", "--yes")
    assert done.returncode == 2
    assert "needs update on" in done.stderr
    assert key_in_use(wired) == old


def test_a_key_the_engine_may_not_delete_goes_all_the_same(
    shell: Shell, wired: Wired, app: str, tmp_path: Path
) -> None:
    """Without AWS credentials nothing warns; the engine forgets the key and cannot delete it."""
    old, iam = key_in_use(wired), wired.client("iam")
    text = document(statement("Deny", "iam:DeleteAccessKey"))
    iam.put_user_policy(UserName=wired.root_user, PolicyName="deny", PolicyDocument=text)
    blind = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    done = blind.run("static", "rotate", "legacy", "--yes", "--json")
    assert json.loads(done.stdout)["access_key_id"] == key_in_use(wired) != old
    assert set(wired.keys_of(app)) == {old, key_in_use(wired)}
    assert old in done.stderr
    (role,) = names_listed(shell)["static_roles"]
    assert any("second key" in note for note in role["notes"])


def test_what_cannot_be_put_back_is_said_and_comes_back_later(
    shell: Shell, wired: Wired, app: str, tmp_path: Path
) -> None:
    """Without AWS credentials nobody warns that the engine may not make keys."""
    iam = wired.client("iam")
    text = document(statement("Deny", "iam:CreateAccessKey"))
    iam.put_user_policy(UserName=wired.root_user, PolicyName="deny", PolicyDocument=text)
    blind = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    done = blind.run("static", "rotate", "legacy", "--yes")
    assert done.returncode == 2
    assert "has no key now" in done.stderr
    assert "CreateAccessKey" in done.stderr
    iam.delete_user_policy(UserName=wired.root_user, PolicyName="deny")
    finished = shell.json("static", "rotate", "legacy", "--yes")
    assert finished["resumed"] is True
    assert wired.keys_of(app) == [key_in_use(wired)]


class TestKilled:
    def begin(self, shell: Shell, wired: Wired, app: str) -> str:
        """What a run leaves that was killed after it had taken the role down."""
        old = key_in_use(wired)
        target = Target(wired.server.address, "", wired.mount)
        journal = Journal(shell.state / "root", target, SystemClock())
        details = details_of(StaticRole("legacy", app, HOUR), old)
        with journal.begin(Kind.STATIC, details, "legacy"):
            must(wired.ask(f"{wired.mount}/static-roles/legacy", method="DELETE"))
        return old

    def test_the_next_run_puts_the_role_back(self, shell: Shell, wired: Wired, app: str) -> None:
        old = self.begin(shell, wired, app)
        (left,) = names_listed(shell)["unfinished"]
        assert (left["name"], left["running"]) == ("legacy", False)
        done = shell.json("static", "rotate", "legacy", "--yes")
        assert (done["resumed"], done["old_access_key_id"]) == (True, old)
        read = must(wired.ask(f"{wired.mount}/static-roles/legacy")).body["data"]
        assert (read["username"], read["rotation_period"]) == (app, HOUR)
        assert wired.keys_of(app) == [key_in_use(wired)]
        assert names_listed(shell)["unfinished"] == []

    @pytest.mark.parametrize("seconds", [0.0, 0.03, 0.1, 0.3])
    def test_wherever_it_was_killed(
        self, shell: Shell, wired: Wired, app: str, seconds: float
    ) -> None:
        """kill -9 soon after the first write to disk; one more run leaves a role with a key.

        A server that was still at the killed run's request may have made another key: it is told.
        """
        records = shell.state / "root"
        with shell.start("static", "rotate", "legacy", "--yes") as process:
            until(lambda: any(records.glob("*.json")) or process.poll() is not None)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
            process.communicate()
        settled(lambda: wired.keys_of(app))  # the server goes on with what was asked
        done = shell.json("static", "rotate", "legacy", "--yes")
        assert done["access_key_id"] == key_in_use(wired)
        role = shell.json("static", "show", "legacy")
        keys = wired.keys_of(app)
        assert [key["access_key_id"] for key in role["keys"]] == keys
        assert key_in_use(wired) in keys
        (listed,) = names_listed(shell)["static_roles"]
        assert any("second key" in note for note in listed["notes"]) == (len(keys) > 1)
