"""The person's own shell: her files are read, her prompt kept, the role and the time before it."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from tests.support.commands import ROOT
from tests.support.disk import full_disk
from tests.support.shells import found_shell
from vaultaws.errors import LocalStateError
from vaultaws.handoff.shell import Shell, mark, prepare, private_directory, program

SECONDS = 60
RC = {
    "bash": (".bashrc", "PS1='theirs$ '\nMINE=read\n"),
    "zsh": (".zshrc", "PROMPT='theirs$ '\nMINE=read\n"),
    "fish": (
        ".config/fish/config.fish",
        'function fish_prompt\n    echo -n "theirs[$status]\\$ "\nend\nset MINE read\n',
    ),
}
SHELLS = [pytest.param(name, id=name) for name in RC]
HOSTILE = "r`id`$(id)%n\\u{1b}\x1b[2J'\"; exit 9 #"


@contextmanager
def opened(
    name: str, tmp_path: Path, *, label: str = "reader", seconds: str = "870", rc: str | None = None
) -> Iterator[pexpect.spawn[str]]:
    """The shell, at a terminal of its own, in a home with a start file."""
    home, files = tmp_path / "home", tmp_path / "files"
    files.mkdir()
    start = home / RC[name][0]
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(RC[name][1] if rc is None else rc)
    fish = home / ".local" / "share" / "fish" / "generated_completions"
    fish.mkdir(parents=True)  # else it makes them for minutes, in the background
    environ = {
        **{key: os.environ[key] for key in os.environ if key.startswith("COV")},
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "SHELL": found_shell(name),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }
    words = ["-m", "tests.support.shell_run", label, str(files), seconds]
    spawned = pexpect.spawn(
        sys.executable, words, env=environ, cwd=str(ROOT), encoding="utf-8", timeout=SECONDS
    )
    spawned.setwinsize(40, 200)
    try:
        yield spawned
    finally:
        spawned.close(force=True)


def found(screen: pexpect.spawn[str], pattern: str) -> str:
    """Wait for a pattern on the screen; return its first group."""
    screen.expect(pattern)
    assert isinstance(screen.match, re.Match)
    return str(screen.match[1])


def ended_with(screen: pexpect.spawn[str]) -> int:
    return int(found(screen, r"ended: (\d+)"))


@pytest.mark.parametrize("name", SHELLS)
def test_the_prompt_says_role_and_time_before_their_own(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path) as screen:
        screen.expect(r"\(reader 14m\) theirs")
        screen.sendline('echo "mine=$MINE dir=$ZDOTDIR"')
        screen.expect_exact("mine=read dir=")
        screen.expect(r"\(reader 14m\) theirs")
        (tmp_path / "files" / "ends").write_text(f"{int(datetime.now(UTC).timestamp()) + 30}\n")
        screen.sendline("")
        screen.expect(r"\(reader \d\ds\) theirs")
        (tmp_path / "files" / "ends").write_text("1000\n")
        screen.sendline("")
        screen.expect_exact("(reader ended) theirs")
        screen.sendline("exit 5")
        assert ended_with(screen) == 5


@pytest.mark.parametrize("name", SHELLS)
def test_ctrl_c_keeps_the_shell(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path) as screen:
        screen.expect_exact("theirs")
        # the word comes from a child in the foreground: before that, a Ctrl-C may be nobody's
        screen.sendline("sh -c 'echo he\"\"re; exec sleep 60'")
        screen.expect("here\r\n")
        screen.sendintr()
        screen.expect(r"\(reader 14m\) theirs")
        screen.sendline("exit 3")
        assert ended_with(screen) == 3


@pytest.mark.parametrize("name", SHELLS)
def test_a_hostile_name_is_obeyed_by_no_prompt(name: str, tmp_path: Path) -> None:
    with opened(name, tmp_path, label=HOSTILE) as screen:
        assert found(screen, r"\(([^)]*) 14m\) theirs") == mark(HOSTILE)
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


@pytest.mark.parametrize("name", SHELLS)
def test_told_to_end_the_shell_ends(name: str, tmp_path: Path) -> None:
    """A shell may see a signal that comes while it draws its prompt only at the next key."""
    with opened(name, tmp_path) as screen:
        screen.expect_exact("theirs")
        assert screen.pid
        os.kill(screen.pid, signal.SIGTERM)
        for _ in range(SECONDS):
            if screen.expect([r"ended: (129|0|1)\D", pexpect.TIMEOUT], timeout=1) == 0:
                return
            screen.sendline("")
        pytest.fail("it never ended")


def test_zsh_that_moves_its_own_files(tmp_path: Path) -> None:
    """A .zshenv may set ZDOTDIR, and often does."""
    elsewhere = tmp_path / "home" / "zsh"
    elsewhere.mkdir(parents=True)
    (tmp_path / "home" / ".zshenv").write_text(f"export ZDOTDIR={elsewhere}\n")
    (elsewhere / ".zshrc").write_text("PROMPT='moved$ '\n")
    with opened("zsh", tmp_path) as screen:
        screen.expect(r"\(reader 14m\) moved")
        screen.sendline("echo dir=$ZDOTDIR hist=$HISTFILE")
        screen.expect_exact(f"dir={elsewhere} hist=")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


def test_a_prompt_that_is_made_anew_each_time_keeps_the_mark(tmp_path: Path) -> None:
    """As prompt programs do; and the exit code that they show stays the command's own."""
    rc = "__theirs() { PS1=\"anew[$?]$ \"; }\nPROMPT_COMMAND='__theirs'\n"
    with opened("bash", tmp_path, rc=rc) as screen:
        screen.expect(r"\(reader 14m\) anew\[0\]")
        screen.sendline("(exit 4)")
        screen.expect(r"\(reader 14m\) anew\[4\]")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


