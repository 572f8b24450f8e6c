"""`vaultaws leases watch` into a pipe, against real servers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.engine import a_role
from tests.support.people import operator
from tests.support.terminal import CTRL_C, CTRL_Z, at_terminal
from tests.support.wired import Wired
from vaultaws.leases.screen import ENTER, LEAVE


def test_a_pipe_gets_a_line_of_json_for_each_change(wired: Wired, tmp_path: Path) -> None:
    wired.vault.write_role(wired.mount, a_role("reader"))
    lease = wired.vault.issue(wired.mount, "reader", sts=False).lease.id
    with operator(wired, tmp_path).start("leases", "watch", "--every", "1s") as watching:
        assert watching.stdout is not None
        try:
            first = json.loads(watching.stdout.readline())
            wired.vault.revoke_lease(lease)
            second = json.loads(watching.stdout.readline())
        finally:
            watching.terminate()
    assert [first["change"], second["change"]] == ["appeared", "ended"]
    assert second["credential"]["lease_id"] == lease


def test_it_ends_by_itself_though_nobody_answers(wired: Wired, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path, VAULT_ADDR="http://127.0.0.1:1")
    done = shell.run("leases", "watch", "--every", "1s", "--for", "1s")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("waiting for it") == 1


def test_a_terminal_gets_a_picture_that_stays_when_it_is_ended(
    wired: Wired, tmp_path: Path
) -> None:
    role = f"reader-{wired.mount}"
    wired.vault.write_role(wired.mount, a_role(role))
    wired.vault.issue(wired.mount, role, sts=False)
    shell = operator(wired, tmp_path, VAULTAWS_AUDIT_LOG=str(wired.server.audit))
    watch = ("leases", "watch", "--every", "1s")
    code, screen = at_terminal(shell, *watch, answers=[("1 credential", CTRL_C)])
    assert code == 130, screen
    picture, _, after = screen.partition(LEAVE)
    assert picture.startswith(ENTER)
    assert "Ctrl-C ends it" in picture
    assert role in after
    assert "1 credential" in after


def test_several_mounts_are_watched_together(wired: Wired, tmp_path: Path) -> None:
    wired.vault.write_role(wired.mount, a_role("reader"))
    lease = wired.vault.issue(wired.mount, "reader", sts=False).lease.id
    mounts = ("--mount", f"no-{wired.mount}", "--mount", wired.mount)
    done = operator(wired, tmp_path).run("leases", "watch", "--for", "1s", *mounts)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["credential"]["lease_id"] == lease


def test_ctrl_z_gives_the_terminal_back_as_it_was(wired: Wired, tmp_path: Path) -> None:
    """A process group without a shell above it is not stopped: it comes back at once."""
    wired.vault.write_role(wired.mount, a_role("reader"))
    wired.vault.issue(wired.mount, "reader", sts=False)
    answers = [("1 credential", CTRL_Z), (LEAVE + ENTER, ""), ("1 credential", CTRL_C)]
    code, screen = at_terminal(
        operator(wired, tmp_path), "leases", "watch", "--every", "1s", answers=answers
    )
    assert code == 130, screen
    assert screen.count(ENTER) == screen.count(LEAVE) == 2
