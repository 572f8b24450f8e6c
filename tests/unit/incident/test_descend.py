"""The trail is followed from a key to all that came of it, to the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.incidents import AT, OPS, PLACE, ROOT_USER, key, token, user
from vaultaws.incident.descend import ONE_BY_ONE, Trail, follow, origin
from vaultaws.incident.making import Made, opened, session_of, suspect_of
from vaultaws.incident.model import Suspect
from vaultaws.trail.records import to_event

ROOT_KEY = PLACE.root_key_id


@dataclass
class Records:
    """CloudTrail, as a list of records; `keys` are IAM's, by user."""

    all: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, by: str, issued: str = "", **request: Any) -> None:
        identity = {"type": "IAMUser", "accessKeyId": by, "userName": request.pop("who", "x")}
        answer: dict[str, Any] = {"credentials": {"accessKeyId": issued}} if issued else {}
        answer |= request.pop("answer", {})
        self.all.append(
            {
                "eventVersion": "1.11",
                "eventID": f"event-{len(self.all)}",
                "eventName": name,
                "eventSource": "iam.amazonaws.com",
                "eventTime": (AT - timedelta(minutes=5)).isoformat(),
                "awsRegion": "us-east-1",
                "userIdentity": identity,
                "requestParameters": request,
                "responseElements": answer,
            }
        )

    def lookup(
        self, attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        self.asked.append((attribute, value))
        assert start <= end
        if region != "us-east-1":
            return []
        return [record for record in self.all if self._fits(record, attribute, value)]

    def _fits(self, record: dict[str, Any], attribute: str, value: str) -> bool:
        identity = record["userIdentity"]
        issued = (record["responseElements"].get("credentials") or {}).get("accessKeyId")
        return value == {
            "AccessKeyId": identity["accessKeyId"],
            "EventName": record["eventName"],
            "Username": identity["userName"],
            "ResourceName": issued,
        }.get(attribute)

    def trail(self, **fields: Any) -> Trail:
        settings: dict[str, Any] = {
            "root_user": "vault-root",
            "root_key_id": ROOT_KEY,
            "digest": lambda value: f"hmac-{value}",
        }
        return Trail(
            lookup=self.lookup,
            regions=("eu-west-2",),
            keys_of=lambda name: self.keys.get(name, []),
            **(settings | fields),
        )


def made(found: Iterable[Suspect]) -> set[tuple[str, str]]:
    return {(suspect.made_by, suspect.access_key_id or suspect.user) for suspect in found}


@pytest.fixture
def chain() -> Records:
    """ASIA 1 makes mallory, whose key takes a role, whose session makes a key for bob."""
    records = Records(keys={"mallory": [key(2, "AKIA"), key(7, "AKIA")]})
    records.add("CreateUser", key(1), userName="mallory")
    records.add("CreateAccessKey", key(1), key(2, "AKIA"), userName="mallory")
    arn = "arn:aws:iam::123456789012:role/Ops"
    session = {"assumedRoleUser": {"assumedRoleId": "AROAX:night"}}
    records.add("AssumeRole", key(2, "AKIA"), key(3), roleArn=arn, answer=session)
    records.add("CreateAccessKey", key(3), key(4, "AKIA"), userName="bob")
    records.add("UpdateAssumeRolePolicy", key(3), roleName="Ops")
    records.add("GetFederationToken", key(7, "AKIA"), key(5), who="mallory")
    records.add("DescribeInstances", key(1))
    records.add("CreateUser", key(50), userName="innocent")
    return records


@pytest.mark.parametrize("others", [0, ONE_BY_ONE + 1], ids=["one by one", "swept"])
def test_it_goes_to_the_end(chain: Records, others: int) -> None:
    crowd = [token(100 + number, lease_id=f"x/{number}") for number in range(others)]
    found = follow(chain.trail(), [token(1), *crowd], now=AT)
    born = {suspect.access_key_id for suspect in found.descendants if suspect.access_key_id}
    assert born == {key(2, "AKIA"), key(7, "AKIA"), key(3), key(4, "AKIA"), key(5)}
    users = {suspect.user for suspect in found.descendants if suspect.user}
    assert users == {"mallory", "bob"}
    ops = next(suspect for suspect in found.descendants if suspect.made_by == "AssumeRole")
    assert (ops.holder, ops.session, ops.parent_key) == (OPS, "AROAX:night", key(2, "AKIA"))
    if not others:  # a sweep reads what makes credentials, and nothing else
        assert found.acts == (f"UpdateAssumeRolePolicy Ops with {key(3)[:4]}…{key(3)[-3:]}",)
    assert not found.cut_short


def test_no_question_is_asked_twice(chain: Records) -> None:
    chain.add("AssumeRole", key(3), key(1), roleArn="arn:aws:iam::123456789012:role/Loop")
    found = follow(chain.trail(), [token(1), token(1, lease_id="again")], now=AT)
    assert found.descendants
    assert len(chain.asked) == 2 * len(set(chain.asked))


def test_failed_calls_made_nothing(chain: Records) -> None:
    for record in chain.all:
        record["errorCode"] = "AccessDenied"
    found = follow(chain.trail(), [token(1)], now=AT)
    assert (found.descendants, found.acts) == ((), ())


def test_a_digest_becomes_a_key_and_ambiguity_goes() -> None:
    records = Records()
    records.add(
        "AssumeRole",
        ROOT_KEY,
        key(1),
        roleArn="arn:aws:iam::123456789012:role/Ops",
        who="vault-root",
        answer={"assumedRoleUser": {"assumedRoleId": "AROAX:vault-ben"}},
    )
    hidden = token(
        5, access_key_id="", key_hash=f"hmac-{key(1)}", holder=ROOT_USER, other_holders=(OPS,)
    )
    found = follow(records.trail(), [hidden], now=AT)
    (known,) = found.suspects
    assert (known.access_key_id, known.holders, known.session) == (
        key(1),
        (OPS,),
        "AROAX:vault-ben",
    )


def test_the_key_of_a_user_is_asked_of_iam() -> None:
    records = Records(keys={"vault-ben-1": [key(9, "AKIA")]})
    records.add("CreateUser", key(9, "AKIA"), userName="mallory")
    found = follow(records.trail(), [user(1, access_key_id="")], now=AT)
    assert found.suspects[0].access_key_id == key(9, "AKIA")
    assert made(found.descendants) == {("CreateUser", "mallory")}


def test_a_key_that_no_lease_knows_has_an_origin() -> None:
    records = Records()
    records.add("GetFederationToken", ROOT_KEY, key(1), who="vault-root")
    found = origin(records.trail(), key(1), "", AT)
    assert found is not None
    assert (found.holder, found.made_by) == (ROOT_USER, "GetFederationToken")
    owned = origin(records.trail(), key(3, "AKIA"), "bob", AT)
    assert owned is not None
    assert owned.user == "bob"
    assert origin(records.trail(), key(2), "", AT) is None


def test_records_of_any_shape_are_taken() -> None:
    for answer in (None, "x", {"assumedRoleUser": "x"}, {"assumedRoleUser": {"assumedRoleId": 1}}):
        assert session_of({"responseElements": answer}) == ""
    records = Records()
    for name in ("AssumeRole", "CreateUser", "CreateAccessKey", "GetSessionToken", "PutUserPolicy"):
        records.add(name, key(1), durationSeconds="x", roleArn=7, userName=None, who="")
    for record in records.all:
        event = to_event(record)
        assert event is not None
        found = suspect_of(Made(event))
        assert found is None or found.name
        assert isinstance(opened(event), str)
