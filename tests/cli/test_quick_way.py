"""The short way as people run it: what a hit imports, prints and says, with no server there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.kept import PLANTED, cache_at, entry
from tests.support.kernel import cleared, real_keys
from tests.support.terminal import at_terminal
from vaultaws.cache.entry import Entry
from vaultaws.cache.files import Files
from vaultaws.cache.flight import Flight
from vaultaws.cache.kernel import KernelKeys
from vaultaws.cache.life import this_moment
from vaultaws.handoff.formats import FORMATS
from vaultaws.handoff.quick import question_of

DEAF = "http://127.0.0.1:1"
CLIENTS = {"hvac", "boto3", "botocore", "requests", "urllib3"}
HEAVY = CLIENTS | {"click", "json", "re", "dataclasses", "pathlib", "typing", "datetime"}
LOOK = (
    "import sys\nfrom vaultaws.__main__ import main\n"
    "sys.argv = ['vaultaws', *sys.argv[1:]]\n"
    "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)\n"
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    settings = {
        "VAULT_ADDR": DEAF,
        "VAULT_TOKEN": f"hvs.{tmp_path.name}",
        "VAULTAWS_CACHE": "file",
        "VAULT_MAX_RETRIES": "0",
    }
    return Shell(tmp_path, settings)


def lively(**other: object) -> Entry:
    now = time.time()
    return entry(issued_at=now - 1, expires_at=now + 900, **other)


def key_of(shell: Shell, *arguments: str) -> str:
    question = question_of(["creds", *arguments], shell.environ)
    assert question is not None
    return question.key


def keep(shell: Shell, place: KernelKeys | None = None, *arguments: str, **other: object) -> str:
    """Put a set where the shell's cache is; return its name."""
    key = key_of(shell, *(arguments or ("reader",)))
    store = place or Files(str(shell.state / "cache"))
    cache_at(shell.directory, store, this_moment).obtain(key, lambda: lively(**other))
    return key


@pytest.fixture
def kernel(shell: Shell) -> Iterator[Shell]:
    """The shell with its set in the kernel's keyring."""
    keys = real_keys()
    with cleared(keys, lambda: [key_of(shell, "reader")]):
        keep(shell, keys)
        yield Shell(shell.directory, {**shell.more, "VAULTAWS_CACHE": "kernel"})


def modules(shell: Shell, *arguments: str) -> tuple[str, set[str]]:
    """What `vaultaws ARGUMENTS` prints, and the modules it has at its end."""
    environ = {name: value for name, value in shell.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments],
        env=environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("form", FORMATS)
def test_a_hit_imports_next_to_nothing(shell: Shell, form: str) -> None:
    keep(shell)
    printed, loaded = modules(shell, "creds", "reader", "--format", form)
    assert PLANTED in printed
    assert loaded & HEAVY == set()


def test_nor_does_one_from_the_kernel(kernel: Shell) -> None:
    printed, loaded = modules(kernel, "creds", "reader")
    assert PLANTED in printed
    assert loaded & HEAVY == set()


def test_a_hit_of_the_long_way_still_imports_no_client(shell: Shell) -> None:
    keep(shell)
    printed, loaded = modules(shell, "creds", "reader", "--mfa-code", "123456")
    assert PLANTED in printed
    assert loaded & CLIENTS == set()


def test_a_server_that_is_down_is_not_asked_while_a_set_is_good(shell: Shell) -> None:
    keep(shell, notes=("the ttl is ignored",))
    done = shell.run("creds", "reader")
    assert (done.returncode, done.stderr) == (0, "· the ttl is ignored\n")
    assert PLANTED in done.stdout


