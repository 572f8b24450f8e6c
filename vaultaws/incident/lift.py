"""The deeds of a lift: each may be repeated, each is written down when it is done.

A run that is killed leaves what it did undone in the journal or not yet: doing it again changes
nothing. A failing one stops no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from vaultaws.aws.cutoff import Holder
from vaultaws.aws.users import Stopped
from vaultaws.clock import Clock
from vaultaws.errors import (
    AwsError,
    LocalStateError,
    VaultawsError,
    VaultNotFoundError,
    VaultRefusedError,
)
from vaultaws.incident import denyblock
from vaultaws.incident.journal import Writer
from vaultaws.incident.lifting import Lift
from vaultaws.incident.model import Case, Evidence, Step, StepKind, StepState
from vaultaws.incident.restoring import keys_of
from vaultaws.incident.trials import holder_of
from vaultaws.leases.ending import end_lease
from vaultaws.vault.protocol import Vault

MARK: Final = "lifted"
TRIES: Final = 3


class Denies(Protocol):
    """Takes denies away (`aws.cutoff.Cutter`)."""

    def lift(self, holder: Holder, policy_name: str) -> bool: ...


class Restores(Protocol):
    """Gives a stopped user back what it had (`aws.users.Users`)."""

    def restore(self, stopped: Stopped) -> bool: ...


class Server(Vault, Protocol):
    """What is asked of Vault."""

    def read_acl_policies(self, names: Sequence[str]) -> dict[str, str]: ...
    def write_acl_policy(self, name: str, text: str) -> None: ...
    def set_entity_disabled(self, entity_id: str, disabled: bool, /) -> None: ...


@dataclass(frozen=True)
class Hands:
    """All that a lift works on. `forget` drops the set of a canary; `keys` are suspects that the
    responder named to be switched on all the same."""

    vault: Server
    denies: Denies
    forget: Callable[[Step], None]
    clock: Clock
    users: Restores
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Lifted:
    """What became of a lift: steps that are undone, and those that failed with the reason."""

    undone: tuple[str, ...]
    failed: Mapping[str, str]


def lift(case: Case, wanted: Lift, hands: Hands, writer: Writer) -> Lifted:
    """Undo what can be undone now. When nothing waits and nothing failed, the case is over.

    Raises LocalStateError when the journal takes nothing any more.
    """
    undone, failed = list[str](), dict[str, str]()
    for step in wanted.undo:
        try:
            evidence = _UNDO[step.kind](case, step, hands)
        except LocalStateError:
            raise
        except VaultawsError as fault:
            failed[step.id] = f"{fault.what}: {fault.why}"
            continue
        writer.note(step, StepState.UNDONE, evidence=evidence)
        undone.append(step.id)
    if wanted.whole and not failed and case.lifted_at is None:
        writer.mark(MARK)
    return Lifted(tuple(undone), failed)


def _lift_deny(case: Case, step: Step, hands: Hands) -> Evidence:
    holder = holder_of(step.settings)
    if holder is None:
        return {}
    try:
        there = hands.denies.lift(holder, case.policy_name)
    except AwsError as fault:
        if fault.code != "NoSuchEntity":
            raise
        there = False
    return {"policy_name": case.policy_name, "was_there": there}


def _restore_issuance(case: Case, step: Step, hands: Hands) -> Evidence:
    """Take out our block; another's edit at the same time is read again and stays."""
    vault = hands.vault
    for _ in range(TRIES):
        text = vault.read_acl_policies([denyblock.POLICY]).get(denyblock.POLICY, "")
        rest = denyblock.without_block(text, case.mark)
        if rest == text:
            return {"policy": denyblock.POLICY, "paths": list(step.settings.get("paths", ()))}
        vault.write_acl_policy(denyblock.POLICY, rest)
    text = vault.read_acl_policies([denyblock.POLICY]).get(denyblock.POLICY, "")
    if not denyblock.paths_of(text, case.mark):
        return {"policy": denyblock.POLICY, "paths": list(step.settings.get("paths", ()))}
    raise VaultRefusedError(
        "the deny in Vault's default policy comes back",
        why="somebody else writes that policy at the same time",
        do=f"find out who, then: vaultaws incident lift {case.name}",
    )


def _enable_entity(_case: Case, step: Step, hands: Hands) -> Evidence:
    try:
        hands.vault.set_entity_disabled(step.target, False)
    except VaultNotFoundError:
        return {"gone": True}
    return {"disabled": False}


def _forget_canary(case: Case, step: Step, hands: Hands) -> Evidence:
    """Its lease was revoked with the others; one that is left is ended now."""
    lease = str(case.progress[step.id].evidence.get("lease_id", ""))
    if lease:
        with contextlib.suppress(VaultNotFoundError):
            end_lease(hands.vault, hands.clock, lease)
    hands.forget(step)
    return case.progress[step.id].evidence


def _restore_user(case: Case, step: Step, hands: Hands) -> Evidence:
    """The deny goes and the keys that were on come back, but for suspects that nobody named."""
    denied_by = str(case.progress[step.id].evidence.get("denied_by") or case.stop_policy_name)
    back, off = keys_of(case, step, hands.keys)
    there = hands.users.restore(Stopped(step.target, denied_by=denied_by, switched_off=back))
    return {"user": step.target, "gone": not there, "switched_on": list(back), "left_off": off}


_UNDO: Final[Mapping[StepKind, Callable[[Case, Step, Hands], Evidence]]] = {
    StepKind.DENY_TOKENS: _lift_deny,
    StepKind.DENY_SESSION: _lift_deny,
    StepKind.DENY_ISSUANCE: _restore_issuance,
    StepKind.DISABLE_ENTITY: _enable_entity,
    StepKind.CANARY: _forget_canary,
    StepKind.STOP_USER: _restore_user,
}
