"""A written profile just works: AWS's own SDK asks it, and what it issues is sane."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.installed import install
from tests.support.people import declare, operator, root_shell
from tests.support.wired import Wired

ROLES = """
[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "2h"

[roles.other]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
"""
USE = """
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
for _ in range(4):
    client = session.create_client("ec2")
    client.describe_instances()
    print(session.create_client("sts").get_caller_identity()["Arn"])
"""
MINE = "# mine\n[default]\nregion=eu-west-1\n\ns3 =\n   max_queue_size = 10\n"


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    declare(wired, tmp_path, ROLES)
    assert root_shell(wired, tmp_path).run("apply", "--yes").returncode == 0
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(MINE)
    without = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    return operator(wired, tmp_path, VAULTAWS_CACHE="file", **without)


def used(shell: Shell, profile: str) -> list[str]:
    """Who AWS says is calling with the profile, four times from one program."""
    environ = {name: value for name, value in shell.environ.items() if value}
    command = [sys.executable, "-c", USE, profile]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_sdk_uses_a_written_profile(shell: Shell, wired: Wired, tmp_path: Path) -> None:
    """The program stands under a path with spaces. Two programs with four clients each, which
    all ask again below 15 minutes of life, are one lease of 15 minutes."""
    command = install(tmp_path / "with some  spaces")
    arguments = ("profile", "write", "prod", "--role", "reader-sts", "--region", "eu-west-2")
    done = subprocess.run(
        [command, *arguments, "--ttl", "15m"],
        env=shell.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("written  prod  (role reader-sts")
    text = (tmp_path / ".aws" / "config").read_text()
    assert text.startswith(MINE)
    assert f'credential_process = "{command}" creds reader-sts' in text
    (who,) = set(used(shell, "prod") + used(shell, "prod"))
    assert ":federated-user/" in who
    (lease,) = wired.vault.list_leases(f"{wired.mount}/sts/reader-sts")
    assert 600 < wired.vault.lookup_lease(lease).ttl_seconds <= 900


def test_one_for_each_role_and_away_again(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "config"
    file.write_text(MINE + "[profile other]\nregion = x\n")
    done = shell.run("profile", "write", "--all")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["written", "reader-sts"]]
    assert "other was not written by vaultaws" in done.stderr
    assert "unchanged" in shell.run("profile", "write", "--all").stdout
    listed = shell.json("profile", "list")["profiles"]
    assert [(item["name"], item["role"]) for item in listed] == [("reader-sts", "reader-sts")]
    assert "reader-sts" in shell.run("profile", "list").stdout.splitlines()[1]
    assert shell.run("profile", "remove", "reader-sts").returncode == 0
    assert file.read_text().rstrip() == (MINE + "[profile other]\nregion = x\n").rstrip()


def test_many_at_once_all_get_in(shell: Shell, tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(6)]
    runs = [shell.start("profile", "write", name, "--role", "reader-sts") for name in names]
    ends = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), ends
    listed = shell.json("profile", "list")["profiles"]
    assert sorted(item["name"] for item in listed) == names
    assert (tmp_path / ".aws" / "config").read_text().startswith(MINE)


def test_what_cannot_be_done_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "config"
    for arguments in (
        ("write", "default", "--role", "reader-sts"),
        ("write", "prod", "--region", "eu west"),
        ("write", "prod", "--role", "a;b"),
        ("write", "prod", "--role=-x"),
        ("write", "prod", "--role", "reader-sts", "--namespace", "$(id)"),
        ("write", "a b", "--role", "reader-sts"),
        ("write",),
        ("write", "prod", "--all"),
        ("remove", "default"),
        ("remove", "nobody"),
    ):
        done = shell.run("profile", *arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
        assert file.read_text() == MINE


def test_flags_of_the_command_line_go_into_the_profile(shell: Shell, tmp_path: Path) -> None:
    """Paths are made whole, and a key in the credentials file, which SDKs take first, is told."""
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / ".aws" / "credentials").write_text("[prod]\naws_access_key_id = x\n")
    flags = ("--namespace", "team/a", "--ca-cert", "ca.pem", "--address", "https://vault.test:8200")
    done = shell.run("profile", "write", "prod", *flags, "--tls-skip-verify", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert "has keys for prod" in done.stderr
    (item,) = shell.json("profile", "list")["profiles"]
    for words in (
        "creds prod --format process",
        "--namespace team/a",
        f"--ca-cert {tmp_path}/ca.pem",
        "--address https://vault.test:8200",
        "--tls-skip-verify",
    ):
        assert words in item["command"]
    assert item["output"] == "json"
    assert json.dumps(item).count("--mount") == 1


def test_a_broken_file_is_told_by_its_line(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / ".aws" / "config"
    file.write_text("[default]\nhidden-words\n")
    for arguments in (("write", "prod"), ("list",), ("remove", "prod")):
        done = shell.run("profile", *arguments)
        assert done.returncode == 1
        assert "line 2" in done.stderr
        assert "hidden-words" not in done.stderr
    assert file.read_text() == "[default]\nhidden-words\n"
