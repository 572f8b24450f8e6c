"""Revocation: lease by lease, to the last one, telling what it does not kill.

Revoking the lease of an IAM user deletes the user. Revoking that of an STS token does nothing
in AWS (hashicorp/vault#3736): it lives to its own end unless its principal denies what was
issued before now. A prefix revoke stops at the first failure (hashicorp/vault#2735), so leases
are revoked one by one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, Final, Protocol

from vaultaws.aws.cutoff import Cut, Holder, HolderKind
from vaultaws.clock import Clock
from vaultaws.errors import LocalStateError, UsageError, VaultawsError
from vaultaws.leases.entries import Step
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.journal import Journal
from vaultaws.leases.person import UNKNOWN
from vaultaws.leases.revoke_hard import Hard
from vaultaws.leases.revoke_one import Ended, Fate, One
from vaultaws.leases.words import count, is_key
from vaultaws.model import CredentialType, Role
from vaultaws.vault.bulk import ask_all
from vaultaws.vault.protocol import Vault

WORKERS: Final = 8

Watch = Callable[[int, int], None]
"""Hears how many leases are done, of how many; from any thread."""


class Denier(Protocol):
    """What can deny tokens issued before a moment (`vaultaws.aws.cutoff.Cutter`)."""

    def cut(self, holder: Holder, moment: datetime) -> Cut:
        """Put the deny on `holder`. Raises AwsError."""
        ...


@dataclass(frozen=True)
class Cutting:
    """How to kill tokens in AWS: `holders_by_role` maps a Vault role to its AWS principals."""

    denier: Denier
    holders_by_role: dict[str, tuple[Holder, ...]]


@dataclass(frozen=True)
class Outcome:
    """What became of one credential. `alive_until` is when what lives on ends by itself; `do` is
    what helps where it failed; `stuck` is why the server had given up on the lease before."""

    holding: Holding
    fate: Fate
    why: str = ""
    cut: bool = False
    alive: bool = False
    alive_until: datetime | None = None
    do: str = ""
    stuck: str = ""


@dataclass(frozen=True)
class CutOutcome:
    """What became of the deny on one principal; `why` is empty when it is in force."""

    holder: Holder
    why: str = ""


@dataclass(frozen=True)
class Revocation:
    """The whole report. `cleared` are the users from which something foreign was removed, each
    with what it was."""

    at: datetime
    outcomes: tuple[Outcome, ...]
    cuts: tuple[CutOutcome, ...] = ()
    cleared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """True when Vault or AWS failed at something."""
        return any(found.fate is Fate.FAILED for found in self.outcomes) or any(
            found.why for found in self.cuts
        )

    @property
    def still_alive(self) -> tuple[Outcome, ...]:
        return tuple(found for found in self.outcomes if found.alive)


def select(
    inventory: Inventory,
    *,
    lease_id: str = "",
    role: str = "",
    key: str = "",
    key_hash: str = "",
    person: str = "",
    accessor: str = "",
    accessor_hash: str = "",
    older_than: int | None = None,
    everything: bool = False,
) -> tuple[Holding, ...]:
    """Return the holdings that fit all of what is given. Raises UsageError when none is given,
    none fits, or a shortened key fits several."""
    if not (lease_id or role or key or person or accessor or older_than is not None or everything):
        raise UsageError(
            "nothing says what to revoke",
            why="no lease, role, key, person, token accessor or age was given",
            do="name one, or say --all for the whole mount",
        )
    found = fitting(
        inventory,
        lease_id=lease_id,
        role=role,
        key=key,
        key_hash=key_hash,
        person=person,
        accessor=accessor,
        accessor_hash=accessor_hash,
        older_than=older_than,
    )
    if not found and not everything:
        raise UsageError(
            f"no credential of {inventory.mount}/ fits",
            why="nothing that is out has that lease, role, key, person, accessor or age",
            do="vaultaws leases list",
        )
    if key and len({held.access_key_id or held.key_hash for held in found}) > 1:
        raise UsageError(
            f"{key} fits several keys",
            why=", ".join(sorted(held.access_key_id for held in found)),
            do="give the whole key id",
        )
    return found


def fitting(
    inventory: Inventory,
    *,
    lease_id: str = "",
    role: str = "",
    key: str = "",
    key_hash: str = "",
    person: str = "",
    accessor: str = "",
    accessor_hash: str = "",
    older_than: int | None = None,
) -> tuple[Holding, ...]:
    """Return the holdings that fit all of what is given; what is empty does not narrow.

    `older_than` is in seconds; what has no known age does not fit it. The audit log writes keys
    and accessors as digests: `key_hash` and `accessor_hash` are those of what is meant.
    """
    latest = inventory.taken_at - timedelta(seconds=older_than or 0)
    return tuple(
        held
        for held in inventory.holdings
        if lease_id in {"", held.lease_id}
        and role in {"", held.role}
        and person in {"", held.person}
        and (not key or _fits_key(held, key, key_hash))
        and (not accessor or held.token_accessor in {accessor, accessor_hash or accessor})
        and (older_than is None or (held.issued_at is not None and held.issued_at <= latest))
    )


def of_nobody(inventory: Inventory, *, person: str = "", **said: Any) -> str:
    """The note on what fits but for the person, since nobody knows whose it is: it was left out.
    `said` is the rest of what `fitting` takes. Empty where there is nothing of that kind."""
    if person in {"", UNKNOWN}:
        return ""
    left = [held for held in fitting(inventory, **said) if held.person in {"", UNKNOWN}]
    if not left:
        return ""
    are = count(len(left), "more credential is", "more credentials are")
    return f"{are} of nobody known and left out: Vault's audit log tells whose (--audit-log)"


def holders_of(role: Role, root_user: str) -> tuple[Holder, ...]:
    """Return the AWS principals behind a role's STS tokens; none for IAM users.

    Federation and session tokens belong to Vault's own IAM user, assumed-role credentials to
    the AWS roles (ARN arn:PARTITION:iam::ACCOUNT:role/PATH/NAME).
    """
    if role.credential_type is CredentialType.IAM_USER:
        return ()
    if role.credential_type is CredentialType.ASSUMED_ROLE:
        return tuple(Holder(HolderKind.ROLE, arn.rsplit("/", 1)[-1]) for arn in role.role_arns)
    return (Holder(HolderKind.USER, root_user),)


def revoke(
    vault: Vault,
    clock: Clock,
    holdings: Sequence[Holding],
    *,
    journal: Journal | None = None,
    cutting: Cutting | None = None,
    hard: Hard | None = None,
    stuck: Mapping[str, str] | None = None,
    workers: int = WORKERS,
    watch: Watch | None = None,
) -> Revocation:
    """Cut in AWS first, then revoke every lease in Vault. No failure stops the rest.

    `hard` sees to the users at which the engine fails; `stuck` are the reasons of irrevocable
    leases. Failures of Vault and AWS are in the report; nothing of theirs is raised.
    """
    at, started = clock.now(), clock.monotonic()
    cuts = _cut(cutting, holdings, at) if cutting else ()
    dead = {found.holder for found in cuts if not found.why}
    one = One(vault, clock)
    count = _Count(watch, len(holdings))

    def end(held: Holding) -> Ended:
        live = held.state is LeaseState.LIVE
        return one.end(held.lease_id) if live else Ended(Fate.GONE)

    each = partial(ask_all, at_once=workers)  # its threads do not hold up a Ctrl-C
    ends = dict(zip(holdings, each(count.after(end), holdings), strict=True))
    cleared: Mapping[str, tuple[str, ...]] = {}
    left = {held: ended for held, ended in ends.items() if ended.fate is Fate.FAILED}
    if hard is not None and left:
        settled, cleared = hard.settle(one, left, each)
        ends |= settled

    def cut_off(held: Holding) -> bool:
        holders = set(cutting.holders_by_role.get(held.role, ())) if cutting else set()
        return bool(holders) and holders <= dead

    outcomes = tuple(_outcome(held, ends[held], at, cut=cut_off(held)) for held in holdings)
    if stuck:
        outcomes = tuple(
            replace(found, stuck=stuck.get(found.holding.lease_id, "")) for found in outcomes
        )
    if journal is not None:
        with contextlib.suppress(LocalStateError):  # the report matters more than our notes
            _write_down(journal, outcomes)
    return Revocation(at, outcomes, cuts, cleared, clock.monotonic() - started)


class _Count:
    """Counts what is done and tells whoever watches; threads share it."""

    def __init__(self, watch: Watch | None, total: int) -> None:
        self._watch, self._total = watch, total
        self._lock, self._done = Lock(), 0

    def after(self, end: Callable[[Holding], Ended]) -> Callable[[Holding], Ended]:
        def counted(held: Holding) -> Ended:
            ended = end(held)
            with self._lock:
                self._done += 1
                if self._watch is not None:
                    self._watch(self._done, self._total)
            return ended

        return counted


def _fits_key(held: Holding, key: str, key_hash: str) -> bool:
    return is_key(held.access_key_id, key) or (bool(key_hash) and held.key_hash == key_hash)


def _cut(cutting: Cutting, holdings: Iterable[Holding], at: datetime) -> tuple[CutOutcome, ...]:
    roles = dict.fromkeys(held.role for held in holdings if held.is_sts is not False)
    holders = dict.fromkeys(
        holder for role in roles for holder in cutting.holders_by_role.get(role, ())
    )
    outcomes = []
    for holder in holders:
        try:
            cutting.denier.cut(holder, at)
        except VaultawsError as error:
            outcomes.append(CutOutcome(holder, error.why))
        else:
            outcomes.append(CutOutcome(holder))
    return tuple(outcomes)


def _outcome(held: Holding, ended: Ended, at: datetime, *, cut: bool) -> Outcome:
    made = Outcome(held, ended.fate, ended.why, do=ended.do)
    if held.is_sts is False:
        alive = ended.fate is Fate.FAILED and not ended.is_dead
        return replace(made, alive=alive, alive_until=held.lease_ends)
    over = held.token_ends is not None and held.token_ends <= at
    return replace(made, cut=cut, alive=not cut and not over, alive_until=held.token_ends)


def _write_down(journal: Journal, outcomes: Iterable[Outcome]) -> None:
    known = journal.ledger().by_lease()
    for found in outcomes:
        record = known.get(found.holding.lease_id)
        over = found.fate in {Fate.REVOKED, Fate.FORGOTTEN}
        if over and record and record.closed is None:
            journal.mark(record.intent.id, Step.REVOKED)