def test_prompt_commands_in_an_array_stay_and_run_before_ours(tmp_path: Path) -> None:
    rc = "PROMPT_COMMAND=('A=1' 'PS1=\"anew[$A]$ \"')\n"
    with opened("bash", tmp_path, rc=rc) as screen:
        screen.expect_exact("(reader 14m) anew[1]")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_their_aliases_do_not_reach_our_mark(name: str, tmp_path: Path) -> None:
    rc = RC[name][1] + "alias read='echo' local='echo' unset='echo' date='echo'\n"
    with opened(name, tmp_path, rc=rc) as screen:
        screen.expect(r"\(reader 14m\) theirs")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


def test_fish_keeps_the_status_for_their_prompt(tmp_path: Path) -> None:
    with opened("fish", tmp_path) as screen:
        screen.expect_exact("theirs[0]")
        screen.sendline("false")
        screen.expect_exact("theirs[1]")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


def test_without_an_end_the_prompt_names_the_role_alone(tmp_path: Path) -> None:
    with opened("bash", tmp_path, seconds="-") as screen:
        screen.expect_exact("(reader) theirs")
        screen.sendline("exit 0")
        assert ended_with(screen) == 0


def test_another_shell_gets_its_prompt_from_the_environment(tmp_path: Path) -> None:
    shell = prepare(tmp_path, "reader", {"SHELL": "/bin/dash"})
    assert shell.command == ("/bin/dash", "-i")
    assert shell.environ == {"PS1": "(reader) $ "}
    assert not shell.shows_time


def test_without_a_shell_of_theirs_it_is_sh() -> None:
    assert program({}) == program({"SHELL": ""}) == "/bin/sh"


@pytest.mark.parametrize("name", ["reader", "a.b@c_d=e+f-g", HOSTILE, "x" * 500, "", "ü\u202e"])
def test_a_mark_is_short_and_plain(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.@=+-]{0,40}", mark(name))


def test_the_end_moves_and_a_full_disk_leaves_the_old_one(tmp_path: Path) -> None:
    shell = Shell((), {}, tmp_path / "ends", shows_time=True)
    moment = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    shell.moved(moment)
    assert shell.ends.read_text() == f"{int(moment.timestamp())}\n"
    with full_disk(2):
        shell.moved(moment + timedelta(hours=1))
    assert shell.ends.read_text() == f"{int(moment.timestamp())}\n"
    shell.moved(None)
    assert shell.ends.read_text() == ""


def test_the_files_are_private_and_go(tmp_path: Path) -> None:
    with private_directory() as directory:
        assert directory.stat().st_mode & 0o077 == 0
        prepare(directory, "reader", {"SHELL": "/bin/zsh"})
    assert not directory.exists()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with full_disk(10), pytest.raises(LocalStateError, match="cannot be written"):
        prepare(tmp_path, "reader", {"SHELL": "/bin/bash"})
