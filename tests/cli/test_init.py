"""`vaultaws init` writes a file that `plan` can read, and overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vaultaws.cli import init
from vaultaws.cli.main import run
from vaultaws.config.load import load


def test_the_first_file_is_sound(tmp_path: Path) -> None:
    answer = CliRunner().invoke(init.command, [str(tmp_path)], env={"AWS_ENDPOINT_URL": ""})
    assert answer.exit_code == 0, answer.output
    config = load(tmp_path / "vaultaws.toml")
    assert [role.name for role in config.roles] == ["ec2readonly", "ec2readonly-sts"]
    assert config.root is not None
    assert config.root.iam_endpoint is None


def test_on_the_local_stack_it_names_the_endpoint(tmp_path: Path) -> None:
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000", "AWS_REGION": "eu-west-2"}
    answer = CliRunner().invoke(init.command, [str(tmp_path)], env=environment)
    assert answer.exit_code == 0
    config = load(tmp_path / "vaultaws.toml")
    assert config.root is not None
    assert config.root.sts_endpoint == "http://127.0.0.1:5000"
    assert config.root.region == "eu-west-2"


def test_what_is_there_stays(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "vaultaws.toml").write_text("mine")
    assert run(["init", str(tmp_path)]) == 1
    assert "already there" in capfd.readouterr().err
    assert (tmp_path / "vaultaws.toml").read_text() == "mine"
    assert not (tmp_path / "policies").exists()
