"""What must hold before the engine's key is replaced. Pure: from the facts to a yes or an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vaultaws.aws.account import account_of_key
from vaultaws.aws.identity import AccessKey
from vaultaws.config.durations import words
from vaultaws.errors import UsageError
from vaultaws.leases.words import ago, is_key, short_key
from vaultaws.model import Role
from vaultaws.root.facts import RootFacts, rotate_command
from vaultaws.root.journal import Operation

LATELY: Final = timedelta(days=7)
"""A key used within this time is somebody's."""
_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@dataclass(frozen=True)
class Ready:
    """A rotation that may begin. `known_keys` are the user's keys before it, None when unknown;
    `spare` is the second key that goes first."""

    mount: str
    key_id: str
    user: str
    account: str
    partition: str
    known_keys: frozenset[str] | None
    uses_sts: bool
    spare: AccessKey | None = None


def ready(
    facts: RootFacts, roles: Iterable[Role] | None, *, spare: str = "", resuming: bool = False
) -> Ready:
    """Return what the rotation needs to know. Raises UsageError for what would stop it.

    `roles` None: they could not be read, so STS is asked too. `resuming`: the key has been
    replaced before; the second key is the old one.
    """
    _check_key(facts)
    if resuming and spare:
        raise _finish_first(facts)
    chosen = _spare(facts, spare) if spare else None
    if chosen is None and facts.is_blocked and not resuming:
        raise _blocked(facts)
    return Ready(
        mount=facts.mount,
        key_id=facts.key_id,
        user=facts.owner,
        account=_account(facts),
        partition=_partition(facts),
        known_keys=None if facts.keys is None else frozenset(key.id for key in facts.keys),
        uses_sts=roles is None or any(role.credential_type.is_sts for role in roles),
        spare=chosen,
    )


def to_resume(begun: Operation, facts: RootFacts) -> bool:
    """True when a rotation took place whose new key is not proved, or whose old key still lives."""
    old_key = begun.detail("old_key")
    if old_key == facts.key_id:
        return False
    return not begun.detail("proved") or any(key.id == old_key for key in facts.others)


def _account(facts: RootFacts) -> str:
    known = facts.user.account if facts.user is not None else account_of_key(facts.key_id)
    return known or "0" * 12


def _partition(facts: RootFacts) -> str:
    if facts.user is not None:
        return facts.user.arn.split(":")[1]
    region = facts.root.region if facts.root is not None else ""
    return next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")


def _finish_first(facts: RootFacts) -> UsageError:
    return UsageError(
        "a rotation is to be brought to its end first",
        why="its run stopped after the key was replaced; the second key may be the old one",
        do=f"{rotate_command(facts.mount)}, then look again: vaultaws root show",
    )


def _check_key(facts: RootFacts) -> None:
    where = f"{facts.mount}/config/root"
    if facts.root is None:
        raise UsageError(
            f"there is no {where}",
            why="it was never written; the engine uses the server's own credentials",
            do="declare [root] and write it: vaultaws apply",
        )
    if not facts.key_id:
        raise UsageError(
            f"{where} holds no key that could be replaced",
            why="the engine uses the server's own credentials",
            do="replace those where the server gets them from",
        )
    gone = facts.orphaned or (facts.key is not None and not facts.key.active)
    if gone:
        state = "has no such key" if facts.orphaned else "has it switched off"
        raise UsageError(
            f"the engine cannot replace its key {short_key(facts.key_id)}",
            why=f"AWS {state}, and the engine needs it to make another",
            do="switch it on, or give Vault another key: vaultaws apply",
        )


def _blocked(facts: RootFacts) -> UsageError:
    spare = facts.others[0]
    used = "never used" if spare.last_used_at is None else f"used {_ago(facts, spare.last_used_at)}"
    return UsageError(
        f"a second key of {facts.owner} blocks the rotation",
        why=f"AWS allows two keys; {short_key(spare.id)} was made "
        f"{_ago(facts, spare.created_at)}, {used}",
        do="if nobody needs it: "
        + rotate_command(facts.mount, "--delete-spare", short_key(spare.id)),
    )


def _ago(facts: RootFacts, moment: datetime) -> str:
    return ago(moment, facts.taken_at)


def _spare(facts: RootFacts, wanted: str) -> AccessKey:
    """The second key, when it is the one that was named and nobody seems to use it."""
    if facts.keys is None:
        raise UsageError(
            "no key of AWS can be deleted",
            why="your AWS credentials do not show the keys of Vault's user",
            do="use credentials that may read and delete them",
        )
    if is_key(facts.key_id, wanted):
        raise UsageError(
            f"{wanted} is the key that Vault uses",
            why="only a second key is spare",
            do="leave --delete-spare out: the rotation deletes the old key itself",
        )
    found = next((key for key in facts.others if is_key(key.id, wanted)), None)
    if found is None:
        raise UsageError(
            f"{facts.owner} has no key {wanted}",
            why=f"AWS knows {', '.join(short_key(key.id) for key in facts.keys) or 'none'}",
            do="look which keys there are: vaultaws root show",
        )
    used = found.last_used_at
    if used is not None and facts.taken_at - used < LATELY:
        raise UsageError(
            f"the second key {short_key(found.id)} was used {_ago(facts, used)}",
            why=f"somebody has it: a key used within {words(LATELY.total_seconds())} is not spare",
            do="find out who uses it (vaultaws trail check), or delete it yourself",
        )
    return found
