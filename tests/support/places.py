"""A mount that is not there yet, people who may issue from it, and a file that declares all that.

Every name in it is its own, so that many can be made on one server, one after another.
"""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.people import declare, root_shell
from tests.support.wired import Wired, must
from vaultaws.cli.main import run
from vaultaws.model import ServerProduct

PEOPLE = ("ada", "ben")
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

[static_roles.robot]
username = "{robot}"
rotation_period = "1d"
"""
AUDIT = """
[audit.{audit}]
type = "file"
file_path = "{directory}/audit.log"
"""
ACCESS = """
[access.analysts]
roles = ["reader", "reader-sts"]
static_roles = ["robot"]
members = {{ {auth} = ["ada", "ben"], {jwt} = ["ops"] }}
"""


@dataclass(frozen=True)
class Place:
    """One of them. `wired.mount` is the mount's path."""

    wired: Wired
    shell: Shell

    @property
    def auth(self) -> str:
        """The path of a userpass method with two users."""
        return f"userpass-{self.wired.mount}"

    @property
    def jwt(self) -> str:
        """The path of a method whose logins bring a groups claim."""
        return f"jwt-{self.wired.mount}"

    @property
    def audit(self) -> str:
        return f"file-{self.wired.mount}"

    @property
    def robot(self) -> str:
        """An IAM user whose key the engine keeps."""
        return f"vault-robot-{self.wired.mount}"

    @property
    def file(self) -> Path:
        return self.shell.directory / "vaultaws.toml"

    def through(self, address: str) -> Shell:
        """The operator's shell, by way of another address."""
        return dataclasses.replace(self.shell, more={**self.shell.more, "VAULT_ADDR": address})

    def people(self) -> list[str]:
        """Names at the auth method to which entities lead, each as often as there is one."""
        found = self._listed("identity/entity/id").get("key_info", {}).values()
        aliases = [alias for entry in found for alias in entry.get("aliases") or ()]
        path = f"auth/{self.auth}/"
        return sorted(alias["name"] for alias in aliases if alias.get("mount_path") == path)

    def groups(self) -> list[dict[str, Any]]:
        """The groups that bear this mount's policy."""
        names = self._listed("identity/group/name").get("keys", [])
        all_of_them = [must(self.wired.ask(f"identity/group/name/{name}")) for name in names]
        bodies = [answer.body["data"] for answer in all_of_them]
        return [body for body in bodies if self.wired.mount in str(body["policies"])]

    def roles(self) -> list[str]:
        return sorted(self._listed(f"{self.wired.mount}/roles").get("keys", []))

    def policies(self) -> list[str]:
        found = self._listed("sys/policies/acl").get("keys", [])
        return [name for name in found if self.wired.mount in name]

    def is_mounted(self) -> bool:
        return f"{self.wired.mount}/" in must(self.wired.ask("sys/mounts")).body["data"]

    def _listed(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.wired.ask(path, method="LIST").body.get("data") or {}
        return found


@contextmanager
def a_place(wired: Wired, directory: Path, mark: str = "") -> Iterator[Place]:
    """Make the auth methods, the IAM user and the file; take all away in the end."""
    mounted = dataclasses.replace(wired, mount=f"{wired.mount}x{mark}")
    below = directory / f"place{mark}"
    below.mkdir()
    place = Place(mounted, root_shell(mounted, below))
    must(wired.ask(f"sys/auth/{place.auth}", {"type": "userpass"}))
    must(wired.ask(f"sys/auth/{place.jwt}", {"type": "jwt"}))
    for name in PEOPLE:
        must(wired.ask(f"auth/{place.auth}/users/{name}", {"password": "made-up"}))
    wired.client("iam").create_user(UserName=place.robot)
    roles = ROLES.format(robot=place.robot)
    if wired.server.product is ServerProduct.VAULT:  # OpenBao takes audit devices by its own file
        roles += AUDIT.format(audit=place.audit, directory=below)
    declare(mounted, below, roles, ACCESS.format(auth=place.auth, jwt=place.jwt))
    try:
        yield place
    finally:
        for path in (f"sys/auth/{place.auth}", f"sys/auth/{place.jwt}", f"sys/audit/{place.audit}"):
            must(wired.ask(path, method="DELETE"))
        must(wired.ask(f"sys/mounts/{mounted.mount}", method="DELETE"))


def here(shell: Shell, *arguments: str) -> tuple[int, str, str]:
    """Run `vaultaws ARGUMENTS` in this process; return its code, and what it printed."""
    out, err, environ = io.StringIO(), io.StringIO(), shell.environ
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("AWS_", "VAULT", "BAO_", "XDG_")):
                patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.chdir(shell.directory)
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
    return code, out.getvalue(), err.getvalue()


def settled(place: Place) -> None:
    """Fail unless the server is as the file says, with nothing doubled."""
    assert here(place.shell, "plan", "--detailed-exitcode")[::2] == (0, "")
    assert place.people() == list(PEOPLE)
    assert sorted(str(group["type"]) for group in place.groups()) == ["external", "internal"]
    assert place.roles() == ["reader", "reader-sts"]
