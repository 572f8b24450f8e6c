"""Revocation: lease by lease, to the last one, telling what it does not kill.

Revoking the lease of an IAM user deletes the user. Revoking that of an STS token does nothing
in AWS (hashicorp/vault#3736): it lives to its own end unless its principal denies what was
issued before now. A prefix revoke stops at the first failure (hashicorp/vault#2735), so leases
are revoked one by one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from vaultaws.aws.cutoff import Cut, Holder, HolderKind
from vaultaws.clock import Clock
from vaultaws.errors import LocalStateError, UsageError, VaultawsError, VaultNotFoundError
from vaultaws.leases.entries import Step
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.journal import Journal
from vaultaws.leases.words import count, is_key, iso, short_key, table, until
from vaultaws.model import CredentialType, Role
from vaultaws.vault.protocol import Vault

WORKERS: Final = 4
JSON_VERSION: Final = 1


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


class Fate(StrEnum):
    """What became of a lease."""

    REVOKED = "revoked"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one credential. `alive_until` is when what lives on ends by itself."""

    holding: Holding
    fate: Fate
    why: str = ""
    cut: bool = False
    alive: bool = False
    alive_until: datetime | None = None


@dataclass(frozen=True)
class CutOutcome:
    """What became of the deny on one principal; `why` is empty when it is in force."""

    holder: Holder
    why: str = ""


@dataclass(frozen=True)
class Revocation:
    """The whole report."""

    at: datetime
    outcomes: tuple[Outcome, ...]
    cuts: tuple[CutOutcome, ...] = ()

    @property
    def failed(self) -> bool:
        """True when Vault or AWS failed at something."""
        return any(found.fate is Fate.FAILED for found in self.outcomes) or any(
            found.why for found in self.cuts
        )

    @property
    def still_alive(self) -> tuple[Outcome, ...]:
        return tuple(found for found in self.outcomes if found.alive)


def fitting(
    inventory: Inventory,
    *,
    lease_id: str = "",
    role: str = "",
    key: str = "",
    key_hash: str = "",
    person: str = "",
) -> tuple[Holding, ...]:
    """Return the holdings that fit all of what is given; what is empty fits everything.

    `key` is a key id or its short form, `key_hash` what the audit log writes for it.
    """
    return tuple(
        held
        for held in inventory.holdings
        if lease_id in {"", held.lease_id}
        and role in {"", held.role}
        and person in {"", held.person}
        and (not key or _fits_key(held, key, key_hash))
    )


def select(
    inventory: Inventory,
    *,
    lease_id: str = "",
    role: str = "",
    key: str = "",
    key_hash: str = "",
    person: str = "",
    everything: bool = False,
) -> tuple[Holding, ...]:
    """Return the holdings that fit all of what is given. Raises UsageError when none is given,
    none fits, or a shortened key fits several."""
    if not (lease_id or role or key or person or everything):
        raise UsageError(
            "nothing says what to revoke",
            why="no lease, role, key or person was named",
            do="name one, or say --all for the whole mount",
        )
    found = fitting(
        inventory, lease_id=lease_id, role=role, key=key, key_hash=key_hash, person=person
    )
    if not found and not everything:
        raise UsageError(
            f"no credential of {inventory.mount}/ fits",
            why="nothing that is out has that lease, role, key or person",
            do="vaultaws leases list",
        )
    if key and len({held.access_key_id or held.key_hash for held in found}) > 1:
        raise UsageError(
            f"{key} fits several keys",
            why=", ".join(sorted(held.access_key_id for held in found)),
            do="give the whole key id",
        )
    return found


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
    workers: int = WORKERS,
) -> Revocation:
    """Cut in AWS first, then revoke every lease in Vault. No failure stops the rest.

    Failures of Vault and AWS are in the report; nothing of theirs is raised.
    """
    at = clock.now()
    cuts = _cut(cutting, holdings, at) if cutting else ()
    dead = {found.holder for found in cuts if not found.why}

    def one(held: Holding) -> Outcome:
        holders = set(cutting.holders_by_role.get(held.role, ())) if cutting else set()
        return _outcome(held, *_revoke(vault, held), at, cut=bool(holders) and holders <= dead)

    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="revoke") as pool:
        outcomes = tuple(pool.map(one, holdings))
    if journal is not None:
        with contextlib.suppress(LocalStateError):  # the report matters more than our notes
            _write_down(journal, outcomes)
    return Revocation(at, outcomes, cuts)


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


def _revoke(vault: Vault, held: Holding) -> tuple[Fate, str]:
    if held.state is not LeaseState.LIVE:
        return Fate.GONE, ""
    try:
        vault.revoke_lease(held.lease_id)
    except VaultNotFoundError:
        return Fate.GONE, ""
    except VaultawsError as error:
        return Fate.FAILED, error.why
    return Fate.REVOKED, ""


def _outcome(held: Holding, fate: Fate, why: str, at: datetime, *, cut: bool) -> Outcome:
    if held.is_sts is False:
        return Outcome(held, fate, why, alive=fate is Fate.FAILED, alive_until=held.lease_ends)
    ended = held.token_ends is not None and held.token_ends <= at
    return Outcome(held, fate, why, cut, alive=not cut and not ended, alive_until=held.token_ends)


def _write_down(journal: Journal, outcomes: Iterable[Outcome]) -> None:
    known = journal.ledger().by_lease()
    for found in outcomes:
        record = known.get(found.holding.lease_id)
        if found.fate is Fate.REVOKED and record and record.closed is None:
            journal.mark(record.intent.id, Step.REVOKED)


def render(revocation: Revocation) -> str:
    """Return the report as text: a line a credential, then what stays alive."""
    rows = [_row(found, revocation.at) for found in revocation.outcomes]
    lines = [table(rows)] if rows else ["Nothing to revoke."]
    for found in revocation.cuts:
        state = f"failed: {found.why}" if found.why else "tokens issued before now are denied"
        lines.append(f"{found.holder}: {state}")
    alive = len(revocation.still_alive)
    if alive:
        lines.append(f"{count(alive, 'credential is', 'credentials are')} still alive in AWS.")
    return "\n".join(lines)


def as_json(revocation: Revocation) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "version": JSON_VERSION,
        "at": iso(revocation.at),
        "leases": [
            {
                "lease_id": found.holding.lease_id,
                "access_key_id": found.holding.access_key_id or None,
                "person": found.holding.person,
                "fate": found.fate.value,
                "why": found.why,
                "cut": found.cut,
                "alive": found.alive,
                "alive_until": iso(found.alive_until) if found.alive else None,
            }
            for found in revocation.outcomes
        ],
        "cuts": [{"holder": str(found.holder), "why": found.why} for found in revocation.cuts],
    }


def _row(found: Outcome, at: datetime) -> tuple[str, ...]:
    held = found.holding
    name = held.person or "—"
    return found.fate.value, short_key(held.access_key_id), name, held.lease_id, _rest(found, at)


def _rest(found: Outcome, at: datetime) -> str:
    if found.fate is Fate.FAILED and not found.cut:
        return f"failed: {found.why}"
    if found.cut:
        return "its token is denied in AWS"
    if not found.alive:
        return "nothing of it lives"
    if found.alive_until is None:
        return "a token of it may live on in AWS (--cut denies it)"
    return f"its token lives on in AWS, ends {until(found.alive_until, at)} (--cut denies it)"
