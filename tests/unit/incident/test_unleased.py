"""IAM's users against leases: what nothing explains, and whose user is gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.support.memory_vault import START, made_up_key
from vaultaws.aws.identity import AccessKey, IamUser
from vaultaws.errors import AwsError
from vaultaws.incident.likeness import Likeness, patterns
from vaultaws.incident.unleased import Seen, Ways, look
from vaultaws.leases.inventory import Holding, LeaseState
from vaultaws.lint.username import Sample, user_name
from vaultaws.model import AuditIssuance, CredentialType, Role
from vaultaws.vault.errors import LostAnswerError

NOW = START + timedelta(hours=1)
READER = Role("reader", CredentialType.IAM_USER)
DENIED = AwsError("no", why="AccessDenied: not allowed", do="allow it", code="AccessDenied")


@dataclass
class PlayedIam:
    """Users with their keys; `faults` are raised for single users."""

    made: dict[str, IamUser] = field(default_factory=dict)
    keys: dict[str, tuple[AccessKey, ...]] = field(default_factory=dict)
    faults: dict[str, AwsError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, at: datetime, *keys: str, path: str = "/") -> None:
        self.made[name] = IamUser(name, f"arn:aws:iam::1:user{path}{name}", path, "AIDA", at)
        self.keys[name] = tuple(AccessKey(key, name, True, at) for key in keys)

    def access_keys(self, user: str) -> tuple[AccessKey, ...]:
        self.asked.append(user)
        if user in self.faults:
            raise self.faults[user]
        return self.keys.get(user, ())

    def key_owner(self, access_key_id: str) -> str:
        owners = (name for name, keys in self.keys.items() if access_key_id in _ids(keys))
        return next(owners, "")

    def user_exists(self, name: str) -> bool:
        return name in self.keys


def _ids(keys: tuple[AccessKey, ...]) -> set[str]:
    return {key.id for key in keys}


def named(number: int, at: datetime, *, person: str = "userpass-ada", role: str = "reader") -> str:
    sample = Sample(chr(ord("a") + number), int(at.timestamp()))
    return user_name("", role, person=person, sample=sample)


def lease(number: int, at: datetime = START, **fields: object) -> Holding:
    held = Holding(f"aws/creds/reader/{number}", "aws", "creds", "reader", LeaseState.LIVE)
    return replace(held, issued_at=at, is_sts=False, **fields)  # type: ignore[arg-type]  # fields that tests name


def issuance(held: Holding, person: str = "userpass-ada") -> AuditIssuance:
    return AuditIssuance(
        time=held.issued_at or START,
        request_id=held.lease_id,
        path="aws/creds/reader",
        lease_id=held.lease_id,
        access_key=held.key_hash,
        entity_id="",
        display_name=person,
    )


def ways(*leases: Holding, audited: bool = True, **fields: object) -> Ways:
    issued = {held.lease_id: issuance(held) for held in leases} if audited else {}
    known = Ways("aws", Likeness({"reader": READER}, patterns("", ["reader"])), "", issued)
    known = replace(known, digest=lambda key: f"hmac-{key}" if audited else "")
    return replace(known, **fields)  # type: ignore[arg-type]  # fields that tests name


def seen(iam: PlayedIam, *leases: Holding, known: Ways | None = None) -> Seen:
    return look(iam, list(iam.made.values()), leases, known or ways(*leases), NOW)


def strays(found: Seen) -> list[str]:
    return [user.name for user in found.leaseless]


def test_users_of_leases_are_explained_by_name_without_asking_for_keys() -> None:
    iam, held = PlayedIam(), [lease(number) for number in range(3)]
    for number in range(3):
        iam.add(named(number, START), START, made_up_key(number))
    found = seen(iam, *held)
    assert (found.leaseless, found.notes, iam.asked) == ((), (), [])
    assert [one.user_gone for one in found.holdings] == [False] * 3


def test_a_user_without_a_lease_is_told_with_its_keys_and_person() -> None:
    iam, held = PlayedIam(), lease(1)
    iam.add(named(1, START), START, made_up_key(1))
    stray = named(2, START, person="userpass-ben")
    iam.add(stray, START, made_up_key(2))
    (user,) = seen(iam, held).leaseless
    assert (user.name, user.role, user.person) == (stray, "reader", "ben")
    assert [key.id for key in user.keys] == [made_up_key(2)]


def test_among_namesakes_the_key_tells_which_has_no_lease() -> None:
    iam = PlayedIam()
    held = lease(1, key_hash=f"hmac-{made_up_key(2)}")
    for number in (1, 2):
        iam.add(named(number, START), START, made_up_key(number))
    assert strays(seen(iam, held)) == [named(1, START)]


def test_without_evidence_as_many_are_explained_as_there_are_leases() -> None:
    iam, held = PlayedIam(), [lease(number) for number in range(2)]
    for number in range(3):
        iam.add(named(number, START), START, made_up_key(number))
    old = START - timedelta(hours=1)
    iam.add(named(3, old), old, made_up_key(3))
    found = seen(iam, *held, known=ways(audited=False))
    assert strays(found) == [named(3, old)]
    (note,) = found.notes
    assert note.startswith("1 IAM user looks like the engine's")


def test_a_young_user_and_vault_s_own_are_left_alone() -> None:
    iam = PlayedIam()
    young = NOW - timedelta(seconds=30)
    iam.add(named(1, young), young, made_up_key(1))
    iam.add(named(2, START), START, made_up_key(2))
    assert seen(iam, known=ways(own=frozenset({named(2, START)}))).leaseless == ()


def test_a_namesake_role_elsewhere_leaves_it_open() -> None:
    iam = PlayedIam()
    iam.add(named(1, START), START, made_up_key(1))
    found = seen(iam, known=ways(elsewhere=frozenset({"reader"})))
    assert found.leaseless == ()
    assert "another mount" in found.notes[0]


def test_a_user_that_went_meanwhile_is_none() -> None:
    iam = PlayedIam()
    iam.add(named(1, START), START)
    del iam.keys[named(1, START)]
    assert seen(iam) == Seen(())


def test_keys_that_may_not_be_read_are_said() -> None:
    iam = PlayedIam(faults={named(1, START): DENIED})
    iam.add(named(1, START), START, made_up_key(1))
    found = seen(iam)
    assert [user.unseen for user in found.leaseless] == [DENIED.why]
    assert found.notes == (f"the keys of 1 IAM user without a lease were not seen: {DENIED.why}",)


def test_a_lease_whose_user_is_gone_is_told_by_key_among_its_namesakes() -> None:
    """Of three of one second one is gone: names alone could blame any of them."""
    iam = PlayedIam()
    held = [lease(number, access_key_id=made_up_key(number)) for number in range(3)]
    for number in (2, 1):
        iam.add(named(number, START), START, made_up_key(number))
    found = seen(iam, *held)
    gone = [one.access_key_id for one in found.holdings if one.user_gone]
    assert gone == [made_up_key(0)]
    assert found.leaseless == ()


def test_a_stranger_made_at_the_time_of_a_lost_user_does_not_hide_it() -> None:
    iam, held = PlayedIam(), lease(1, key_hash=f"hmac-{made_up_key(1)}")
    iam.add("somebody", START, made_up_key(7))
    assert seen(iam, held).holdings[0].user_gone is True
    blind = seen(iam, held, known=ways(audited=False))
    assert blind.holdings[0].user_gone is None
    assert blind.notes[0].startswith("whether IAM has the user of 1 lease is not known")


def test_a_name_of_an_older_template_is_no_lost_user() -> None:
    iam, held = PlayedIam(), lease(1, access_key_id=made_up_key(1))
    iam.add("old-style-name", START, made_up_key(1))
    assert seen(iam, held).holdings[0].user_gone is False


def test_a_young_lease_is_not_judged() -> None:
    assert seen(PlayedIam(), lease(1, NOW - timedelta(seconds=30))).holdings[0].user_gone is None


def test_a_digest_that_fails_leaves_it_open() -> None:
    def lost(key: str) -> str:
        raise LostAnswerError("lost", why="the connection broke off", do="look first")

    iam, held = PlayedIam(), lease(1, key_hash="hmac-other")
    for number in (1, 2):
        iam.add(named(number, START), START, made_up_key(number))
    found = seen(iam, held, known=ways(held, digest=lost))
    assert found.leaseless == ()
    assert len(found.notes) == 1


def test_a_path_of_its_own_tells_where_names_do_not() -> None:
    iam = PlayedIam()
    iam.add("x-1", START, made_up_key(1), path="/vault/")
    pathed = Likeness({"reader": replace(READER, user_path="/vault/")}, {})
    assert strays(seen(iam, known=ways(likeness=pathed))) == ["x-1"]


def test_in_an_account_that_may_be_another_no_user_is_said_to_be_gone() -> None:
    held = lease(1, access_key_id=made_up_key(1))
    found = seen(PlayedIam(), held, known=ways(held, is_vaults_account=False))
    assert found.holdings[0].user_gone is None
    assert "not known" in found.notes[0]
