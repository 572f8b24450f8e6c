"""policies/README.md is run whole, beside a first declared file."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import Shell
from tests.support.played import Player


def test_a_policy_is_found_and_used(tmp_path: Path) -> None:
    player = Player(Shell(tmp_path).environ, tmp_path, prelude=("vaultaws init .",))
    player.play("policies/README.md")
    policy = (tmp_path / "policies" / "s3-read.json").read_text("utf-8")
    assert "acme-reports" in policy
    assert "{{" not in policy