def run_with(shell: Shell, redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `vaultaws ARGUMENTS` as a shell does that redirects its standard files."""
    return subprocess.run(
        [
            "sh",
            "-c",
            f'exec "$@" {redirection}',
            "sh",
            sys.executable,
            "-m",
            "vaultaws",
            *arguments,
        ],
        env=shell.environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_words_for_a_closed_stderr_do_not_end_in_the_result(shell: Shell) -> None:
    keep(shell, notes=("the ttl is ignored",))
    usual = shell.run("creds", "reader").stdout
    done = run_with(shell, "2>&-", "creds", "reader")
    assert (done.returncode, done.stdout) == (0, usual)
    assert PLANTED in usual


def test_nor_does_an_error(shell: Shell) -> None:
    done = run_with(shell, "2>&-", "creds", "reader")
    assert (done.returncode, done.stdout) == (2, "")


def test_words_that_nobody_can_take_change_no_exit_code(shell: Shell) -> None:
    """A log on a full disk: with a set, without one, and for a wrong command line."""
    assert run_with(shell, "2>/dev/full", "creds", "reader").returncode == 2
    assert run_with(shell, "2>/dev/full", "creds").returncode == 1
    keep(shell, notes=("the ttl is ignored",))
    done = run_with(shell, "2>/dev/full", "creds", "reader")
    assert (done.returncode, PLANTED in done.stdout) == (0, True)


def test_without_a_set_the_error_goes_on(shell: Shell) -> None:
    done = shell.run("creds", "reader", "--format", "process")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error:" in done.stderr


def test_no_cache_asks_the_server(shell: Shell) -> None:
    keep(shell)
    assert shell.run("creds", "reader", "--no-cache").returncode == 2


@pytest.mark.parametrize("word", [("--policy", "p.json"), ("--mfa-code", "12345x")])
def test_what_is_refused_is_refused_with_a_set_as_well(shell: Shell, word: tuple[str, str]) -> None:
    keep(shell)
    done = shell.run("creds", "reader", *word)
    assert done.returncode != 0
    assert done.stdout == ""


def test_a_person_is_told_that_it_is_from_the_cache_and_for_how_long(shell: Shell) -> None:
    keep(shell)
    code, seen = at_terminal(shell, "creds", "reader")
    assert code == 0
    assert "· reader for ada · from the cache, good for 1" in seen
    assert " · lease aws/sts/reader/abc\n" in seen


@pytest.mark.parametrize("form", FORMATS)
def test_both_ways_print_alike_in_real_processes(shell: Shell, form: str) -> None:
    keep(shell)
    short = shell.run("creds", "reader", "--format", form)
    long = shell.run("creds", "reader", "--format", form, "--mfa-code", "123456")
    assert (long.returncode, long.stdout, long.stderr) == (0, short.stdout, short.stderr)


def test_a_setting_that_is_no_kind_of_cache_is_told(shell: Shell) -> None:
    done = Shell(shell.directory, {**shell.more, "VAULTAWS_CACHE": "disk"}).run("creds", "reader")
    assert done.returncode == 1
    assert "VAULTAWS_CACHE" in done.stderr


def test_a_corrupted_set_is_as_none(shell: Shell) -> None:
    key = keep(shell)
    (shell.state / "cache" / f"{key}.set").write_bytes(b"\0" * 500)
    assert shell.run("creds", "reader").returncode == 2


def test_a_set_that_others_may_read_is_not_used(shell: Shell) -> None:
    key = keep(shell)
    (shell.state / "cache" / f"{key}.set").chmod(0o644)
    assert shell.run("creds", "reader").returncode == 2


def test_a_cache_that_is_a_link_is_not_used(shell: Shell, tmp_path: Path) -> None:
    keep(shell)
    (shell.state / "cache").rename(tmp_path / "elsewhere")
    (shell.state / "cache").symlink_to(tmp_path / "elsewhere")
    assert shell.run("creds", "reader").returncode == 2


def test_nobody_who_reads_ends_it_quietly(shell: Shell) -> None:
    keep(shell)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "vaultaws", "creds", "reader"],
        env=shell.environ,
        cwd=shell.directory,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_device_is_told_by_the_long_way(shell: Shell) -> None:
    keep(shell)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vaultaws", "creds", "reader"],
            env=shell.environ,
            cwd=shell.directory,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert "No space left" in done.stderr


def test_ctrl_c_while_another_process_asks_says_stopped(shell: Shell) -> None:
    """One that comes before Python listens ends it without a word: then it is tried later."""
    other = Flight(str(shell.state / "cache"))
    assert other.enter(key_of(shell, "reader"))
    ends = (stopped_after(shell, seconds) for seconds in (0.5, 1, 2, 4, 8))
    assert (130, "\nstopped\n") in ends


def stopped_after(shell: Shell, seconds: float) -> tuple[int, str]:
    waiting = shell.start("creds", "reader")
    time.sleep(seconds)
    waiting.send_signal(signal.SIGINT)
    _, words = waiting.communicate(timeout=60)
    return waiting.returncode, words
