"""A mount whose credentials are out: those of ben, the case, and of ada, who shall not suffer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.commands import Shell
from tests.support.connections import settings_for
from tests.support.issuing import Roles, every_type
from tests.support.logins import READ_ONLY
from tests.support.people import operator, person
from tests.support.places import here
from tests.support.wired import Wired, must
from vaultaws.aws.actions import Action, attempt_with
from vaultaws.model import Credentials, Secret
from vaultaws.vault.gateway import HvacVault

READ = Action.parse("ec2:DescribeInstances")


@dataclass
class Stricken:
    """The mount, its roles, the responder's shell, and who holds what (person, role)."""

    wired: Wired
    roles: Roles
    shell: Shell
    held: dict[tuple[str, str], Credentials] = field(default_factory=dict)

    @property
    def mount(self) -> str:
        return self.wired.mount

    def issue(self, who: str, role: str, vault: HvacVault) -> Credentials:
        """Issue as a person does, and remember it."""
        arn = self.roles.arns[0] if role == "ops" else ""
        made = vault.issue(self.mount, role, sts=role != "reader", role_arn=arn).credentials
        self.held[who, role] = made
        return made

    def may_read(self, credentials: Credentials) -> bool:
        """True when AWS lets these credentials describe instances now."""
        return attempt_with(credentials, READ, self.wired.options.region)() is None

    def leases(self) -> list[str]:
        """The ids of the mount's leases."""
        vault = self.wired.vault
        return [
            lease for end in ("creds", "sts") for lease in vault.list_leases(f"{self.mount}/{end}")
        ]

    def contain(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Contain with a yes; the answer as JSON."""
        ended, out, said = here(self.shell, "incident", "contain", *arguments, "--yes", "--json")
        assert ended == code, out + said
        found: dict[str, Any] = json.loads(out)
        return found

    def alive(self) -> set[tuple[str, str]]:
        """Who still holds a living credential of which role."""
        return {held for held, credentials in self.held.items() if self.may_read(credentials)}


def stricken(wired: Wired, directory: Path) -> Stricken:
    """Roles of every type whose credentials may describe EC2, and nobody's credentials yet."""
    roles = every_type(wired)
    iam = wired.client("iam")
    for arn in roles.arns:
        name = arn.rsplit("/", 1)[-1]
        iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=READ_ONLY)
    iam.put_user_policy(UserName=wired.root_user, PolicyName="reads", PolicyDocument=READ_ONLY)
    log = str(wired.server.audit)
    shell = operator(wired, directory, VAULTAWS_AUDIT_LOG=log, VAULTAWS_CACHE="off")
    return Stricken(wired, roles, shell)


def login(place: Stricken, name: str) -> HvacVault:
    """A person who may issue from every role of the mount."""
    policy = f"issue-{place.mount}"
    rules = f'path "{place.mount}/*" {{ capabilities = ["read", "update"] }}'
    must(place.wired.ask(f"sys/policies/acl/{policy}", {"policy": rules}))
    shell = person(place.wired, place.shell.directory, name, policy)
    token = Secret(shell.more["VAULT_TOKEN"])
    return HvacVault(settings_for(place.wired.server, token))
