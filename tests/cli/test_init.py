"""`vaultaws init` writes a file that `plan` can read, and overwrites nothing."""

from __future__ import annotations

import json
import re
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


def test_where_one_file_cannot_be_the_other_is_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policies").write_text("mine")
    assert run(["init", str(tmp_path)]) == 1
    said = capfd.readouterr()
    assert "policies" in said.err
    assert said.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["policies"]


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:5000"])
def test_lint_finds_nothing_in_it(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert run(["init", str(tmp_path)]) == 0
    capfd.readouterr()
    assert run(["lint", "--strict", "--json", "-c", str(tmp_path / "vaultaws.toml")]) == 0
    found = json.loads(capfd.readouterr().out)["findings"]
    assert [finding for finding in found if not finding["waived"]] == []


def test_its_hints_are_sound_when_they_are_taken(tmp_path: Path) -> None:
    assert CliRunner().invoke(init.command, [str(tmp_path)]).exit_code == 0
    file = tmp_path / "vaultaws.toml"
    hint = re.compile(r"^# (?=\[|[a-z_]+ = )", re.MULTILINE)
    file.write_text(hint.sub("", file.read_text()))
    config = load(file)
    assert config.lease is not None
    assert [role.name for role in config.roles] == ["deploy", "ec2readonly", "ec2readonly-sts"]
    assert [role.name for role in config.static_roles] == ["legacy-app"]
    assert config.access[0].members == (("userpass", ("ada",)),)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "vaultaws.toml").symlink_to(tmp_path / "elsewhere")
    assert run(["init", str(tmp_path)]) == 1
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("region", ['eu"-1', "a\\b"])
def test_a_strange_environment_still_gives_toml(tmp_path: Path, region: str) -> None:
    answer = CliRunner().invoke(init.command, [str(tmp_path)], env={"AWS_REGION": region})
    assert answer.exit_code == 0
    root = load(tmp_path / "vaultaws.toml").root
    assert root is not None
    assert root.region == region
