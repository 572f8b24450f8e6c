"""The AWS CLI and the SDKs through each hand-off: allowed, denied, found, revoked, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.integration.incident.test_contain_broken import ONE_SERVER
from tests.support.clients import Client, Together
from tests.support.hand_offs import HandOff, environ_for, handed
from tests.support.people import operator
from tests.support.places import here
from tests.support.profiles import write_profile, write_user_role
from tests.support.waiting import until
from tests.support.wired import Wired

DENIED = ("AccessDenied", "not authorized")
REFUSED = ("InvalidClientTokenId", "security token")


@ONE_SERVER
@pytest.mark.parametrize("way", list(HandOff), ids=str)
def test_a_program_has_what_its_role_allows_until_it_is_revoked(
    wired: Wired, tmp_path: Path, everybody: Together, way: HandOff
) -> None:
    write_user_role(wired, "reader", "1h")
    running = {name: started(everybody, name, way, wired, tmp_path) for name in everybody.names}
    for client in running.values():
        client.tell("identity")
    keys = {name: works(client, wired, name) for name, client in running.items()}
    assert len(set(keys.values())) == len(running)
    used = set(keys.values())
    until(lambda: used <= in_the_trail(wired, "ListBuckets", refused=False))
    until(lambda: used <= in_the_trail(wired, "CreateBucket", refused=True))
    shell = operator(wired, tmp_path)
    code, out, err = here(shell, "leases", "revoke", "--role", "reader", "--yes")
    assert code == 0, out + err
    for client in running.values():
        client.tell("identity")
    for name, client in running.items():
        said = client.hear()
        assert not said.ok, name
        assert any(word in said.said for word in REFUSED), (name, said.said)


def started(everybody: Together, name: str, way: HandOff, wired: Wired, directory: Path) -> Client:
    """The program of one kind, with a home, a profile and credentials of its own."""
    profile = write_profile(wired, directory / name, "reader")
    command = handed(way, "reader", everybody.command(name))
    return everybody.run(command, environ_for(way, profile), profile.directory)


def works(client: Client, wired: Wired, name: str) -> str:
    """Its user may list buckets and make none; returns the id of its key."""
    identity = client.hear()
    assert "-reader-" in identity.said, (name, identity.said)
    allowed, forbidden = client.call("service"), client.call("forbidden")
    assert allowed.ok, (name, allowed.said)
    assert not forbidden.ok, name
    assert any(word in forbidden.said for word in DENIED), (name, forbidden.said)
    (key,) = wired.keys_of(identity.said.rsplit("/", 1)[-1])
    assert identity.key_id in {"", key}, name
    return key


def in_the_trail(wired: Wired, name: str, *, refused: bool) -> set[str]:
    """The keys with which CloudTrail has a call; none while it asks for patience."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
    try:
        found = wired.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ThrottlingException":
            raise
        return set()
    told = [event for event in found if ("AccessDenied" in event["CloudTrailEvent"]) is refused]
    return {event["AccessKeyId"] for event in told}
