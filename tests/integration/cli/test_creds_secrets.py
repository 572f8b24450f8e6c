"""No secret comes out of `creds` but the one asked for: not on stderr, in a traceback, in the
journal, or in the list of processes, however the run ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.issuing import Roles, every_type
from tests.support.people import person
from tests.support.recorder import Recorder, recording
from tests.support.terminal import at_terminal
from tests.support.waiting import until
from tests.support.wired import Wired, must


@dataclass
class Watched:
    """A person's shell behind the recorder, and all that it said."""

    shell: Shell
    recorder: Recorder
    roles: Roles

    def run(self, *arguments: str, code: int, out: int | None = None) -> str:
        """Run `creds`, check how it ended and its stderr, and return what came on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "vaultaws", "creds", *arguments],
            env=self.shell.environ,
            cwd=self.shell.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if out is None else out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        self.check(done.stderr)
        printed = done.stdout or ""
        if code != 0:
            assert printed == ""
        return printed

    def check(self, said: str, *more: str) -> None:
        """Nothing secret in what was said."""
        found = [secret for secret in {*self.recorder.secrets, *more} if secret in said]
        assert found == [], said

    def check_all(self) -> None:
        """Nothing secret in any file of the person's, or in the list of processes."""
        files = [path for path in self.shell.directory.rglob("*") if path.is_file()]
        assert any(path.name == "leases.jsonl" for path in files)
        for path in files:
            self.check(path.read_text("utf-8"))
        for line in self.recorder.command_lines:
            self.check(line.decode(errors="replace"))


@pytest.fixture
def watched(wired: Wired, tmp_path: Path) -> Iterator[Watched]:
    """With tracebacks, which say all that is said without them and more."""
    rules = f'path "{wired.mount}/*" {{ capabilities = ["read", "update"] }}'
    must(wired.ask(f"sys/policies/acl/issue-{wired.mount}", {"policy": rules}))
    roles = every_type(wired)
    with recording(wired.server.address) as (address, recorder):
        ada = person(wired, tmp_path, "ada", f"issue-{wired.mount}")
        shell = Shell(tmp_path, {**ada.more, "VAULT_ADDR": address, "VAULTAWS_DEBUG": "1"})
        yield Watched(shell, recorder, roles)


def test_what_works_prints_its_own_secret_once(watched: Watched) -> None:
    for role in ("reader", "reader-sts", "session"):
        before = set(watched.recorder.secrets)
        printed = watched.run(role, "--format", "process", code=0)
        own = watched.recorder.secrets - before
        assert all(printed.count(secret) == 1 for secret in own if secret in printed)
        assert not [secret for secret in before if secret in printed]
        assert [secret for secret in own if secret in printed]
    watched.check_all()


def test_what_fails_prints_none(watched: Watched) -> None:
    watched.run("raeder", code=2)
    watched.run("reader", "--policy", "{}", code=1)
    watched.run("ops", code=1)
    watched.run("reader", "--region", "no such region", code=2)
    watched.run("guarded", "--mfa-code", "000000", code=2)
    with Path("/dev/full").open("w") as full:
        watched.run("reader-sts", "--format", "json", code=1, out=full.fileno())
    for missing in ("access_key", "secret_key"):
        watched.recorder.change = lambda answer, key=missing: answer["data"].pop(key)
        watched.run("reader-sts", code=2)
    watched.recorder.change = _nonsense
    watched.run("reader-sts", code=2)
    watched.check_all()


def _nonsense(answer: dict[str, Any]) -> None:
    answer["lease_duration"] = answer["data"]["secret_key"]


def test_a_code_typed_at_the_terminal_is_nowhere(watched: Watched) -> None:
    code = watched.roles.device.code()
    asked = [(f"MFA code of {watched.roles.device.serial}", f"{code}\n")]
    ended, screen = at_terminal(
        watched.shell, "creds", "guarded", "--format", "process", answers=asked
    )
    assert ended == 0, screen
    assert code not in screen
    watched.recorder.secrets.add(code)
    watched.check_all()


def test_a_run_that_is_stopped_prints_none(watched: Watched) -> None:
    never = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    shell = Shell(watched.shell.directory, {**watched.shell.more, **never})
    journal = shell.state / "journal" / "leases.jsonl"
    with shell.start("creds", "reader") as process:
        until(lambda: journal.exists() and "lease_id" in journal.read_text())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    # CPython ends itself by the signal when that came while a module was being imported; a
    # shell says 130 for both.
    assert process.returncode in (130, -signal.SIGINT), err
    assert out == ""
    watched.check(err)
    watched.check_all()
