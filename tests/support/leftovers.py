"""What IAM has of a whole world at its end, without a lease, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.whole import Whole
from tests.support.whole_truth import END, Key, awss_time, vaults_time
from vaultaws.aws.identity import AccessKey
from vaultaws.leases.inventory import Inventory
from vaultaws.leases.leaseless import Leaseless
from vaultaws.trail.evidence import CLOCK_SKEW, ROLLBACK


def inventory(world: Whole) -> Inventory:
    """The users that are there and have no lease: left behind, a thief's, and those of issuances
    that failed and are not yet taken back."""
    return Inventory("aws", END, (), leaseless=tuple(_user(key) for key in _leaseless(world)))


def orphans(world: Whole) -> set[str]:
    """Those that Vault will not take away any more, as far as its log can tell."""
    return {name_of(key) for key in _leaseless(world) if not _may_pass(world, key)}


def name_of(key: Key) -> str:
    name: str = key.event["requestParameters"]["userName"]
    return name


def _leaseless(world: Whole) -> Iterator[Key]:
    for key in world.keys.values():
        if key.event["eventName"] != "CreateAccessKey" or key.at > END:
            continue
        if key.sort == "failed":
            is_there = key.removed is not None and awss_time(key.removed) > END
        else:
            is_there = key.sort == "thief" or key.key_id in world.left
        if is_there:
            yield key


def _may_pass(world: Whole, key: Key) -> bool:
    """Young, and Vault's log has a failure then, or cannot be read there."""
    if key.at < END - ROLLBACK - CLOCK_SKEW:
        return False
    failures = [
        vaults_time(line)
        for line in world.lines
        if line.get("error") and not line.get("denied") and world.readable(line)
    ]
    torn = world.torn
    is_torn = torn and torn.starts - CLOCK_SKEW <= key.at <= torn.ends + CLOCK_SKEW
    return (
        bool(is_torn)
        or world.is_silent(key.at)
        or any(abs(moment - key.at) <= CLOCK_SKEW for moment in failures)
    )


def _user(key: Key) -> Leaseless:
    keys = (AccessKey(key.key_id, name_of(key), True, key.at),)
    return Leaseless(name_of(key), "aws", "reader", key.at, keys=keys)
