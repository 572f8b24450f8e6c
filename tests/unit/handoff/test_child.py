"""A program that works with credentials: environment, signals, terminal, exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pexpect
import pytest

from tests.support.commands import ROOT
from tests.support.memory_vault import FixedClock
from tests.support.waiting import until
from vaultaws.errors import CommandNotFoundError, CommandRefusedError, UsageError
from vaultaws.handoff.child import (
    CREDENTIALS,
    Terminal,
    _LeftError,
    _Relay,
    _signals_awaited,
    find_program,
    run_child,
    scrubbed,
)
from vaultaws.interrupts import handled

SECONDS = 60
PARENT = [sys.executable, "-m", "tests.support.parent_run"]
READY = "echo ready; "
PATIENT = "while :; do sleep 0.1; done"


@contextmanager
def parent(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process without a terminal that runs `command`, which has said that it is ready."""
    with subprocess.Popen(
        [*PARENT, *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=SECONDS)
    assert err == ""
    return process.returncode, out


def test_nothing_that_would_win_or_mix_is_handed_on() -> None:
    environ = dict.fromkeys(CREDENTIALS, "stale") | {"AWS_REGION": "eu-west-2", "VAULT_TOKEN": "t"}
    assert scrubbed(environ) == {"AWS_REGION": "eu-west-2", "VAULT_TOKEN": "t"}


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)],
)
def test_the_exit_code_is_the_childs_own(script: str, code: int) -> None:
    assert run_child(["sh", "-c", script], os.environ) == code


def test_the_child_gets_the_environment_given_and_the_arguments_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = 'printf "%s|" "$ONLY" "$HOME" "$@" > "$0"'
    environ = {"PATH": os.environ["PATH"], "ONLY": "a\nb"}
    hostile = ["$(id)", "", "-x", "ü ; rm"]
    assert run_child(["sh", "-c", script, str(out), *hostile], environ) == 0
    assert out.read_text() == "|".join(["a\nb", "", *hostile, ""])


def test_files_that_were_handed_to_us_reach_the_child() -> None:
    """As with `vaultaws exec r -- diff <(a) <(b)` in bash."""
    command = ["bash", "-c", '"$@" <(echo one)', "-", *PARENT, "cat"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS, check=False)
    assert (done.stdout, done.stderr) == (b"one\nended: 0\n", b"")


@pytest.mark.parametrize("name", ["no-such-program-anywhere", "/no/such/file", ""])
def test_what_is_not_there_is_127(name: str) -> None:
    with pytest.raises(CommandNotFoundError) as missing:
        find_program(name, os.environ)
    assert missing.value.exit_code == 127


def test_what_is_no_program_is_126(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("words")
    (tmp_path / "broken").write_bytes(b"\x7fELF and no more")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(CommandRefusedError, match="cannot be run") as refused:
        find_program("text", {"PATH": str(tmp_path)})
    assert refused.value.exit_code == 126
    with pytest.raises(CommandRefusedError, match="cannot be run"):
        find_program(str(tmp_path), os.environ)
    with pytest.raises(CommandRefusedError, match="cannot be run"):
        run_child([str(tmp_path / "broken")], os.environ)
    with pytest.raises(CommandRefusedError, match="cannot be run"):
        run_child(["sh", "-c", ":", "x" * (1 << 22)], os.environ)
    with pytest.raises(UsageError, match="cannot be run"):
        run_child(["sh", "-c", "a\0b"], os.environ)


def test_a_script_without_its_interpreter_is_127(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(CommandNotFoundError, match="cannot be run") as missing:
        run_child([str(script)], os.environ)
    assert "interpreter" in missing.value.why


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT])
def test_signals_are_passed_on_and_the_end_is_waited_for(number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo told {name}; exit 9' {name}; {READY}{PATIENT}"
    with parent("sh", "-c", script) as process:
        process.send_signal(number)
        assert end_of(process) == (9, f"told {name}\nended: 9\n")


def test_one_that_ends_by_the_signal_is_told_so() -> None:
    with parent("sh", "-c", READY + PATIENT) as process:
        process.send_signal(signal.SIGTERM)
        assert end_of(process) == (143, "ended: 143\n")


class Foreign(subprocess.Popen[bytes]):
    """A child that runs as another user by now, as `sudo` does."""

    def send_signal(self, sig: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_child_that_we_may_not_signal_is_waited_for_until_we_are_told_twice() -> None:
    clock = FixedClock()
    relay = _Relay(Terminal(None), None, clock)
    with Foreign(["true"]) as child:
        relay.begin(child)
        relay(signal.SIGTERM, None)
        relay(signal.SIGUSR1, None)
        clock.sleep(2)
        with pytest.raises(_LeftError):
            relay(signal.SIGTERM, None)


def test_a_child_that_ignores_the_end_is_left_when_told_twice() -> None:
    script = f"trap '' TERM HUP; echo ready; echo $$; {PATIENT}"
    with parent("sh", "-c", script) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        try:
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1.5)  # it waits for the child, as long as that lives
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=SECONDS) == 143
            assert f"still runs (process {child})" in process.stdout.readline()
        finally:
            os.kill(child, signal.SIGKILL)


def test_an_end_in_other_words() -> None:
    script = f"trap '' TERM; trap 'exit 3' HUP; {READY}{PATIENT}"
    with parent("--end-with", "SIGHUP", "sh", "-c", script) as process:
        process.send_signal(signal.SIGTERM)
        assert end_of(process) == (3, "ended: 3\n")


