"""An apply that cannot come to its end says what it did, and the next one goes on."""

from __future__ import annotations

import dataclasses
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import person
from tests.support.places import Place, a_place, here, settled
from tests.support.relay import Asked, CutError, Relay
from tests.support.sealing import unseal_key
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.local.servers.base import RunningServer

ROOT_WRITE, ROLES_WRITE = "/config/root", "/roles/"
EVERYTHING = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'


@pytest.fixture
def place(wired: Wired, tmp_path: Path) -> Iterator[Place]:
    with a_place(wired, tmp_path) as made:
        yield made


@pytest.fixture
def relay(place: Place) -> Iterator[Relay]:
    made = Relay(place.wired.server.address)
    yield made
    made.stop()


def at(part: str, act: Callable[[], None]) -> Callable[[Asked], None]:
    """A hook that acts at the first write to a path with this part."""
    acted: list[Asked] = []

    def hook(asked: Asked) -> None:
        if part in asked.path and not acted:
            acted.append(asked)
            act()

    return hook


def cut() -> None:
    raise CutError


def test_a_refused_root_stops_all_that_needs_it(place: Place, relay: Relay, wired: Wired) -> None:
    mount = place.wired.mount
    denied = f'path "{mount}/config/root" {{ capabilities = ["read", "deny"] }}'
    must(place.wired.ask(f"sys/policies/acl/{mount}-deny", {"policy": EVERYTHING + denied}))
    narrow = person(wired, place.shell.directory, "eve", f"{mount}-deny")
    shell = place.through(relay.address)
    token = narrow.more["VAULT_TOKEN"]
    shell = Shell(shell.directory, {**shell.more, "VAULT_TOKEN": token})
    code, out, err = here(shell, "apply", "--yes")
    assert (code, out) == (2, ""), err
    done = err.partition("steps are done: ")[2].splitlines()[0]
    assert done.endswith(f"mount {mount}, lease {mount}")
    assert "not tried: " in err
    assert "role reader" in err.partition("not tried: ")[2]
    assert "error: root was refused: " in err
    assert "run apply again, it goes on where this stopped" in err
    assert not any(ROLES_WRITE in asked.path for asked in relay.writes)
    assert here(place.shell, "apply", "--yes")[0] == 0
    must(place.wired.ask(f"sys/policies/acl/{mount}-deny", method="DELETE"))
    settled(place)


@pytest.mark.parametrize("part", [ROOT_WRITE, ROLES_WRITE, "identity/group/"])
def test_a_lost_answer_may_have_taken_effect(place: Place, relay: Relay, part: str) -> None:
    relay.after = at(part, cut)
    shell = place.through(relay.address)
    code, out, err = here(shell, "apply", "--yes")
    assert (code, out) == (2, ""), err
    assert "may have taken effect" in err
    _, _, planned = here(shell, "plan")
    assert "may have taken effect" in planned
    assert here(shell, "apply", "--yes")[0] == 0
    settled(place)


def test_sealed_midway(own_server: RunningServer, wired: Wired, tmp_path: Path) -> None:
    alone = dataclasses.replace(wired, server=own_server)
    key = unseal_key(own_server)
    with a_place(alone, tmp_path) as place:
        relay = Relay(own_server.address)

        def seal() -> None:
            must(alone.ask("sys/seal", {}))

        relay.before = at(ROLES_WRITE, seal)
        code, out, err = here(place.through(relay.address), "apply", "--yes")
        relay.stop()
        must(alone.ask("sys/unseal", {"key": key}))
        assert (code, out) == (2, ""), err
        assert "is sealed" in err
        assert "mount" in err.partition("steps are done: ")[2].splitlines()[0]
        until(lambda: alone.ask("sys/mounts").status == 200)
        assert here(place.shell, "apply", "--yes")[0] == 0
        settled(place)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_lets_the_step_in_flight_end(
    place: Place, relay: Relay, number: signal.Signals, code: int
) -> None:
    shell = place.through(relay.address)
    process = shell.start("apply", "--yes")
    passed = threading.Event()

    def signal_and_dawdle() -> None:
        process.send_signal(number)
        passed.wait(0.5)

    relay.before = at(ROOT_WRITE, signal_and_dawdle)
    with process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, ""), err
    assert "stopped" in err
    assert "steps are done: " in err
    assert "root" in err.partition("steps are done: ")[2].splitlines()[0]
    assert "may have taken effect" not in err
    assert not any(ROLES_WRITE in asked.path for asked in relay.writes)
    assert re.search(
        r"ended after [34] of", here(shell, "plan")[2]
    )  # Vault has the audit device too
    assert here(shell, "apply", "--yes")[0] == 0
    settled(place)


