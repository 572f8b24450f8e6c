"""What people see at a terminal and machines do not: hints, questions, and their answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import ROLE, declare, operator, root_shell
from tests.support.terminal import CTRL_C, at_terminal
from tests.support.wired import Wired


@pytest.fixture
def declared(wired: Wired, tmp_path: Path) -> Shell:
    declare(wired, tmp_path, ROLE)
    assert root_shell(wired, tmp_path).run("apply", "--yes").returncode == 0
    return operator(wired, tmp_path)


def test_creds_say_for_whom_how_long_and_how_to_use_them(declared: Shell) -> None:
    code, screen = at_terminal(declared, "creds", "reader")
    assert code == 0, screen
    assert "export AWS_ACCESS_KEY_ID='AKIA" in screen
    assert "new IAM user, good after" in screen
    assert "expires in 1" in screen
    assert 'to use it in this shell: eval "$(vaultaws creds reader)"' in screen
    code, screen = at_terminal(declared, "creds", "reader", "--no-wait", "--format", "json")
    assert code == 0, screen
    assert "new IAM user, not waited for" in screen
    assert "eval" not in screen


def test_a_pipe_gets_no_hints(declared: Shell) -> None:
    assert declared.run("creds", "reader").stderr == ""


def test_revoking_asks_and_a_no_revokes_nothing(declared: Shell) -> None:
    assert declared.run("creds", "reader").returncode == 0
    asked = ("leases", "revoke", "--all")
    code, screen = at_terminal(declared, *asked, answers=[("[y/N]", "n\n")])
    assert (code, "Revoke 1 credential?" in screen) == (1, True), screen
    code, screen = at_terminal(declared, *asked, answers=[("[y/N]", CTRL_C)])
    assert code == 130, screen
    assert len(declared.json("leases", "list")["credentials"]) == 1
    code, screen = at_terminal(declared, *asked, answers=[("[y/N]", "y\n")])
    assert code == 0, screen
    assert "nothing of it lives" in screen
    assert declared.json("leases", "list")["credentials"] == []
