"""Last uses of IAM users' keys in the inventory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.support.memory_vault import made_up_key
from vaultaws.aws.identity import AccessKey
from vaultaws.errors import AwsError
from vaultaws.leases.inventory import Holding, Inventory, LastUse, LeaseState
from vaultaws.leases.uses import with_last_uses

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HELD = Holding("aws/creds/reader/1", "aws", "creds", "reader", LeaseState.LIVE, is_sts=False)
USED, NEVER, GONE, TOKEN = (made_up_key(number) for number in range(4))
IAM = {
    USED: AccessKey(USED, "u", True, NOW, NOW, "ec2"),
    NEVER: AccessKey(NEVER, "n", True, NOW),
}


def inventory(*keys: str) -> Inventory:
    return Inventory("aws", NOW, tuple(replace(HELD, access_key_id=key) for key in keys))


def test_uses_are_filled_in_and_a_key_that_is_gone_is_named() -> None:
    found = with_last_uses(inventory(USED, NEVER, GONE), IAM.get)
    assert [held.last_use for held in found.holdings] == [LastUse("ec2", NOW), None, None]
    (note,) = found.notes
    assert GONE in note
    assert f"vaultaws leases revoke {HELD.lease_id}" in note


def test_keys_known_as_digests_are_counted_and_tokens_are_left_alone() -> None:
    token = replace(HELD, access_key_id=TOKEN, is_sts=True)
    asked: list[str] = []
    given = Inventory("aws", NOW, (replace(HELD, key_hash="hmac-sha256:1"), token))
    found = with_last_uses(given, asked.append)
    assert asked == []
    assert found.notes[0].startswith("the last use of 1 key was not looked up")


def test_a_failing_iam_is_a_note() -> None:
    def fails(key: str) -> AccessKey | None:
        raise AwsError("failed", why="Throttling: slow down", do="wait", code="Throttling")

    found = with_last_uses(inventory(USED, NEVER), fails)
    assert found.notes == ("the last use of 2 keys was not seen: Throttling: slow down",)
