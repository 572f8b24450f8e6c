"""`vaultaws leases watch` into a pipe, against real servers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.engine import a_role
from tests.support.people import operator
from tests.support.wired import Wired


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
