"""`vaultaws exec` against real servers: whatever happens to it, the lease goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from tests.support.commands import Shell
from tests.support.logins import write_roles
from tests.support.people import operator, person
from tests.support.relay import Asked, CutError, Relay
from tests.support.shells import found_shell
from tests.support.waiting import until
from tests.support.wired import Wired, must

SECONDS = 60
PATIENT = "while :; do sleep 0.1; done"


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """An operator's shell beside a mount with a role of each kind."""
    write_roles(wired)
    return operator(wired, tmp_path)


def leases(wired: Wired) -> list[str]:
    return wired.vault.list_leases(wired.mount)


@contextmanager
def started(shell: Shell, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`vaultaws exec …` whose child has said that it is ready."""
    with shell.start("exec", *arguments) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
            yield process
        finally:
            process.kill()


def test_a_command_has_the_credentials_and_they_go_with_it(shell: Shell, wired: Wired) -> None:
    stale = {"AWS_PROFILE": "stale", "AWS_SESSION_TOKEN": "stale", "AWS_ROLE_ARN": "stale"}
    script = (
        "import boto3, os, sys; print(boto3.client('sts').get_caller_identity()['Arn']);"
        "print(os.environ['VAULTAWS_ROLE'], os.environ.get('AWS_CREDENTIAL_EXPIRATION'));"
        "sys.exit(7)"
    )
    (shell.directory / ".aws").mkdir()
    (shell.directory / ".aws" / "config").write_text("[profile stale]\nregion = eu-west-3\n")
    dirty = Shell(shell.directory, {**shell.more, **stale})
    done = dirty.run("exec", "reader", "--", sys.executable, "-c", script)
    assert done.returncode == 7, done.stderr
    arn, told = done.stdout.splitlines()
    assert "-reader-" in arn
    assert told == "reader None"
    assert done.stderr == ""
    assert leases(wired) == []
    assert arn.rsplit("/", 1)[1] not in wired.user_names("-reader-")


def test_a_token_s_end_is_handed_on_and_its_life_said_after_the_end(
    shell: Shell, wired: Wired
) -> None:
    done = shell.run("exec", "reader-sts", "--", "sh", "-c", "echo $AWS_CREDENTIAL_EXPIRATION")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("Z")
    assert "lives on in AWS until" in done.stderr
    assert "--cut denies it" in done.stderr
    assert leases(wired) == []


def test_nothing_is_issued_for_what_cannot_be_run(shell: Shell, wired: Wired) -> None:
    for words, code in ((["no-such-program"], 127), ([str(shell.directory)], 126)):
        done = shell.run("exec", "reader", "--", *words)
        assert (done.returncode, done.stdout) == (code, "")
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
    done = shell.run("exec", "reader")
    assert done.returncode == 1
    assert "no command to run, and no terminal for a shell" in done.stderr
    assert not shell.state.exists()  # not even an intent


def test_within_another_exec_it_is_refused(shell: Shell, wired: Wired) -> None:
    nested = ["sh", "-c", '"$@"; echo "code $?"', "-", sys.executable, "-m", "vaultaws"]
    words = [*nested, "exec", "reader-sts"]
    show = ["--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]
    done = shell.run("exec", "reader", "--no-wait", "--", *words, *show)
    assert done.stdout == "code 1\n"
    assert "already inside of vaultaws exec reader" in done.stderr
    done = shell.run("exec", "reader", "--no-wait", "--", *words, "--replace", *show)
    key, code = done.stdout.splitlines()
    assert (key[:4], code) == ("ASIA", "code 0")
    assert leases(wired) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_killed_by_a_signal_it_revokes(shell: Shell, wired: Wired, number: signal.Signals) -> None:
    with started(shell, "reader-sts", "--", "sh", "-c", f"echo ready; {PATIENT}") as process:
        assert len(leases(wired)) == 1
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    assert leases(wired) == []


def test_killed_outright_the_next_run_revokes(shell: Shell, wired: Wired) -> None:
    script = f"echo ready; echo $$; {PATIENT}"
    with started(shell, "reader", "--no-wait", "--", "sh", "-c", script) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        (lease,) = leases(wired)
        during = shell.json("leases", "list")
        assert [found["lease_id"] for found in during["credentials"]] == [lease]
        process.kill()
        process.wait()
        os.kill(child, signal.SIGKILL)
    assert leases(wired) == [lease]
    listing = shell.run("leases", "list")
    assert f"an earlier run that broke off left a lease behind; revoked {lease}" in listing.stderr
    assert leases(wired) == []


def test_two_at_once_leave_each_other_alone(shell: Shell, wired: Wired) -> None:
    wait = "echo ready; read -r line"
    with started(shell, "reader-sts", "--", "sh", "-c", f"echo ready; {PATIENT}") as first:
        with started(shell, "reader-sts", "--", "sh", "-c", wait) as second:
            second.communicate(timeout=SECONDS)
            assert len(leases(wired)) == 1
        first.terminate()
        first.communicate(timeout=SECONDS)
    assert leases(wired) == []


def test_a_server_that_fails_at_the_end_is_told_and_the_next_run_revokes(
    shell: Shell, wired: Wired
) -> None:
    broken = True

    def cut(asked: Asked) -> None:
        if broken and asked.path.endswith(("leases/revoke", "leases/renew")):
            raise CutError

    relay = Relay(wired.server.address, before=cut)
    try:
        through = replace(shell, more={**shell.more, "VAULT_ADDR": relay.address})
        done = through.run("exec", "reader", "--no-wait", "--", "sh", "-c", "exit 5")
        (lease,) = leases(wired)
        assert done.returncode == 5, done.stderr
        assert f"lease {lease} could not be revoked" in done.stderr
        assert f"by hand: vaultaws leases revoke {lease}" in done.stderr
        broken = False
        again = through.run("exec", "reader-sts", "--", "true")
        assert f"revoked {lease}" in again.stderr
    finally:
        relay.stop()
    assert leases(wired) == []


def test_a_token_that_its_holder_may_not_revoke_ends_by_itself(shell: Shell, wired: Wired) -> None:
    """What an access gives people is to issue; the lease of a token ends with it in any case."""
    rules = f'path "{wired.mount}/*" {{ capabilities = ["read", "update"] }}'
    must(wired.ask(f"sys/policies/acl/issue-{wired.mount}", {"policy": rules}))
    ada = person(wired, shell.directory, "ada", f"issue-{wired.mount}")
    for _ in range(2):  # the second run has nothing to put right
        done = ada.run("exec", "reader-sts", "--", "true")
        assert done.returncode == 0, done.stderr
        assert "could not be revoked" not in done.stderr
        (said,) = done.stderr.splitlines()
        assert "lives on in AWS until" in said
    assert len(leases(wired)) == 2
    assert ada.run("exec", "reader", "--", "true").returncode == 0
    assert len(leases(wired)) == 2


def test_what_goes_to_the_background_loses_its_credentials(shell: Shell, wired: Wired) -> None:
    note = shell.directory / "pid"
    script = f"sleep 60 </dev/null >/dev/null 2>&1 & echo $! > {note}"
    try:
        done = shell.run("exec", "reader-sts", "--", "sh", "-c", script)
        assert done.returncode == 0, done.stderr
        assert leases(wired) == []
    finally:
        os.kill(int(note.read_text()), signal.SIGKILL)


def test_a_full_disk_issues_nothing(shell: Shell, wired: Wired) -> None:
    environment = {k: v for k, v in shell.environ.items() if not k.startswith("COV")}
    command = [sys.executable, "-m", "vaultaws", "exec", "reader", "--", "echo", "ran"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command],
        env=environment,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
    assert leases(wired) == []


def test_closed_standard_files_and_no_secret_in_our_own_process(shell: Shell, wired: Wired) -> None:
    """What others can read of us: our command line; and of ours, our environment."""
    out = shell.directory / "out"
    look = (
        "import os, pathlib; parent = pathlib.Path(f'/proc/{os.getppid()}');"
        "seen = (parent / 'cmdline').read_bytes() + (parent / 'environ').read_bytes();"
        "mine = [os.environ[n].encode() for n in ('AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')];"
        f"pathlib.Path({str(out)!r}).write_text(str([secret in seen for secret in mine]))"
    )
    command = [sys.executable, "-m", "vaultaws", "exec", "reader-sts", "--"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command, sys.executable, "-c", look],
        env=shell.environ,
        cwd=shell.directory,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0
    assert out.read_text() == "[False, False]"
    assert leases(wired) == []


@contextmanager
def at_shell(shell: Shell, name: str, *arguments: str) -> Iterator[pexpect.spawn[str]]:
    """`vaultaws exec` at a terminal, with the person's shell; it has shown its prompt."""
    environ = {
        **shell.environ,
        "SHELL": found_shell(name),
        "TERM": "dumb",
        "PATH": os.environ["PATH"],
    }
    words = ["-m", "vaultaws", "exec", *arguments]
    fish = shell.directory / ".local" / "share" / "fish" / "generated_completions"
    fish.mkdir(parents=True)  # else it makes them for minutes, in the background
    spawned = pexpect.spawn(
        sys.executable,
        words,
        env=environ,
        cwd=str(shell.directory),
        encoding="utf-8",
        timeout=SECONDS,
        dimensions=(40, 200),
    )
    try:
        spawned.expect(r"\(reader-sts 1[45]m\) ")
        yield spawned
    finally:
        with suppress(OSError):  # the test may have closed it
            spawned.close(force=True)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_shell_of_one_s_own(shell: Shell, wired: Wired, name: str) -> None:
    with at_shell(shell, name, "reader-sts", "--ttl", "15m") as screen:
        assert len(leases(wired)) == 1
        screen.sendline("sh -c 'echo key=$AWS_ACCESS_KEY_ID; exec sleep 60'")
        screen.expect("key=ASIA[A-Z0-9]+\r\n")
        screen.sendintr()
        screen.expect(r"\(reader-sts 14m\) ")
        screen.sendline("exit 4")
        screen.expect("lives on in AWS until")
        screen.expect(pexpect.EOF)
    assert screen.exitstatus == 4
    assert leases(wired) == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_when_the_terminal_hangs_up_the_lease_goes(shell: Shell, wired: Wired, name: str) -> None:
    with at_shell(shell, name, "reader-sts", "--ttl", "15m") as screen:
        assert len(leases(wired)) == 1
        os.close(screen.child_fd)  # nobody holds the terminal any more
        until(lambda: leases(wired) == [], SECONDS)


WORKER = """
import json, sys, time
import boto3
seen = []
deadline = time.monotonic() + 50
while len(set(seen)) < 2:
    assert time.monotonic() < deadline, seen
    boto3.client("ec2").describe_regions()
    found = SESSION.get_credentials().get_frozen_credentials()
    seen.append(found.access_key)
    time.sleep(0.2)
print(json.dumps(sorted(set(seen))))
""".replace("boto3.client", "SESSION.client").replace(
    "seen = []", "seen, SESSION = [], boto3.Session()"
)


def test_served_credentials_never_end_under_the_sdk(shell: Shell, wired: Wired) -> None:
    """Leases of nine seconds: boto3 works on from one set to the next, and all go at the end.

    Its own files name other credentials, which must not win.
    """
    tuned = {"default_lease_ttl": "9s", "max_lease_ttl": "9s"}
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", tuned))
    aws = shell.directory / ".aws"
    aws.mkdir()
    (aws / "credentials").write_text("[default]\naws_access_key_id = wrong\n")
    (aws / "config").write_text("[default]\ncredential_process = /bin/false\n")
    done = shell.run("exec", "reader", "--serve", "--", sys.executable, "-c", WORKER)
    assert done.returncode == 0, done.stderr
    assert {key[:4] for key in json.loads(done.stdout)} == {"AKIA"}
    assert done.stderr == ""
    assert leases(wired) == []
