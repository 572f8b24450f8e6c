"""Every verb is named in README.md, and its commands are run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support import pages
from tests.support.commands import Shell
from tests.support.played import Player
from vaultaws.cli.main import VERBS

README = pages.read("README.md")


def test_every_verb_is_named() -> None:
    assert [verb for verb in VERBS if f"`{verb}" not in README] == []


def test_the_scripts_are_there_and_can_run() -> None:
    (scripts,) = re.findall(r"```sh\n(\./scripts/demo\n\./scripts/test)\n```", README)
    for script in scripts.split():
        assert os.access(pages.ROOT / script, os.X_OK)


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(tmp_path: Path) -> None:
    player = Player(
        {**Shell(tmp_path).environ, "PATH": os.environ["PATH"]},
        tmp_path,
        prelude=("trap 'vaultaws down' EXIT",),
        instead={"vaultaws up)": "vaultaws up --server openbao)"},
    )
    player.play("README.md")
