"""`vaultaws leases list --csv` against real servers: a clean table, words beside it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.support.engine import a_role
from tests.support.people import operator, person
from tests.support.wired import Wired, must


def test_stdout_is_the_table_alone_and_notes_are_on_stderr(wired: Wired, tmp_path: Path) -> None:
    role = f"reader-{wired.mount}"
    wired.vault.write_role(wired.mount, a_role(role))
    made = wired.vault.issue(wired.mount, role, sts=False)
    whole = operator(wired, tmp_path).run("leases", "list", "--csv")
    assert whole.returncode == 0, whole.stderr
    (row,) = csv.DictReader(io.StringIO(whole.stdout))
    assert (row["lease_id"], row["irrevocable"]) == (made.lease.id, "")
    assert "note:" not in whole.stderr
    blind = operator(wired, tmp_path, VAULTAWS_AUDIT_LOG="")
    of_ada = blind.run("leases", "list", "--csv", "--person", "ada")
    assert len(of_ada.stdout.splitlines()) == 1
    assert "note: 1 more credential is of nobody known and left out" in of_ada.stderr
    revoked = blind.run("leases", "revoke", "--person", "ada", "--yes")
    assert revoked.returncode == 1
    assert "1 more credential is of nobody known and left out" in revoked.stderr
    rules = """
    path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }
    path "sys/leases/lookup" { capabilities = ["update"] }
    """
    must(wired.ask(f"sys/policies/acl/lists-{wired.mount}", {"policy": rules}))
    poor = person(wired, tmp_path, "ben", f"lists-{wired.mount}").run("leases", "list", "--csv")
    assert poor.returncode == 0, poor.stderr
    (row,) = csv.DictReader(io.StringIO(poor.stdout))
    assert row["lease_id"] == made.lease.id
    assert "note: this token may not see which leases are irrevocable" in poor.stderr
