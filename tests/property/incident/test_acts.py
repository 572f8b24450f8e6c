"""What a suspect key opened is told, whatever it opened and on whom; the engine's work is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import AT, PLACE, key, token, user
from vaultaws.incident.descend import Trail, follow
from vaultaws.incident.making import OPENING, opened
from vaultaws.trail.records import to_event

ROOT_KEY = PLACE.root_key_id
SPARE = key(8, "AKIA")
SUSPECT_KEYS = (key(1), key(2, "AKIA"), SPARE)
OF_VAULT = ("vault-ben-2", "gone")
"""A user of a lease that is a suspect, and one that IAM knows no more."""
USERS = (*OF_VAULT, "bob", "vault-root")

acts = st.tuples(
    st.sampled_from(sorted(OPENING)),
    st.sampled_from([*SUSPECT_KEYS, ROOT_KEY]),
    st.sampled_from(USERS),
    st.sampled_from(["vault-root", "someone"]),
    st.sampled_from(["IAMUser", "AssumedRole"]),
)


def record(number: int, act: tuple[str, str, str, str, str]) -> dict[str, object]:
    name, by, target, who, kind = act
    return {
        "eventVersion": "1.11",
        "eventID": f"event-{number}",
        "eventName": name,
        "eventSource": "iam.amazonaws.com",
        "eventTime": (AT - timedelta(minutes=5)).isoformat(),
        "awsRegion": "us-east-1",
        "userIdentity": {"type": kind, "accessKeyId": by, "userName": who},
        "requestParameters": {"userName": target},
        "responseElements": None,
    }


def told(records: list[dict[str, object]]) -> set[str]:
    """What following tells, with the root key itself under suspicion too."""

    def lookup(
        attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        def is_by(one: dict[str, object]) -> bool:
            identity = one["userIdentity"]
            return isinstance(identity, dict) and identity["accessKeyId"] == value

        wanted = attribute == "AccessKeyId" and region == "us-east-1"
        return [one for one in records if wanted and is_by(one)]

    keys = {"vault-ben-2": [key(2, "AKIA")], "bob": [key(5, "AKIA")], "vault-root": [ROOT_KEY]}
    trail = Trail(
        lookup=lookup,
        regions=(),
        keys_of=lambda name: keys.get(name, []),
        root_user="vault-root",
        root_key_id=ROOT_KEY,
    )
    suspects = [token(1), user(2)]
    return set(follow(trail, suspects, now=AT, seeds=(ROOT_KEY, SPARE)).acts)


def words(one: dict[str, object]) -> str:
    event = to_event(one)
    assert event is not None
    return opened(event)


@given(st.lists(acts, max_size=8))
def test_no_act_of_a_suspect_key_is_left_out(found: list[tuple[str, str, str, str, str]]) -> None:
    records = [record(number, act) for number, act in enumerate(found)]
    said = told(records)
    for one, (_, by, target, _, _) in zip(records, found, strict=True):
        if by != ROOT_KEY or target not in OF_VAULT:
            assert words(one) in said
    of_the_engine = [
        one
        for one, act in zip(records, found, strict=True)
        if act[1] == ROOT_KEY and act[2] in OF_VAULT
    ]
    assert not said & set(map(words, of_the_engine))
