"""What goes wrong at the command line: one clear error, the right code, nothing left behind."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import ROLE, declare, operator, person, root_shell
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.local.aws.control_client import ControlClient


def three_lines(text: str) -> tuple[str, str, str]:
    """The error's lines; anything else on stderr fails the test."""
    lines = [line for line in text.splitlines() if not line.startswith(("·", "note:"))]
    assert [line.split()[0] for line in lines] == ["error:", "why:", "do:"], text
    return lines[0], lines[1], lines[2]


def test_a_wrong_token(declared: Shell, wired: Wired, tmp_path: Path) -> None:
    stranger = operator(wired, tmp_path, VAULT_TOKEN="not-a-token")
    done = stranger.run("creds", "reader")
    assert (done.returncode, done.stdout) == (2, "")
    three_lines(done.stderr)
    assert "not-a-token" not in done.stderr


def test_no_token_at_all(wired: Wired, tmp_path: Path) -> None:
    environment = {**wired.environ({})}
    del environment["VAULT_TOKEN"]
    done = Shell(tmp_path, environment).run("creds", "reader")
    assert (done.returncode, done.stdout) == (2, "")
    three_lines(done.stderr)


def test_an_unknown_role_names_the_nearest(declared: Shell) -> None:
    done = declared.run("creds", "readr")
    what, why, do = three_lines(done.stderr)
    assert (done.returncode, done.stdout) == (2, "")
    assert '"readr"' in what
    assert "reader" in why
    assert "vaultaws roles list" in do


def test_no_engine_at_the_mount(declared: Shell) -> None:
    done = declared.run("creds", "reader", "--mount", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere" in three_lines(done.stderr)[0]


def test_a_ttl_below_the_floor_is_refused_before_vault_is_asked(
    wired: Wired, tmp_path: Path
) -> None:
    roles = ROLE.replace("iam_user", "federation_token")
    declare(wired, tmp_path, roles)
    assert root_shell(wired, tmp_path).run("apply", "--yes").returncode == 0
    shell = operator(wired, tmp_path)
    done = shell.run("creds", "reader", "--ttl", "5m")
    assert (done.returncode, done.stdout) == (1, "")
    assert "5 min is too short" in three_lines(done.stderr)[0]
    assert shell.json("leases", "list")["credentials"] == []


def test_a_federation_role_with_a_managed_policy_is_refused_before_vault_is_asked(
    wired: Wired, tmp_path: Path
) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    role = {"credential_type": "federation_token", "policy_arns": [arn]}
    must(wired.ask(f"{wired.mount}/roles/managed", role))
    shell = operator(wired, tmp_path)
    done = shell.run("creds", "managed")
    assert (done.returncode, done.stdout) == (1, "")
    assert "only a managed policy" in three_lines(done.stderr)[0]
    assert shell.json("leases", "list")["credentials"] == []


def test_a_policy_that_is_no_json_changes_nothing(declared: Shell) -> None:
    (declared.directory / "policies" / "ec2readonly.json").write_text("{")
    done = declared.run("apply", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    fault, *rest = done.stderr.splitlines()
    assert fault.startswith("policies/ec2readonly.json:1:2:  not a policy: ")
    assert "1 fault in policies/ec2readonly.json" in three_lines("\n".join(rest))[0]


def test_apply_without_root_credentials_says_which_are_missing(
    wired: Wired, tmp_path: Path
) -> None:
    declare(wired, tmp_path, ROLE)
    must(wired.ask(f"sys/mounts/{wired.mount}", method="DELETE"))
    environment = wired.environ({})
    del environment["AWS_ACCESS_KEY_ID"]
    done = Shell(tmp_path, environment).run("apply", "--yes")
    must(wired.ask(f"sys/mounts/{wired.mount}", method="DELETE"))
    must(wired.ask(f"sys/mounts/{wired.mount}", {"type": "aws"}))
    assert done.returncode != 0
    assert "no root credentials in the environment" in three_lines(done.stderr)[0]


@pytest.fixture
def slow(wired: Wired) -> Iterator[Wired]:
    """An AWS whose keys made from now on stay unknown for half a minute."""
    control = ControlClient(wired.aws.endpoint, wired.aws.control_token)
    control.configure(iam_delay=30.0)
    yield wired
    control.configure(iam_delay=0.0)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_waiting_leaves_no_lease(
    slow: Wired, tmp_path: Path, stop: signal.Signals
) -> None:
    declare(slow, tmp_path, ROLE)
    assert root_shell(slow, tmp_path).run("apply", "--yes").returncode == 0
    shell = operator(slow, tmp_path)
    with shell.start("creds", "reader") as process:
        until(lambda: _leases(slow) == 1)
        time.sleep(0.5)
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
    assert out == ""
    assert process.returncode == 128 + stop
    assert "Traceback" not in err
    assert _leases(slow) == 0


def _leases(wired: Wired) -> int:
    answer = wired.ask(f"sys/leases/lookup/{wired.mount}/creds/reader", method="LIST")
    return len(answer.body["data"]["keys"]) if answer.status == 200 else 0


def test_killed_between_issuing_and_handing_over_the_next_run_revokes(
    slow: Wired, tmp_path: Path
) -> None:
    declare(slow, tmp_path, ROLE)
    assert root_shell(slow, tmp_path).run("apply", "--yes").returncode == 0
    shell = operator(slow, tmp_path)
    with shell.start("creds", "reader") as process:
        until(lambda: _leases(slow) == 1)
        until(lambda: "lease_id" in (shell.state / "journal" / "leases.jsonl").read_text())
        process.kill()
        process.communicate(timeout=60)
    listing = shell.run("leases", "list", "--json")
    assert "left a lease behind" in listing.stderr
    assert json.loads(listing.stdout)["credentials"] == []
    assert _leases(slow) == 0


def test_a_full_disk_before_issuance_issues_nothing(declared: Shell, wired: Wired) -> None:
    shutil.rmtree(declared.state / "journal", ignore_errors=True)
    (declared.state / "journal").write_text("a file where the journal's directory should be")
    done = declared.run("creds", "reader")
    assert (done.returncode, done.stdout) == (1, "")
    three_lines(done.stderr)
    assert _leases(wired) == 0


def test_somebody_without_rights_gets_a_plain_no(wired: Wired, tmp_path: Path) -> None:
    nobody = person(wired, tmp_path, "nobody", "default")
    done = nobody.run("leases", "list")
    assert done.returncode in {0, 2}
    assert "Traceback" not in done.stderr
    refused = nobody.run("roles", "list")
    assert refused.returncode == 2
    three_lines(refused.stderr)
