"""Whatever is raised becomes three lines and an exit code; a fault of ours keeps its words."""

from __future__ import annotations

import errno
import io
import os
import threading
from pathlib import Path

import click
import pytest

from vaultaws.cli import handler
from vaultaws.errors import FaultError, LocalStateError, StackError, UsageError, VaultError


def said(error: Exception) -> tuple[int, str]:
    stream = io.StringIO()
    code = handler.report(handler.ours(error), stream)
    return code, stream.getvalue()


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("moto.server", "vaultaws[local]"),
        ("docker", "vaultaws[docker]"),
        ("python_terraform", "vaultaws[terraform]"),
        ("requests", "vaultaws"),
    ],
)
def test_a_missing_package_names_its_extra(package: str, extra: str) -> None:
    code, text = said(ModuleNotFoundError("no", name=package))
    assert code == StackError.exit_code == 1
    assert f"the Python package {package.split('.', maxsplit=1)[0]} is not installed" in text
    assert f"pip install '{extra}'" in text


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free space there"),
        (errno.EDQUOT, "in your quota"),
        (errno.EACCES, "who may read and write"),
        (errno.ENOENT, "check the path"),
        (errno.EIO, "mend the cause"),
    ],
)
def test_each_refusal_of_the_system_has_its_remedy(number: int, remedy: str) -> None:
    code, text = said(OSError(number, os.strerror(number), "/somewhere/file"))
    assert code == LocalStateError.exit_code == 1
    assert text.splitlines()[0] == "error: cannot use /somewhere/file"
    assert os.strerror(number) in text
    assert remedy in text


def test_a_refusal_of_no_file_says_so() -> None:
    assert "the operating system refused" in said(OSError("no more of it"))[1]
    assert "no more of it" in said(OSError("no more of it"))[1]


def test_a_fault_of_ours_says_its_kind_and_place_and_not_its_words() -> None:
    with pytest.raises(KeyError) as caught:
        os.environ["HUNTER2"]
    code, text = said(caught.value)
    assert code == FaultError.exit_code == 2
    assert "vaultaws has a fault" in text
    assert "KeyError at " in text
    assert "HUNTER2" not in text
    assert "Traceback" not in text
    assert len(text.splitlines()) == 3


def test_a_fault_without_a_place_still_has_its_kind() -> None:
    assert "why:   ValueError\n" in said(ValueError("hidden"))[1]


def test_who_debugs_sees_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(handler.DEBUG, "1")
    error = VaultError("refused", why="so", do="this")
    assert "vaultaws.errors.VaultError: refused" in said(error)[1]


def test_a_faults_own_traceback_is_shown_to_who_debugs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(handler.DEBUG, "1")
    with pytest.raises(KeyError) as caught:
        os.environ["DEEP"]
    text = said(caught.value)[1]
    assert "KeyError: 'DEEP'" in text


def test_notes_come_before_the_error() -> None:
    error = VaultError("refused", why="so", do="this")
    error.add_note("the lease aws/creds/x/1 could not be revoked")
    lines = said(error)[1].splitlines()
    assert lines[0] == "note:  the lease aws/creds/x/1 could not be revoked"
    assert lines[1] == "error: refused"


def test_a_stop_shows_its_notes_too() -> None:
    stop, stream = KeyboardInterrupt(), io.StringIO()
    stop.add_note("left behind")
    assert handler.stopped(stop, stream) == 130
    assert stream.getvalue() == "\nstopped\nnote:  left behind\n"


def let_go_of_a_lock(stop: BaseException) -> RuntimeError:
    """What is raised when a signal comes as a wait of Python's own has just let go of its lock."""
    lock = threading.Lock()
    condition = threading.Condition(lock)

    def interrupted() -> None:
        with condition:
            lock.release()
            raise stop

    with pytest.raises(RuntimeError) as caught:
        interrupted()
    return caught.value


@pytest.mark.parametrize(
    ("stop", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)], ids=["INT", "TERM"]
)
def test_a_stop_that_broke_a_lock_is_a_stop(stop: BaseException, code: int) -> None:
    error = let_go_of_a_lock(stop)
    error.add_note("lease aws/creds/a/b was revoked")
    stream = io.StringIO()
    assert handler.failed(error, stream) == code
    assert stream.getvalue() == "\nstopped\nnote:  lease aws/creds/a/b was revoked\n"


@pytest.mark.parametrize("stop", [ValueError(), SystemExit(0)], ids=["fault", "end"])
def test_a_broken_lock_without_a_stop_is_a_fault_or_the_end(stop: BaseException) -> None:
    stream = io.StringIO()
    code = handler.failed(let_go_of_a_lock(stop), stream)
    assert "stopped" not in stream.getvalue()
    assert code == (2 if isinstance(stop, ValueError) else 0)


def test_a_fault_while_a_stop_is_cleared_up_is_a_fault() -> None:
    error = RuntimeError("hidden")
    error.__context__ = KeyboardInterrupt()
    stream = io.StringIO()
    assert handler.failed(error, stream) == FaultError.exit_code
    assert "vaultaws has a fault" in stream.getvalue()


def test_a_wrong_command_line_names_its_help() -> None:
    error = click.UsageError(
        "No such option.", click.Context(click.Command("creds"), info_name="vaultaws creds")
    )
    code, text = said(error)
    assert code == UsageError.exit_code == 1
    assert text.splitlines()[0] == "error: no such option"
    assert text.splitlines()[2] == "do:    vaultaws creds --help"
    assert "do:    vaultaws --help" in said(click.ClickException("Odd."))[1]


def test_a_file_that_cannot_be_opened_is_the_systems_refusal(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        tmp_path.read_text()
    assert str(tmp_path) in said(caught.value)[1]


def test_a_stop_that_click_took_for_its_own_keeps_its_notes() -> None:
    stop, stream = KeyboardInterrupt(), io.StringIO()
    stop.add_note("left behind")
    with pytest.raises(click.Abort) as caught:
        raise click.Abort from stop
    assert handler.stopped(caught.value, stream) == 130
    assert "note:  left behind\n" in stream.getvalue()


def test_a_signals_end_keeps_its_code_and_its_notes() -> None:
    ending, stream = SystemExit(143), io.StringIO()
    ending.add_note("left behind")
    assert handler.ended(ending, stream) == 143
    assert stream.getvalue() == "\nstopped\nnote:  left behind\n"


@pytest.mark.parametrize("code", [1, None, "words"])
def test_another_end_is_quiet(code: int | str | None) -> None:
    stream = io.StringIO()
    assert handler.ended(SystemExit(code), stream) == 1
    assert stream.getvalue() == ""


def test_what_a_terminal_would_obey_is_shown_and_not_sent() -> None:
    error = UsageError("no \x1b[2J file", why="x\x9b31m", do="\u202etry again")
    error.add_note("not tried: \x1b]0;mine\x07.toml")
    stream = io.StringIO()
    handler.report(error, stream)
    assert stream.getvalue().splitlines() == [
        "note:  not tried: \\u001b]0;mine\\u0007.toml",
        "error: no \\u001b[2J file",
        "why:   x\\u009b31m",
        "do:    \\u202etry again",
    ]


def test_what_could_not_be_cleared_up_is_said_whatever_was_raised() -> None:
    """A full disk at the hand-over: what became of the lease stands in a note."""
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    error.add_note("lease aws/creds/reader/x could not be revoked: it is sealed")
    assert "note:  lease aws/creds/reader/x could not be revoked" in said(error)[1]
