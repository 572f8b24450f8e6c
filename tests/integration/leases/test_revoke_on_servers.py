"""Revocation on real servers: to the last lease, through faults, kills and blocks."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.burdened import foreign
from tests.support.commands import Shell
from tests.support.connections import REGION, administrator
from tests.support.engine import a_role
from tests.support.gone import behind_its_back, owner
from tests.support.people import operator, person
from tests.support.sealing import unseal_key
from tests.support.waiting import until
from tests.support.wired import Wired, must, wire_up
from vaultaws.aws.pace import Pace, Rate
from vaultaws.aws.users import Users
from vaultaws.clock import SystemClock
from vaultaws.leases.inventory import take
from vaultaws.leases.revoke import revoke
from vaultaws.leases.revoke_hard import Hard
from vaultaws.leases.revoke_one import Fate
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import CredentialType, Issued

CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def _endpoint(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)


@pytest.fixture
def users(local_aws: LocalAws) -> Users:
    return Users(administrator(local_aws), REGION, Pace(rate=Rate(200.0)))


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    wired.vault.write_role(wired.mount, a_role("reader"))
    return operator(wired, tmp_path)


def issued(wired: Wired, count: int, role: str = "reader") -> list[Issued]:
    sts = role != "reader"
    return [wired.vault.issue(wired.mount, role, sts=sts) for _ in range(count)]


def leases(wired: Wired) -> list[str]:
    return wired.vault.list_leases(wired.mount)


def fates(told: Any) -> list[str]:
    return sorted({found["fate"] for found in told["leases"]})


@pytest.fixture
def faulty(local_aws: LocalAws) -> Iterator[None]:
    """A fifth of IAM's calls is throttled or fails."""
    control = ControlClient(local_aws.endpoint, local_aws.control_token)
    control.configure(fault_rate=0.2, fault_services=["iam"])
    yield
    control.configure(fault_rate=0.0)


class TestHardCases:
    def test_users_gone_behind_its_back_do_not_stop_the_rest(
        self, wired: Wired, shell: Shell, users: Users
    ) -> None:
        made = issued(wired, 8)
        for one in made[2:4]:
            behind_its_back(wired.aws, one.credentials.access_key_id)
        assert must_fail(wired) < len(made)
        found = take(wired.vault, wired.mount, CLOCK)
        hard = Hard(users, certain_after_seconds=0.0)
        done = revoke(wired.vault, CLOCK, found.holdings, hard=hard)
        assert not done.failed
        assert done.still_alive == ()
        assert [one.fate for one in done.outcomes].count(Fate.FORGOTTEN) == 2
        assert leases(wired) == []

    def test_what_blocks_is_named_and_cleared_when_asked_for(
        self, wired: Wired, shell: Shell
    ) -> None:
        made = issued(wired, 3)
        blocked = [owner(wired.aws, one.credentials.access_key_id) for one in made[:2]]
        for user in blocked:
            foreign(wired.client("iam"), user)
        done = shell.run("leases", "revoke", "--role", "reader", "--yes")
        assert done.returncode == 2
        for word in (*blocked, "login profile", "MFA device", "SSH public key", "--clear-blocks"):
            assert word in done.stdout
        assert "2 credentials are still alive" in done.stdout
        told = shell.json("leases", "revoke", "--role", "reader", "--yes", "--clear-blocks")
        assert fates(told) == ["revoked"]
        assert sorted(one["user"] for one in told["cleared"]) == sorted(blocked)
        assert wired.user_names("-reader-") == []
        assert leases(wired) == []

    def test_a_role_that_is_deleted_leaves_leases_that_end(
        self, wired: Wired, shell: Shell
    ) -> None:
        """hashicorp/vault#1243."""
        issued(wired, 2)
        wired.vault.delete_role(wired.mount, "reader")
        told = shell.json("leases", "revoke", "--role", "reader", "--yes", "--cut")
        assert fates(told) == ["revoked"]
        assert leases(wired) == []


def changed(wired: Wired, run: subprocess.Popen[str]) -> Callable[[], bool]:
    """True when a lease has gone, or the run has ended."""
    before = len(leases(wired))
    return lambda: len(leases(wired)) < before or run.poll() is not None


def must_fail(wired: Wired) -> int:
    """A prefix revoke, which stops; return how many leases are left."""
    before = leases(wired)
    path = f"sys/leases/revoke-prefix/{wired.mount}/creds"
    answer = wired.ask(path, {"sync": True}, method="PUT")
    assert answer.status == 400
    left = leases(wired)
    assert 2 <= len(left) <= len(before)
    return len(left)