def test_a_second_ctrl_c_waits_for_nothing(place: Place, relay: Relay) -> None:
    shell = place.through(relay.address)
    process = shell.start("apply", "--yes")
    ended = threading.Event()

    def signal_twice() -> None:
        process.send_signal(signal.SIGINT)
        ended.wait(0.5)
        process.send_signal(signal.SIGINT)
        ended.wait(30)

    relay.before = at(ROOT_WRITE, signal_twice)
    with process:
        out, err = process.communicate(timeout=20)
    ended.set()
    assert (process.returncode, out) == (130, ""), err
    assert "asked for, not answered, may have taken effect: root" in err
    assert "root may have taken effect" in here(shell, "plan")[2]


def test_without_a_journal_nothing_is_written(place: Place, relay: Relay) -> None:
    (place.shell.directory / "state").write_text("no directory")
    code, out, err = here(place.through(relay.address), "apply", "--yes")
    assert (code, out) == (1, ""), err
    assert [line.split()[0] for line in err.splitlines()] == ["error:", "why:", "do:"]
    assert relay.writes == []


def test_a_full_disk_writes_nothing(place: Place, relay: Relay) -> None:
    """The shell's own limit on what may be written, in place of a full disk."""
    shell = place.through(relay.address)
    environ = {name: value for name, value in shell.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [
            "sh",
            "-c",
            'ulimit -f 0; exec "$@"',
            "sh",
            sys.executable,
            "-m",
            "vaultaws",
            "apply",
            "--yes",
        ],
        env=environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert relay.writes == []


def test_one_apply_at_a_time(place: Place, relay: Relay) -> None:
    """The first is held at its first write; the second says who is at it, and writes nothing."""
    shell = place.through(relay.address)
    process = shell.start("apply", "--yes")
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go_on.wait(60)

    relay.before = at("sys/mounts/", hold)
    with process:
        assert reached.wait(60)
        code, out, err = here(shell, "apply", "--yes")
        assert (code, out) == (1, ""), err
        assert f"process {process.pid} applies vaultaws.toml since" in err
        assert re.search(r"is running: [01] of", here(shell, "plan")[2])
        assert [each.path for each in relay.writes if "sys/audit/" not in each.path] == [
            f"sys/mounts/{place.wired.mount}"
        ]
        go_on.set()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    settled(place)


def test_no_secret_is_left_anywhere(place: Place, relay: Relay) -> None:
    relay.after = at("/static-roles/", cut)
    shell = place.through(relay.address)
    secret = place.wired.root_credentials.secret_access_key.reveal()
    token = shell.more["VAULT_TOKEN"]
    said = [
        *here(shell, "plan", "--out", "plan.json")[1:],
        *here(shell, "apply", "--yes", "--json")[1:],
        *here(shell, "apply", "--yes", "--json")[1:],
    ]
    state = place.shell.directory / "state"
    files = [path for path in state.rglob("*") if path.is_file()]
    written = [path.read_text("utf-8") for path in (*files, state.parent / "plan.json")]
    assert any("static" in text for text in written)
    for text in (*said, *written):
        assert secret not in text
        assert token not in text
    assert not any("ec2:Describe" in text for text in written)
    assert (state.parent / "plan.json").stat().st_mode & 0o077 == 0
