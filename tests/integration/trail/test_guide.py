"""Every command of docs/trail.md is run, and every standing stands in its table."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support import pages
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.trail.verdicts import Standing

PAGE = pages.read("docs/trail.md")


def test_every_standing_is_explained() -> None:
    first_cells = " ".join(re.findall(r"^\| ([a-z_, ]+) \|", PAGE, re.MULTILINE))
    assert {word.strip(",") for word in first_cells.split()} == {*Standing, "standing"}


@pytest.mark.integration
def test_the_commands_run(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ada").issue(wired.mount, "reader", sts=False)
    wired.client("ec2", issued.credentials).describe_instances()
    shell = operator(wired, tmp_path)

    def run(block: pages.Block) -> None:
        for command in block.text.splitlines():
            program, *words = shlex.split(command)
            assert program == "vaultaws"
            code, out, said = here(shell, *words)
            assert code == 0, (command, said)
            assert bool(out) is not ("--html" in words or "watch" in words), command

    pages.play("docs/trail.md", run)
    assert (tmp_path / "trail.html").is_file()
