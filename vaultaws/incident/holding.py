"""What contain did beside credentials: does it still hold? Issuance, entities, tokens, leases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from vaultaws.errors import VaultawsError, VaultDeniedError, VaultNotFoundError
from vaultaws.incident import denyblock
from vaultaws.incident.crew import Crew
from vaultaws.incident.facts import Check, Held
from vaultaws.incident.model import Case, Step, StepKind, StepState
from vaultaws.leases.words import count, printable
from vaultaws.model import Lease

AT_ONCE: Final = 8
_SHOWN: Final = 3


class Entity(Protocol):
    """A person in Vault, as far as it matters here."""

    @property
    def disabled(self) -> bool: ...


class Holding(Protocol):
    """What is asked of Vault. Every method raises VaultError."""

    def read_acl_policies(self, names: Sequence[str]) -> dict[str, str]: ...
    def entity(self, entity_id: str, /) -> Entity | None: ...
    def token_of_accessor(self, accessor: str, /) -> object | None: ...
    def list_leases(self, prefix: str) -> list[str]: ...
    def lookup_lease(self, lease_id: str) -> Lease: ...


def look(case: Case, vault: Holding) -> tuple[Check, ...]:
    """Look at everything. Where Vault does not answer, it is unknown, and said why."""
    steps = [
        step
        for step in case.steps
        if step.kind in _HOLDS and case.state_of(step) is not StepState.UNDONE
    ]
    with Crew(AT_ONCE, "check") as pool:
        found = list(pool.map(lambda step: (step, _one(case, vault, step)), steps))
    tokens = [check for step, check in found if step.kind is StepKind.REVOKE_TOKEN]
    others = [check for step, check in found if step.kind is not StepKind.REVOKE_TOKEN]
    summed = summed_up(tokens, "login token", "login tokens", "revoked")
    unseen = [Check(what, Held.UNKNOWN, why, _again(case)) for what, why in case.unseen.items()]
    return (*others, *summed, *_leases(case, vault), *unseen, *failed_steps(case))


def leases_of(case: Case) -> tuple[str, ...]:
    """The leases of the suspects and of the canaries."""
    mine = [suspect.lease_id for suspect in case.suspects]
    mine += [
        str(case.progress[step.id].evidence.get("lease_id", ""))
        for step in case.steps
        if step.kind is StepKind.CANARY and step.id in case.progress
    ]
    return tuple(dict.fromkeys(lease for lease in mine if lease))


def summed_up(checks: Sequence[Check], one: str, many: str, good: str) -> tuple[Check, ...]:
    """Many alike as one that counts them; the worst of them decides."""
    if not checks:
        return ()
    what = count(len(checks), one, many)
    for held in (Held.BROKEN, Held.UNKNOWN):
        bad = [check for check in checks if check.held is held]
        if bad:
            named = ", ".join(check.what for check in bad[:_SHOWN])
            more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
            why = f"{len(bad)} of them: {named}{more}: {bad[0].why}"
            steps = tuple(step for check in bad for step in check.steps)
            return (Check(what, held, why, bad[0].do, steps),)
    return (Check(what, Held.HOLDS, good),)


def _one(case: Case, vault: Holding, step: Step) -> Check:
    what = _NAMES[step.kind](step)
    try:
        holds = _HOLDS[step.kind](case, vault, step)
    except VaultawsError as fault:
        return _unknown(what, fault)
    if holds:
        return Check(what, Held.HOLDS)
    return Check(what, Held.BROKEN, "it does not hold (any more)", _again(case), (step.id,))


def _issuance_holds(case: Case, vault: Holding, step: Step) -> bool:
    text = vault.read_acl_policies([denyblock.POLICY]).get(denyblock.POLICY, "")
    return set(step.settings["paths"]) <= set(denyblock.paths_of(text, case.mark))


def _entity_holds(_case: Case, vault: Holding, step: Step) -> bool:
    entity = vault.entity(step.target)
    return entity is None or entity.disabled


def _token_holds(_case: Case, vault: Holding, step: Step) -> bool:
    return vault.token_of_accessor(step.target) is None


def _leases(case: Case, vault: Holding) -> tuple[Check, ...]:
    wanted = leases_of(case)
    try:
        there = _there(vault, wanted)
    except VaultawsError as fault:
        return (_unknown(count(len(wanted), "lease", "leases"), fault),) if wanted else ()
    checks = [
        Check(lease, Held.BROKEN, "still in Vault", _again(case), (_ending(lease),))
        if lease in there
        else Check(lease, Held.HOLDS)
        for lease in wanted
    ]
    return summed_up(checks, "lease", "leases", "gone from Vault")


def _there(vault: Holding, wanted: Iterable[str]) -> set[str]:
    """Those that Vault still has: by its lists, or one by one where the token may not list."""
    leases = list(wanted)
    prefixes = sorted({lease.rsplit("/", 2)[0] for lease in leases if lease.count("/") > 2})
    try:
        listed = {lease for prefix in prefixes for lease in vault.list_leases(prefix)}
        return listed & set(leases)
    except VaultDeniedError:
        with Crew(AT_ONCE, "lookup") as pool:
            known = pool.map(lambda lease: _is_known(vault, lease), leases)
            return {lease for lease, found in zip(leases, known, strict=True) if found}


def _is_known(vault: Holding, lease: str) -> bool:
    try:
        vault.lookup_lease(lease)
    except VaultNotFoundError:
        return False
    return True


def _ending(lease: str) -> str:
    return f"{StepKind.REVOKE_LEASE}:{lease}"


def failed_steps(case: Case) -> tuple[Check, ...]:
    """Steps that contain did not bring to their end. A canary is none of its ends."""
    open_ones = [
        step
        for step in case.steps
        if step.kind is not StepKind.CANARY
        and case.state_of(step) in {StepState.WAITING, StepState.TRIED, StepState.FAILED}
    ]
    if not open_ones:
        return ()
    progress = case.progress.get(open_ones[0].id)
    why = f"{open_ones[0].id}"
    if progress is not None and progress.why:
        why += f": {progress.why}"
    what = count(len(open_ones), "step", "steps") + " of contain"
    return (Check(what, Held.BROKEN, f"not done: {why}", _again(case)),)


def _entity_name(step: Step) -> str:
    return printable(str(step.settings.get("name") or step.target))


def _unknown(what: str, fault: VaultawsError) -> Check:
    return Check(what, Held.UNKNOWN, f"{fault.what}: {fault.why}", fault.do)


def _again(case: Case) -> str:
    return case.resume


_HOLDS: Final[Mapping[StepKind, Callable[[Case, Holding, Step], bool]]] = {
    StepKind.DENY_ISSUANCE: _issuance_holds,
    StepKind.DISABLE_ENTITY: _entity_holds,
    StepKind.REVOKE_TOKEN: _token_holds,
}
_NAMES: Final[Mapping[StepKind, Callable[[Step], str]]] = {
    StepKind.DENY_ISSUANCE: lambda step: f"issuance from {printable(step.target)} denied",
    StepKind.DISABLE_ENTITY: lambda step: f"entity {_entity_name(step)} disabled",
    StepKind.REVOKE_TOKEN: lambda step: printable(step.target),
}
