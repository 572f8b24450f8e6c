"""`vaultaws apply` killed at every single request: the next apply goes on, nothing is doubled."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import declare, root_shell
from tests.support.relay import Asked, CutError, Relay
from tests.support.wired import Wired, must

LONGEST = 40
"""More requests than the file below needs: a loop over them ends by itself before."""
ROLES = """
[lease]
default_ttl = "15m"
max_ttl = "1h"

[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"
"""
ACCESS = """
[access.analysts]
roles = ["reader", "reader-sts"]
members = {{ {auth} = ["ada", "ben"] }}
"""


@dataclass
class Killer:
    """Kills a process from within the relay, at one write of it."""

    number: int
    process: subprocess.Popen[str] | None = None
    has_struck: bool = False

    def __call__(self, asked: Asked) -> None:
        if asked.number == self.number and self.process is not None:
            self.has_struck = True
            self.process.kill()
            raise CutError


@dataclass(frozen=True)
class Place:
    """A mount that is not there yet, an auth method with two users, and a file on both."""

    wired: Wired
    auth: str
    shell: Shell

    def entities(self) -> list[str]:
        """Names of the entities that lead to this place's users, each as often as it is there."""
        ids = self.wired.ask("identity/entity/id", method="LIST").body.get("data", {})
        info = ids.get("key_info", {})
        mine = (entry for entry in info.values() if self.auth in str(entry.get("aliases")))
        return sorted(alias["name"] for entry in mine for alias in entry["aliases"])

    def groups(self) -> list[str]:
        """Names of the groups that bear a policy of this place."""
        answer = self.wired.ask("identity/group/name", method="LIST").body
        names = answer.get("data", {}).get("keys", [])
        return sorted(name for name in names if self.wired.mount in name)


@contextmanager
def a_place(wired: Wired, directory: Path, mark: str) -> Iterator[Place]:
    mounted = dataclasses.replace(wired, mount=f"{wired.mount}-{mark}")
    auth = f"userpass-{mounted.mount}"
    must(wired.ask(f"sys/auth/{auth}", {"type": "userpass"}))
    for name in ("ada", "ben"):
        must(wired.ask(f"auth/{auth}/users/{name}", {"password": "made-up"}))
    below = directory / mark
    below.mkdir()
    declare(mounted, below, ROLES, ACCESS.format(auth=auth))
    try:
        yield Place(mounted, auth, root_shell(mounted, below))
    finally:
        must(wired.ask(f"sys/mounts/{mounted.mount}", method="DELETE"))
        must(wired.ask(f"sys/auth/{auth}", method="DELETE"))


def killed(place: Place, number: int, when: str) -> bool:
    """Apply through a relay that kills at the write of this number; False when it never came."""
    killer = Killer(number)
    relay = Relay(place.wired.server.address, **{when: killer})
    through = dataclasses.replace(
        place.shell, more={**place.shell.more, "VAULT_ADDR": relay.address}
    )
    try:
        killer.process = through.start("apply", "--yes")
        with killer.process as process:
            _, said = process.communicate(timeout=60)
        if not killer.has_struck:
            assert process.returncode == 0, said
            return False
        assert process.returncode == -9, said
        goes_on(place, through)
        return True
    finally:
        relay.stop()


def goes_on(place: Place, through: Shell) -> None:
    """What was left open is said and taken up by the next apply, and closed by it."""
    again = through.run("apply", "--yes")
    assert again.returncode == 0, again.stderr
    found = re.search(r"ended after ([0-9]+) of ([0-9]+) steps", again.stderr)
    assert found is not None, again.stderr
    assert int(found[1]) <= int(found[2])
    settled = through.run("apply", "--yes")
    assert (settled.returncode, settled.stderr) == (0, "")
    assert "nothing was written" in settled.stdout
    assert place.entities() == ["ada", "ben"]
    assert len(place.groups()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_write(wired: Wired, tmp_path: Path, when: str) -> None:
    for number in range(1, LONGEST):
        with a_place(wired, tmp_path, str(number)) as place:
            if not killed(place, number, when):
                break
    assert 10 < number < LONGEST - 1
