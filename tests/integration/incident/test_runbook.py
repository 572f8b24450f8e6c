"""Every command of docs/incident.md is run, in its order, and ends as the page says."""

from __future__ import annotations

import re
import shlex

from tests.support import pages
from tests.support.places import here
from tests.support.stricken import Stricken, login
from tests.support.waiting import until
from vaultaws.local.aws.control_client import ControlClient

REVOKE = ("leases", "revoke", "--person", "ben", "--dry-run")
EXIT = re.compile(r"# exit (\d+)")


def test_the_runbook_from_top_to_bottom(struck: Stricken) -> None:
    ben = login(struck, "ben")
    for role in ("reader", "reader-sts", "ops"):
        struck.issue("ben", role, ben)
    until(lambda: all(map(struck.may_read, struck.held.values())))
    pages.play("docs/incident.md", lambda block: do(struck, block))
    report = (struck.shell.directory / "ben.md").read_text("utf-8")
    assert "# Incident ben" in report


def do(struck: Stricken, block: pages.Block) -> None:
    if block.mark == "later":
        aws = struck.wired.aws
        ControlClient(aws.endpoint, aws.control_token).advance(37 * 3600)
    for line in block.text.splitlines():
        run(struck, line)
    if "--yes" in block.text:
        assert struck.alive() == set()
    if "--yes" in block.text and "lift" not in block.text:
        assert "lives on" not in here(struck.shell, *REVOKE)[1]


def run(struck: Stricken, line: str) -> None:
    program, *words = shlex.split(line.replace("ec2readonly", "reader"), comments=True)
    assert program == "vaultaws"
    words = [str(struck.shell.directory / word) if word == "ben.md" else word for word in words]
    said = EXIT.search(line)
    code, out, err = here(struck.shell, *words)
    assert code == (int(said[1]) if said else 0), f"{line}\n{out}{err}"
