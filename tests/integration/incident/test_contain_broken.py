"""Containment when things break: kills, a server that goes away, an AWS in a bad mood, clocks."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import SERVERS
from tests.support.commands import Shell
from tests.support.gate import gate
from tests.support.gone import behind_its_back
from tests.support.killing import Killer
from tests.support.people import operator
from tests.support.places import here
from tests.support.relay import Asked, CutError, Relay
from tests.support.sealing import unseal_key
from tests.support.stricken import Stricken, login, stricken
from tests.support.waiting import until
from tests.support.wired import must, wire_up
from vaultaws.clock import SystemClock
from vaultaws.incident.denyblock import paths_of
from vaultaws.incident.journal import Cases
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.wire import ask

ROLES = ("reader", "reader-sts", "ops")
ONE_SERVER = pytest.mark.parametrize("server", SERVERS[:1], indirect=True)
"""For what is about AWS alone: a second server would tell nothing and take half a minute."""
EVERYTHING = ("incident", "contain", "--everything", "--no-trail", "--yes", "--name", "all")


def filled(place: Stricken) -> Stricken:
    """Ben holds one credential of each of three types, and all of them work."""
    ben = login(place, "ben")
    for role in ROLES:
        place.issue("ben", role, ben)
    until(lambda: len(place.alive()) == len(ROLES))
    return place


def through(place: Stricken, relay: Relay) -> Shell:
    return dataclasses.replace(place.shell, more={**place.shell.more, "VAULT_ADDR": relay.address})


@contextmanager
def relayed(place: Stricken) -> Iterator[Relay]:
    relay = Relay(place.wired.server.address)
    try:
        yield relay
    finally:
        relay.stop()


def test_killed_at_any_write_the_next_run_ends_it(place: Stricken) -> None:
    """Canaries, the deny of issuance, leases: a kill at one of the writes to Vault, again and again
    in one case, each time a bit further on."""
    filled(place)
    killed = 0
    with relayed(place) as relay:
        shell = through(place, relay)
        for _ in range(9):
            killer = Killer(len(relay.writes) + 1 + killed % 3)
            relay.before, relay.after = (
                (killer, relay.after) if killed % 2 else (relay.before, killer)
            )
            killer.process = shell.start(*EVERYTHING)
            with killer.process as process:
                out, said = process.communicate(timeout=60)
            relay.before = relay.after = nothing
            if process.returncode == 0:
                break
            assert process.returncode == -9, out + said
            killed += 1
    assert killed >= 2
    resume = ("incident", "contain", "--resume", "all", "--yes", "--no-trail")
    code, out, said = here(shell, *resume, "--address", place.wired.server.address)
    assert code == 0, out + said
    assert place.alive() == set()
    assert place.leases() == []


def nothing(_: Asked) -> None:
    """Let pass."""


def test_what_is_issued_while_the_plan_is_read_dies_too(place: Stricken) -> None:
    filled(place)
    ben = login(place, "ben")

    def issue_once_more(asked: Asked) -> None:
        if asked.path == "sys/policies/acl/default" and ("late", "reader") not in place.held:
            place.issue("late", "reader", ben)

    with relayed(place) as relay:
        relay.before = issue_once_more
        code, out, said = here(through(place, relay), *EVERYTHING)
    assert code == 0, out + said
    assert ("late", "reader") in place.held
    assert place.alive() == set()
    assert place.leases() == []
    assert place.wired.user_names(f"{place.mount}-ben-reader-") == []


def test_vault_goes_away_halfway_and_aws_is_cut_all_the_same(place: Stricken) -> None:
    filled(place)

    def gone(asked: Asked) -> None:
        if asked.path.startswith(("sys/leases", "sys/policies")):
            raise CutError

    with relayed(place) as relay:
        relay.before = gone
        shell = through(place, relay)
        code, out, said = here(shell, *EVERYTHING)
        assert code == 2, out + said
        assert "go on: vaultaws incident contain --resume all" in out
        assert "revoke in Vault" in out
        assert place.alive() == set()
        assert place.leases() != []
        relay.before = nothing
        code, out, said = here(
            shell, "incident", "contain", "--resume", "all", "--yes", "--no-trail"
        )
        assert code == 0, out + said
    assert "all (everything of" in out
    assert place.leases() == []


@pytest.fixture
def sealed_place(
    own_server: RunningServer,
    local_aws: LocalAws,
    aws_options: AwsOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stricken:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    return stricken(wire_up(own_server, local_aws, aws_options), tmp_path)


def test_a_sealed_server_and_what_the_machine_knows(sealed_place: Stricken) -> None:
    """The audit log tells what is out, the declared file of which AWS roles, the person whose
    Vault's user is; the leases wait until the server is open again."""
    place = filled(sealed_place)
    wired = place.wired
    key = unseal_key(wired.server)
    (place.shell.directory / "p.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    (place.shell.directory / "vaultaws.toml").write_text(
        f'[mount]\npath = "{place.mount}"\n[roles.ops]\ncredential_type = "assumed_role"\n'
        f'role_arns = ["{place.roles.arns[0]}"]\n'
    )
    token = wired.server.root_token
    must(ask(wired.server.address, "/v1/sys/seal", token=token, method="PUT", data={}))
    code, out, said = here(place.shell, *EVERYTHING, "--root-user", wired.root_user)
    assert code == 2, out + said
    assert "is sealed" in out
    assert place.alive() == set()
    must(ask(wired.server.address, "/v1/sys/unseal", token=token, method="PUT", data={"key": key}))
    until(lambda: wired.ask("sys/health").status == 200)
    code, out, said = here(
        place.shell, "incident", "contain", "--resume", "all", "--yes", "--no-trail"
    )
    assert code == 0, out + said
    assert place.leases() == []


