"""IAM against a case: keys gone, off or on, and users that no lease explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.support.judged import NOW, OPENED, case_of, token, user
from vaultaws.aws.identity import AccessKey, IamUser
from vaultaws.errors import AwsError
from vaultaws.incident.facts import KeySight
from vaultaws.incident.model import Case, Progress, StepState, Suspect
from vaultaws.incident.sweep import Looks, Swept, sweep
from vaultaws.model import CredentialType, Pairs, Role

READER = Role("reader", CredentialType.IAM_USER)
MADE = OPENED - timedelta(minutes=1)


@dataclass
class PlayedIam:
    """Users with their keys and tags; `fault` is what every call raises."""

    known: dict[str, tuple[AccessKey, ...]] = field(default_factory=dict)
    made: dict[str, IamUser] = field(default_factory=dict)
    tagged: dict[str, Pairs] = field(default_factory=dict)
    fault: AwsError | None = None

    def add(self, name: str, *keys: AccessKey, path: str = "/") -> None:
        self.known[name] = keys
        self.made[name] = IamUser(name, f"arn:aws:iam::1:user/{name}", path, "AIDA", MADE)

    def users(self) -> Iterable[IamUser]:
        if self.fault is not None:
            raise self.fault
        return list(self.made.values())

    def access_keys(self, user: str) -> tuple[AccessKey, ...]:
        return self.known.get(user, ())

    def key_owner(self, access_key_id: str) -> str:
        owners = (name for name, keys in self.known.items() if access_key_id in _ids(keys))
        return next(owners, "")

    def tags(self, user: str) -> Pairs:
        return self.tagged.get(user, ())


def _ids(keys: Sequence[AccessKey]) -> set[str]:
    return {key.id for key in keys}


def key(name: str, *, active: bool = True) -> AccessKey:
    return AccessKey(name, "x", active, MADE)


def swept(
    iam: PlayedIam, *suspects: Suspect, explained: bool | None = False, case: Case | None = None
) -> Swept:
    looks = Looks(
        {"reader": READER},
        {"reader": re.compile(r"vault-.+-reader-\d+")},
        lambda _name, _role, _keys: explained,
    )
    return sweep(case or case_of(*suspects), iam, looks, NOW)


def test_a_user_that_is_gone_counts_from_when_it_was_ended() -> None:
    suspect = user()
    ended = Progress(StepState.DONE, OPENED + timedelta(seconds=50))
    case = case_of(suspect, progress={f"revoke_lease:{suspect.lease_id}": ended})
    seen = swept(PlayedIam(), case=case).keys[suspect.name]
    assert (seen.sight, seen.since) == (KeySight.GONE, ended.at)


@pytest.mark.parametrize(("active", "sight"), [(True, KeySight.ON), (False, KeySight.OFF)])
def test_a_user_that_is_there_is_as_its_keys_are(active: bool, sight: KeySight) -> None:
    iam = PlayedIam()
    iam.add(user().user, key("AKIA" + "1" * 16, active=active))
    assert swept(iam, user()).keys[user().name].sight is sight


def test_another_key_of_an_engines_user_counts_and_of_others_does_not() -> None:
    iam = PlayedIam()
    iam.add(user().user, key("AKIA" + "2" * 16))
    assert swept(iam, user()).keys[user().name].sight is KeySight.ON
    foreign = user(parent_key="ASIA" + "0" * 16, made_by="CreateAccessKey")
    assert swept(iam, foreign).keys[foreign.name].sight is KeySight.GONE


def test_a_key_alone_is_looked_up_by_its_owner() -> None:
    alone = user("")
    assert swept(PlayedIam(), alone).keys[alone.name].sight is KeySight.GONE
    iam = PlayedIam()
    iam.add("somebody", key(alone.access_key_id))
    assert swept(iam, alone).keys[alone.name].sight is KeySight.ON


def test_of_a_lease_alone_the_time_must_do() -> None:
    alone = user("", "")
    assert swept(PlayedIam(), alone).keys[alone.name].sight is KeySight.GONE
    iam = PlayedIam()
    iam.add("somebody")
    iam.made["somebody"] = replace(iam.made["somebody"], created_at=alone.issued_at or OPENED)
    assert swept(iam, alone).keys[alone.name].sight is KeySight.UNKNOWN


def test_iam_that_does_not_answer_leaves_all_unknown() -> None:
    fault = AwsError("AWS refused to list the users", why="AccessDenied", do="allow it")
    found = swept(PlayedIam(fault=fault), user(), token())
    assert not found.whole
    assert {seen.sight for seen in found.keys.values()} == {KeySight.UNKNOWN}
    assert set(found.keys) == {user().name}


def test_users_like_the_engines_without_a_lease_are_told() -> None:
    iam = PlayedIam()
    iam.add("vault-eve-reader-1", key("AKIA" + "3" * 16))
    iam.add("vault-root")
    iam.add("somebody")
    (stray,) = swept(iam, token(role="reader")).strays
    assert (stray.name, stray.role, stray.active) == ("vault-eve-reader-1", "reader", True)
    assert swept(iam, token(), explained=True).strays == ()
    unclear = swept(iam, token(), explained=None)
    assert (unclear.strays, unclear.unclear) == ((), 1)


def test_young_and_old_users_are_not_told() -> None:
    iam = PlayedIam()
    for name, at in (("1", NOW - timedelta(seconds=30)), ("2", OPENED - timedelta(days=1))):
        iam.add(f"vault-eve-reader-{name}")
        made = iam.made[f"vault-eve-reader-{name}"]
        iam.made[made.name] = replace(made, created_at=at)
    assert swept(iam, token()).strays == ()


def test_where_names_do_not_tell_path_and_tags_do() -> None:
    iam = PlayedIam()
    iam.add("x-1", key("AKIA" + "4" * 16), path="/vault/")
    iam.add("x-2", key("AKIA" + "5" * 16))
    iam.add("x-3")
    iam.tagged["x-2"] = (("made-by", "vault"), ("team", "a"))
    roles = {
        "pathed": replace(READER, name="pathed", user_path="/vault/"),
        "tagged": replace(READER, name="tagged", iam_tags=(("made-by", "vault"),)),
    }
    looks = Looks(roles, {}, lambda _name, _role, _keys: False)
    found = sweep(case_of(token()), iam, looks, NOW)
    assert {stray.name: stray.role for stray in found.strays} == {"x-1": "pathed", "x-2": "tagged"}
