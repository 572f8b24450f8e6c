"""The IAM users behind leases, found by name, key or role; and none of another mount's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.incidents import AT, ROLES, key, user
from tests.support.memory_operators import MemoryServer
from tests.support.memory_vault import FixedClock
from vaultaws.aws.identity import IamUser
from vaultaws.aws.moment import Answered
from vaultaws.incident import users
from vaultaws.incident.looking import Looking, Sources
from vaultaws.incident.model import Scope, Suspect
from vaultaws.leases.ledger import Ledger
from vaultaws.model import AuditIssuance, Principal


@dataclass
class MemoryIam:
    names: list[str]
    owners: dict[str, str] = field(default_factory=dict)
    created: datetime = AT

    def ask_time(self) -> Answered:
        return Answered(Principal("1", "arn:aws:iam::1:user/ada", "AIDA"), AT)

    def users(self) -> Iterable[IamUser]:
        return [IamUser(name, f"arn:{name}", "/", name, self.created) for name in self.names]

    def key_owner(self, access_key_id: str) -> str:
        return self.owners.get(access_key_id, "")

    def keys_of(self, user: str) -> list[str]:
        return []


def issuance(number: int, mount: str = "aws", at: datetime = AT) -> AuditIssuance:
    path = f"{mount}/creds/reader"
    return AuditIssuance(at, str(number), path, f"{path}/{number}", "hmac-x", "e1", "userpass-ben")


def name(number: int, seconds: int = 0) -> str:
    return f"vault-userpass-ben-reader-{int(AT.timestamp()) + seconds}-{number:020d}"


def found(
    iam: MemoryIam, suspects: list[Suspect], issuances: list[AuditIssuance], scope: Scope
) -> list[str]:
    vault = MemoryServer(FixedClock(AT))
    sources = Sources(vault, iam, "aws", FixedClock(AT), Ledger(), issuances)
    named = users.named(Looking(sources, scope), suspects, ROLES)
    return [suspect.user for suspect in named]


def held(number: int, **fields: object) -> Suspect:
    return user(number, user="", access_key_id="", **fields)


def test_each_lease_gets_a_user_of_its_second() -> None:
    iam = MemoryIam([name(1), name(2), name(3, -1)])
    late = issuance(3, at=AT - timedelta(seconds=1))
    suspects = [held(1), held(2), held(3)]
    users_found = found(iam, suspects, [issuance(1), issuance(2), late], Scope(person="ben"))
    assert sorted(users_found) == sorted(iam.names)
    assert users_found[2] == name(3, -1)


def test_a_key_in_clear_tells_before_a_name_does() -> None:
    iam = MemoryIam([name(1)], {key(1, "AKIA"): "somebody-else"})
    known = user(1, user="")
    assert found(iam, [known], [issuance(1)], Scope(person="ben")) == ["somebody-else"]


def test_a_whole_role_takes_the_users_without_a_lease_and_leaves_other_mounts() -> None:
    iam = MemoryIam([name(1), name(2, -500), "bystander", name(3, -900)])
    elsewhere = issuance(9, "aws-other", AT - timedelta(seconds=900))
    scope = Scope(role="reader")
    assert found(iam, [held(1)], [issuance(1), elsewhere], scope) == [name(1), name(2, -500)]
    assert found(iam, [held(1)], [issuance(1)], Scope(person="ben")) == [name(1)]


def test_since_leaves_older_users() -> None:
    iam = MemoryIam([name(2, -500)], created=AT - timedelta(days=1))
    scope = Scope(everything=True, since=AT - timedelta(hours=1))
    assert found(iam, [], [], scope) == []
    assert found(iam, [], [], Scope(everything=True)) == [name(2, -500)]