class TestSelection:
    def test_by_accessor_and_by_age(self, wired: Wired, shell: Shell, tmp_path: Path) -> None:
        wired.vault.write_acl_policy(
            f"issue-{wired.mount}", f'path "{wired.mount}/creds/*" {{ capabilities = ["read"] }}'
        )
        ada = person(wired, tmp_path, "ada", f"issue-{wired.mount}")
        answer = must(wired.ask("auth/token/lookup", {"token": ada.environ["VAULT_TOKEN"]}))
        accessor = answer.body["data"]["accessor"]
        issued(wired, 1)
        assert ada.run("creds", "reader", "--no-wait").returncode == 0
        log = ("--audit-log", str(wired.server.audit))
        dry = shell.json("leases", "revoke", "--accessor", accessor, "--dry-run", *log)
        assert (dry["dry_run"], len(dry["leases"]), len(leases(wired))) == (True, 1, 2)
        assert dry["leases"][0]["person"] == "ada"
        told = shell.json("leases", "revoke", "--accessor", accessor, "--yes", *log)
        assert fates(told) == ["revoked"]
        assert len(leases(wired)) == 1
        none = shell.run("leases", "revoke", "--older-than", "1h", "--yes", *log)
        assert (none.returncode, len(leases(wired))) == (1, 1)
        time.sleep(1.1)
        assert shell.json("leases", "revoke", "--older-than", "1s", "--yes")["leases"]
        assert leases(wired) == []

    def test_a_dry_run_needs_no_yes_and_does_nothing(self, wired: Wired, shell: Shell) -> None:
        issued(wired, 1)
        done = shell.run("leases", "revoke", "--all", "--dry-run")
        assert done.returncode == 0
        assert "its IAM user goes with it" in done.stdout
        assert "1 credential. Nothing has been done." in done.stdout
        assert len(leases(wired)) == 1

    def test_a_token_that_may_not_revoke(self, wired: Wired, shell: Shell, tmp_path: Path) -> None:
        (made,) = issued(wired, 1)
        wired.vault.write_acl_policy(
            f"list-{wired.mount}",
            'path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }\n'
            'path "sys/leases/renew" { capabilities = ["deny"] }',
        )
        poor = person(wired, tmp_path, "eve", f"list-{wired.mount}")
        done = poor.run("leases", "revoke", "--all", "--yes")
        assert done.returncode == 2
        assert "sys/leases/revoke" in done.stdout
        assert leases(wired) == [made.lease.id]


class TestCuts:
    def test_a_cut_is_remembered(self, wired: Wired, shell: Shell) -> None:
        kind = CredentialType.FEDERATION_TOKEN
        wired.vault.write_role(wired.mount, a_role("reader-sts", kind))
        issued(wired, 1, "reader-sts")
        log = ("--audit-log", str(wired.server.audit))
        first = shell.json("leases", "revoke", "--all", "--yes", *log, code=3)
        assert first["leases"][0]["alive"]
        assert len(shell.json("leases", "list", *log)["credentials"]) == 1
        time.sleep(1)
        cut = shell.json("leases", "revoke", "--all", "--cut", "--yes", *log)
        assert cut["cuts"] == [{"holder": f"user {wired.root_user}", "why": ""}]
        assert shell.json("leases", "list", *log)["credentials"] == []
        issued(wired, 1, "reader-sts")
        time.sleep(1)
        assert len(shell.json("leases", "list", *log)["credentials"]) == 1


class TestTrouble:
    def test_an_iam_that_fails_every_fifth_time(
        self, wired: Wired, shell: Shell, users: Users, faulty: None
    ) -> None:
        while len(leases(wired)) < 12:
            wired.ask(f"{wired.mount}/creds/reader")
        found = take(wired.vault, wired.mount, CLOCK)
        done = revoke(wired.vault, CLOCK, found.holdings, hard=Hard(users))
        assert not done.failed
        assert leases(wired) == []

    def test_killed_in_the_middle_and_again(self, wired: Wired, shell: Shell) -> None:
        issued(wired, 60)
        for _ in range(2):
            with shell.start("leases", "revoke", "--all", "--yes") as run:
                until(changed(wired, run))
                run.send_signal(signal.SIGKILL)
        shell.run("leases", "revoke", "--all", "--yes")
        assert leases(wired) == []
        assert wired.user_names("-reader-") == []

    def test_two_at_once(self, wired: Wired, shell: Shell) -> None:
        issued(wired, 30)
        with (
            shell.start("leases", "revoke", "--all", "--yes") as first,
            shell.start("leases", "revoke", "--all", "--yes") as second,
        ):
            told = [run.communicate(timeout=120) for run in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), told
        assert leases(wired) == []

    def test_sealed_in_the_middle(
        self, own_server: RunningServer, local_aws: LocalAws, tmp_path: Path
    ) -> None:
        wired = wire_up(own_server, local_aws, AwsOptions())
        wired.vault.write_role(wired.mount, a_role("reader"))
        issued(wired, 60)
        with operator(wired, tmp_path).start("leases", "revoke", "--all", "--yes", "--json") as run:
            until(lambda: len(leases(wired)) < 60)
            must(wired.ask("sys/seal", method="PUT"))
            time.sleep(1)
            unsealed = wired.ask("sys/unseal", {"key": unseal_key(own_server)}, method="PUT")
            assert must(unsealed).body["sealed"] is False
            out, err = run.communicate(timeout=120)
        assert run.returncode == 0, err + out
        assert leases(wired) == []
