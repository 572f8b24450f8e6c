"""When IAM users' keys were last used, and which are gone though their lease lives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from vaultaws.aws.identity import AccessKey
from vaultaws.errors import AwsError
from vaultaws.leases.inventory import Holding, Inventory, LastUse, LeaseState
from vaultaws.leases.words import count

WORKERS: Final = 4
Look = Callable[[str], AccessKey | None]
"""What IAM says of a key, None when it has none such. Raises AwsError."""


def with_last_uses(inventory: Inventory, look: Look) -> Inventory:
    """The inventory with the last use of each IAM user's key that is known in clear.

    A few calls a key. Nothing is raised: what was not seen is in the notes, as are leases whose key
    is gone.
    """
    users = [held for held in inventory.holdings if held.is_sts is False]
    known = [held for held in users if held.access_key_id and not held.user_gone]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="uses") as pool:
        keys = dict.fromkeys(held.access_key_id for held in known)
        seen = dict(zip(keys, pool.map(lambda key: _asked(look, key), keys), strict=True))
    uses = {key: _use(found) for key, found in seen.items() if isinstance(found, AccessKey)}
    holdings = tuple(
        replace(held, last_use=uses.get(held.access_key_id, held.last_use))
        for held in inventory.holdings
    )
    notes = [
        *_gone(known, seen),
        *_unseen(sum(not held.access_key_id for held in users), list(seen.values())),
    ]
    return replace(inventory, holdings=holdings, notes=(*inventory.notes, *notes))


def _asked(look: Look, key: str) -> AccessKey | AwsError | None:
    try:
        return look(key)
    except AwsError as fault:
        return fault


def _use(key: AccessKey) -> LastUse | None:
    return LastUse(key.last_used_service, key.last_used_at) if key.last_used_at else None


def _gone(known: list[Holding], seen: dict[str, AccessKey | AwsError | None]) -> list[str]:
    return [
        f"IAM has no key {held.access_key_id} any more, but its lease lives: "
        f"vaultaws leases revoke {held.lease_id}"
        for held in known
        if held.state is LeaseState.LIVE and seen[held.access_key_id] is None
    ]


def _unseen(hidden: int, answers: list[AccessKey | AwsError | None]) -> list[str]:
    faults = [answer for answer in answers if isinstance(answer, AwsError)]
    notes = []
    if hidden:
        keys = count(hidden, "key", "keys")
        notes.append(f"the last use of {keys} was not looked up: the key id is not known in clear")
    if faults:
        keys = count(len(faults), "key", "keys")
        notes.append(f"the last use of {keys} was not seen: {faults[0].why}")
    return notes
