"""Every command of docs/trail.md is run, and every standing stands in its table."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.trail.verdicts import Standing

PAGE = (Path(__file__).parents[3] / "docs" / "trail.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


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
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        program, *words = shlex.split(command)
        assert program == "vaultaws"
        code, out, said = here(shell, *words)
        assert code == 0, (command, said)
        assert bool(out) is not ("--html" in words or "watch" in words), command
    assert (tmp_path / "trail.html").is_file()
