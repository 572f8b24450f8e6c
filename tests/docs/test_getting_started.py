"""docs/getting-started.md is run whole, on a stack of its own, and prints what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.left_behind import hold_to_the_table
from tests.support.played import Player


@pytest.mark.integration
def test_the_first_ten_minutes(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    environ = shell.environ
    player = Player(
        {**environ, "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}"},
        tmp_path,
        prelude=("trap 'vaultaws down' EXIT",),
        instead={"vaultaws up)": "vaultaws up --server openbao)"},
    )
    player.play("docs/getting-started.md")
    hold_to_the_table(shell.state, at_least=4)