@ONE_SERVER
def test_an_aws_that_fails_and_throttles_one_call_in_five(own_place: Stricken) -> None:
    place = filled(own_place)
    control = ControlClient(place.wired.aws.endpoint, place.wired.aws.control_token)
    control.configure(fault_rate=0.2)
    try:
        runs = (here(place.shell, *EVERYTHING) for _ in range(3))
        assert any(code == 0 for code, _, _ in runs)  # Vault's engine has no patience of ours
    finally:
        control.configure(fault_rate=0)
    assert place.alive() == set()
    assert place.leases() == []
    assert place.wired.user_names("-reader-") == []


@ONE_SERVER
def test_the_cut_is_told_in_awss_own_time(own_place: Stricken) -> None:
    """AWS is ten minutes ahead of this machine: a moment of ours would leave the tokens alive."""
    place = own_place
    ControlClient(place.wired.aws.endpoint, place.wired.aws.control_token).advance(600)
    filled(place)
    done = place.contain("--role", "reader-sts", "--no-trail")
    assert place.alive() == {("ben", "reader"), ("ben", "ops")}
    ahead = datetime.fromisoformat(done["cut_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < ahead < timedelta(minutes=11)
    ada = login(place, "ada")

    def a_new_one_works() -> bool:
        return place.may_read(place.issue("ada", "session", ada))

    until(a_new_one_works)  # from the next second on


@ONE_SERVER
def test_two_responders_at_once(place: Stricken) -> None:
    """On two machines both do all of it, and the lift of one leaves what the other has denied."""
    filled(place)
    other = place.shell.directory / "other"
    other.mkdir()
    log = place.shell.more["VAULTAWS_AUDIT_LOG"]
    shells = [place.shell, operator(place.wired, other, VAULTAWS_AUDIT_LOG=log)]
    started = [shell.start(*EVERYTHING) for shell in shells]
    for process in started:
        with process:
            out, said = process.communicate(timeout=60)
        failed = [line for line in out.splitlines() if line.strip().startswith("failed:")]
        # the deny of the one may stand before the other has tried its canary
        assert all("gives no canary: AWS allows it none of" in line for line in failed), out + said
        assert process.returncode == (2 if failed else 0), out + said
    assert place.alive() == set()
    assert place.leases() == []
    first, second = (Cases(each.state / "incidents", SystemClock()).read("all") for each in shells)
    assert first.policy_name != second.policy_name
    code, out, said = here(shells[0], "incident", "lift", "all", "--yes", "--unverified")
    assert code == 3, out + said
    text = place.wired.vault.read_acl_policies(["default"])["default"]
    assert not paths_of(text, first.mark)
    assert f"{place.mount}/creds/reader" in paths_of(text, second.mark)
    names = place.wired.client("iam").list_user_policies(UserName=place.wired.root_user)
    assert {first.policy_name, second.policy_name} <= set(names["PolicyNames"])


@pytest.mark.parametrize("role", ["reader", "ops"])
def test_what_was_deleted_behind_vaults_back_does_not_stop_it(place: Stricken, role: str) -> None:
    """A role of Vault's, the IAM user of one of its leases and the AWS role of others are gone."""
    ben = login(place, "ben")
    place.issue("ben", role, ben)
    place.issue("ada", role, login(place, "ada"))
    until(lambda: len(place.alive()) == 2)
    iam = place.wired.client("iam")
    if role == "reader":
        behind_its_back(place.wired.aws, place.held["ben", role].access_key_id)
    else:
        name = place.roles.arns[0].rsplit("/", maxsplit=1)[-1]
        iam.delete_role_policy(RoleName=name, PolicyName="reads")
        iam.delete_role(RoleName=name)
    place.wired.vault.delete_role(place.mount, role)
    done = place.contain("--role", role, "--no-trail")
    assert {step["state"] for step in done["steps"]} == {"done"}
    assert place.alive() == set()
    assert place.leases() == []


@ONE_SERVER
def test_without_aws_keys_vault_is_done_and_the_rest_is_said(place: Stricken) -> None:
    filled(place)
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    shell = dataclasses.replace(place.shell, more={**place.shell.more, **none})
    code, out, said = here(shell, *EVERYTHING, "--root-user", place.wired.root_user)
    assert code == 2, out + said
    assert "there are no AWS credentials" in out
    assert place.leases() == []
    assert place.alive() == {("ben", "reader-sts"), ("ben", "ops")}
    code, out, said = here(place.shell, *EVERYTHING)
    assert code == 0, out + said
    assert place.alive() == set()


def test_ctrl_c_ends_it_although_vault_does_not_answer_and_the_next_run_goes_on(
    place: Stricken,
) -> None:
    """A revocation hangs, for longer than anybody waits."""
    filled(place)
    with gate(place.wired.server.address, r"/sys/leases/revoke") as (address, held):
        more = {"VAULT_ADDR": address, "VAULT_CLIENT_TIMEOUT": "600"}
        shell = dataclasses.replace(place.shell, more={**place.shell.more, **more})
        with shell.start(*EVERYTHING) as process:
            assert held.wait(60)
            process.send_signal(signal.SIGINT)
            out, said = process.communicate(timeout=60)
    assert process.returncode == 130, out + said
    assert "stopped" in said
    assert "go on with it: vaultaws incident contain --resume all" in said
    assert "Traceback" not in said
    assert not out
    resume = ("incident", "contain", "--resume", "all", "--yes", "--no-trail")
    code, out, said = here(place.shell, *resume, "--address", place.wired.server.address)
    assert code == 0, out + said
    assert place.alive() == set()
    assert place.leases() == []


@ONE_SERVER
def test_a_full_disk_halfway_is_gone_on_from_where_there_is_room(place: Stricken) -> None:
    """The shell's own limit on what may be written, in place of a full disk."""
    filled(place)
    for room in (0, 3, 12, 24):
        code, out, said = with_room_for(place.shell, room, *EVERYTHING)
        assert code == (1 if room == 0 else 2), out + said
        assert [line.split()[0] for line in said.splitlines()[-3:]] == ["error:", "why:", "do:"]
        assert "XDG_STATE_HOME" in said
        if room == 0:
            assert len(place.alive()) == len(ROLES)
    code, out, said = here(place.shell, *EVERYTHING)
    assert code == 0, out + said
    assert place.alive() == set()
    assert place.leases() == []


def with_room_for(shell: Shell, blocks: int, *arguments: str) -> tuple[int, str, str]:
    """Run where no file grows beyond that many blocks of 512 bytes."""
    environ = {name: value for name, value in shell.environ.items() if not name.startswith("COV")}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"  # Python 3.11 leaves half of a file where room ends
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh"]
    done = subprocess.run(
        [*limited, sys.executable, "-m", "vaultaws", *arguments],
        env=environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr
