"""Ctrl-C at any step: exit 130, no traceback, nothing left behind, and running again goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from tests.support.commands import Shell
from tests.support.gate import gate
from tests.support.people import ROLE, declare, root_shell
from tests.support.wired import Wired, must


def interrupted(wired: Wired, shell: Shell, *arguments: str, hold: str) -> None:
    """Run a command, and press Ctrl-C while the server has not answered `hold`."""
    with gate(wired.server.address, hold) as (address, held):
        press_ctrl_c(Shell(shell.directory, {**shell.more, "VAULT_ADDR": address}), arguments, held)


def press_ctrl_c(shell: Shell, arguments: Sequence[str], held: Event) -> str:
    """Stop a command once the gate holds it; returns what it said."""
    with shell.start(*arguments) as process:
        assert held.wait(60), "it never asked"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "stopped" in err
    assert "Traceback" not in err
    return err


def leases(wired: Wired) -> int:
    answer = wired.ask(f"sys/leases/lookup/{wired.mount}/creds/reader", method="LIST")
    return len(answer.body["data"]["keys"]) if answer.status == 200 else 0


def users(wired: Wired) -> list[str]:
    return wired.user_names("reader")


def test_during_apply_and_apply_again_goes_on(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, ROLE)
    shell = root_shell(wired, tmp_path)
    interrupted(wired, shell, "apply", "--yes", hold=r"(PUT|POST) .*/roles/reader")
    assert wired.ask(f"{wired.mount}/roles/reader").status == 404
    assert shell.run("apply", "--yes").returncode == 0
    assert shell.run("plan", "--detailed-exitcode").returncode == 0


def test_while_vault_answers_an_issuance_the_lease_is_named(declared: Shell, wired: Wired) -> None:
    """The user was made, and its answer never came: it is said, listed, and can be revoked."""
    before = users(wired)
    with gate(wired.server.address, r"/creds/reader", after=True) as (address, held):
        shell = Shell(declared.directory, {**declared.more, "VAULT_ADDR": address})
        said = press_ctrl_c(shell, ["creds", "reader"], held)
        assert "a lease may exist; the journal remembers" in said
        listing = shell.run("leases", "list", "--json")
        assert "may have left something behind: reader on" in listing.stderr
        assert len(json.loads(listing.stdout)["credentials"]) == 1
        assert shell.run("leases", "revoke", "--all", "--yes").returncode == 0
    assert leases(wired) == 0
    assert users(wired) == before


def test_during_revocation_and_revoking_again_ends_it(declared: Shell, wired: Wired) -> None:
    before = users(wired)
    assert declared.run("creds", "reader").returncode == 0
    interrupted(wired, declared, "leases", "revoke", "--all", "--yes", hold=r"/sys/leases/revoke")
    assert leases(wired) == 1
    done = declared.run("leases", "revoke", "--all", "--yes")
    assert done.returncode == 0, done.stderr
    assert leases(wired) == 0
    assert users(wired) == before


def test_during_the_check_of_the_trail(declared: Shell, wired: Wired) -> None:
    interrupted(wired, declared, "trail", "check", hold=r"/config/root")
    assert declared.run("trail", "check").returncode in {0, 3}


def test_during_plan_and_listing(declared: Shell, wired: Wired) -> None:
    interrupted(wired, declared, "plan", hold=r"/roles")
    interrupted(wired, declared, "leases", "list", hold=r"/sys/leases/lookup")


def test_a_disk_that_takes_nothing_more_issues_nothing(declared: Shell, wired: Wired) -> None:
    """The shell's own limit on what may be written, in place of a full disk."""
    environment = {k: v for k, v in declared.environ.items() if not k.startswith("COV")}
    command = [sys.executable, "-m", "vaultaws", "creds", "reader"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command],
        env=environment,
        cwd=declared.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
    assert leases(wired) == 0


def test_no_root_is_said_when_asked_to_issue(declared: Shell, wired: Wired) -> None:
    must(wired.ask(f"sys/mounts/{wired.mount}", method="DELETE"))
    must(wired.ask(f"sys/mounts/{wired.mount}", {"type": "aws"}))
    must(
        wired.ask(
            f"{wired.mount}/roles/reader", {"credential_type": "iam_user", "policy_arns": "x"}
        )
    )
    done = declared.run("creds", "reader")
    assert (done.returncode, done.stdout) == (2, "")
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("·", "note:"))]
    assert [line.split()[0] for line in lines] == ["error:", "why:", "do:"]
