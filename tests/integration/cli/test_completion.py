"""Completion in real shells, with the roles of a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.support.commands import Shell
from tests.support.installed import install
from tests.support.people import operator
from tests.support.wired import Wired, must

SECONDS = 60
Complete = Callable[[Shell, str], list[str]]
ROLES = ("reader", "reader-sts", "writer")
BASH = """
eval "$(vaultaws completion bash)"
COMP_WORDS=({words}); COMP_CWORD={last}; COMPREPLY=()
_vaultaws_completion vaultaws
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """A person with the command on PATH, a server with roles, and a profile."""
    for role in ROLES:
        body = {"credential_type": "federation_token", "policy_arns": "arn:aws:iam::aws:policy/X"}
        must(wired.ask(f"{wired.mount}/roles/{role}", body))
    command = install(tmp_path / "bin")
    path = f"{command.parent}:{os.environ['PATH']}"
    caches = str(tmp_path / "cache")
    found = operator(wired, tmp_path, PATH=path, XDG_CACHE_HOME=caches)
    assert found.run("profile", "write", "mine", "--role", "reader").returncode == 0
    return found


def need(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def bash(shell: Shell, line: str) -> list[str]:
    words = line.split(" ")
    script = BASH.format(words=" ".join(f"'{word}'" for word in words), last=len(words) - 1)
    return list(filter(None, answered(shell, [need("bash"), "--norc", "-c", script])))


def fish(shell: Shell, line: str) -> list[str]:
    script = f"vaultaws completion fish | source; complete -C '{line}'"
    found = answered(shell, [need("fish"), "--no-config", "-c", script])
    return [name.partition("\t")[0] for name in found]


def answered(shell: Shell, command: list[str]) -> list[str]:
    done = subprocess.run(
        command,
        env=shell.environ,
        cwd=shell.directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("complete", [bash, fish])
def test_verbs_options_formats_roles_and_profiles(complete: Complete, shell: Shell) -> None:
    assert complete(shell, "vaultaws com") == ["completion"]
    assert complete(shell, "vaultaws creds read") == ["reader", "reader-sts"]
    assert complete(shell, "vaultaws console w") == ["writer"]
    assert complete(shell, "vaultaws roles show w") == ["writer"]
    assert complete(shell, "vaultaws leases list --role w") == ["writer"]
    assert complete(shell, "vaultaws creds reader --format win") == ["windows-cmd"]
    assert complete(shell, "vaultaws creds reader --no-w") == ["--no-wait"]
    assert complete(shell, "vaultaws profile rem") == ["remove"]
    assert complete(shell, "vaultaws profile remove m") == ["mine"]


def test_zsh_completes_at_its_prompt(shell: Shell) -> None:
    """Tab after the beginning of a role's name puts the rest there."""
    (shell.directory / ".zshrc").write_text(
        "PS1='ready> '; autoload -Uz compinit; compinit -u; setopt noautolist nobeep\n"
        'eval "$(vaultaws completion zsh)"\n'
    )
    environ = {**shell.environ, "ZDOTDIR": str(shell.directory), "TERM": "dumb"}
    session = pexpect.spawn(
        need("zsh"), ["-i", "-d"], env=environ, encoding="utf-8", timeout=SECONDS
    )
    try:
        session.expect_exact("ready> ")
        for typed, becomes in (
            ("vaultaws comp\t", "vaultaws completion "),
            ("vaultaws creds wr\t", "vaultaws creds writer "),
            ("vaultaws creds x --format win\t", "--format windows-cmd "),
        ):
            session.send(f"{typed}\x01: \x05;echo over\r")
            session.expect(r"\r\nover\r\n")
            assert becomes in str(session.before)
            session.expect_exact("ready> ")
    finally:
        session.close(force=True)


@pytest.mark.parametrize("complete", [bash, fish])
def test_without_a_server_nothing_is_said(complete: Complete, shell: Shell, tmp_path: Path) -> None:
    for trouble in (
        {"VAULT_ADDR": "http://127.0.0.1:9"},
        {"VAULT_ADDR": "junk"},
        {"VAULT_TOKEN": "wrong"},
        {"AWS_CONFIG_FILE": str(tmp_path)},
    ):
        broken = Shell(shell.directory, {**shell.more, **trouble})
        verb = "profile remove" if "AWS_CONFIG_FILE" in trouble else "creds"
        files = {name.name for name in shell.directory.iterdir()}
        assert set(complete(broken, f"vaultaws {verb} m")) <= files