def test_what_is_ignored_stays_ignored() -> None:
    """nohup: the hang-up is for nobody."""
    script = "trap '' HUP; exec \"$@\""
    inner = f"{READY}sleep 0.5; exit 4"
    command = ["sh", "-c", script, "-", *PARENT, "sh", "-c", inner]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=SECONDS)[0] == "ended: 4\n"


def test_a_signal_that_came_just_before_the_wait_ends_it() -> None:
    """Python has handled it by then, so that no call that blocks would be interrupted."""
    came: list[int] = []
    handlers = signal.getsignal(signal.SIGCHLD)
    with (
        _signals_awaited() as idle,
        handled((signal.SIGUSR1,), lambda number, _: came.append(number)),
    ):
        assert idle
        signal.raise_signal(signal.SIGUSR1)
        assert came == [signal.SIGUSR1]
        idle()
    assert signal.getsignal(signal.SIGCHLD) is handlers
    assert signal.set_wakeup_fd(-1) == -1


def test_a_child_of_another_thread_is_waited_for_without_signals() -> None:
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(run_child, ["sh", "-c", "exit 9"], os.environ).result(SECONDS) == 9


def test_a_parent_that_ignored_its_children_does_not_hide_the_end() -> None:
    words = (
        "import os,signal,sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", words, *PARENT[1:], "sh", "-c", "exit 6"]
    assert subprocess.run(command, cwd=ROOT, timeout=SECONDS, check=False).returncode == 6


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_files(closed: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = f'"$@" {closed}'
    inner = f"echo words; cat; echo done > {out}; exit 5"
    command = ["sh", "-c", words, "-", *PARENT, "sh", "-c", inner]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (5, b"")
    assert out.read_text() == "done\n"


def test_a_child_that_goes_to_the_background_ends_our_wait(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"sleep 60 </dev/null >/dev/null 2>&1 & echo $! > {note}"
    assert run_child(["sh", "-c", script], os.environ) == 0
    os.kill(int(note.read_text()), signal.SIGKILL)


@contextmanager
def at_terminal(command: list[str]) -> Iterator[pexpect.spawn[str]]:
    spawned = pexpect.spawn(
        command[0], command[1:], cwd=str(ROOT), encoding="utf-8", timeout=SECONDS, echo=False
    )
    try:
        yield spawned
    finally:
        spawned.close(force=True)


def test_ctrl_c_is_the_childs_to_answer() -> None:
    script = "trap 'echo caught' INT; echo ready; read -r line; read -r line; echo got $line"
    with at_terminal([*PARENT, "bash", "-c", script]) as screen:
        screen.expect_exact("ready")
        screen.sendintr()
        screen.expect_exact("caught")
        screen.sendline("one")
        screen.sendline("two")
        screen.expect_exact("got ")
        screen.expect_exact("ended: 0")


def test_ctrl_c_that_ends_the_child_ends_us_afterwards() -> None:
    with at_terminal([*PARENT, "sh", "-c", READY + PATIENT]) as screen:
        screen.expect_exact("ready")
        screen.sendintr()
        screen.expect_exact("ended: 130")


def test_ctrl_z_stops_both_and_fg_goes_on() -> None:
    with at_terminal(["bash", "--norc", "-i"]) as screen:
        screen.sendline("PS1='outer> '")
        screen.expect_exact("outer> ")
        inner = " ".join([*PARENT, "sh", "-c", "'echo ready; read -r line; echo got $line'"])
        screen.sendline(inner)
        screen.expect_exact("ready")
        screen.send("\x1a")
        screen.expect_exact("Stopped")
        screen.expect_exact("outer> ")
        screen.sendline("fg")
        screen.expect_exact("parent_run")
        screen.sendline("word")
        screen.expect_exact("got word")
        screen.expect_exact("ended: 0")


def test_a_shell_that_suspends_itself_suspends_us() -> None:
    with at_terminal(["bash", "--norc", "-i"]) as screen:
        screen.sendline("PS1='outer> '")
        screen.expect_exact("outer> ")
        screen.sendline(" ".join([*PARENT, "bash", "--norc", "-i"]))
        screen.sendline("PS1='inner> '")
        screen.expect_exact("inner> ")
        screen.sendline("suspend")
        screen.expect_exact("Stopped")
        screen.sendline("fg")
        screen.sendline("exit 8")
        screen.expect_exact("ended: 8")
        screen.sendline("echo still $?")
        screen.expect_exact("still 8")


def test_a_hang_up_ends_child_and_parent(tmp_path: Path) -> None:
    note = tmp_path / "ended"
    script = f"trap 'echo hup > {note}; exit 2' HUP; {READY}{PATIENT}"
    with at_terminal([*PARENT, "sh", "-c", script]) as screen:
        screen.expect_exact("ready")
        screen.close(force=True)  # hangs up first
        until(note.exists)


def test_after_a_killed_shell_the_keys_are_ours_again() -> None:
    """A shell has a process group of its own; killed, it gives the terminal to nobody."""
    with at_terminal(["bash", "--norc", "-i"]) as screen:
        screen.sendline("PS1='outer> '")
        screen.expect_exact("outer> ")
        screen.sendline(" ".join([*PARENT, "bash", "--norc", "-i"]))
        screen.sendline("kill -KILL $$")
        screen.expect_exact("ended: 137")
        screen.sendline("echo alive $?")
        screen.expect_exact("alive 137")
