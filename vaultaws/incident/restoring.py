"""IAM users that are not Vault's and were stopped: whether they come back, and which keys. Pure.

Nothing of a suspect's comes back by itself. A user comes back when it is named, as it was before it
was stopped; a key of it that is a suspect only when that is named too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vaultaws.errors import UsageError
from vaultaws.incident.model import Case, Progress, Step, StepKind, StepState
from vaultaws.leases.words import printable


@dataclass(frozen=True)
class Wished:
    """What the responder names to be given back: stopped `users`, and `keys` of theirs that are
    suspects. Neither comes back unnamed."""

    users: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


def is_left_stopped(step: Step) -> bool:
    """True for the step at a user that Vault did not make: it is stopped, and kept."""
    stops = step.kind is StepKind.STOP_USER and not step.settings.get("lease_id")
    return stops and not step.settings.get("keys")


def keys_of(case: Case, step: Step, wished: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The keys of a stopped user that come back, and the suspects among them that stay off. A key
    that was off before it was stopped, or was made later, is neither."""
    before = case.progress.get(step.id, Progress()).before.get("keys", {})
    suspect = {each.access_key_id for each in case.suspects} - set(wished)
    were_on = [key for key, active in before.items() if active]
    back = tuple(key for key in were_on if key not in suspect)
    return back, [key for key in were_on if key in suspect]


def check_wished(case: Case, wished: Wished) -> None:
    """Raises UsageError for a user or a key that this case did not stop."""
    stopped = [
        step
        for step in case.steps
        if is_left_stopped(step) and case.state_of(step) is not StepState.WAITING
    ]
    users = {step.target for step in stopped}
    keys = {
        key
        for step in stopped
        if step.target in wished.users
        for key in case.progress.get(step.id, Progress()).before.get("keys", {})
    }
    for name, known, option in (
        *((user, users, "--restore-user") for user in sorted(wished.users)),
        *((key, keys, "--restore-key") for key in sorted(wished.keys)),
    ):
        if name not in known:
            raise UsageError(
                f"incident {case.name} stopped no {name}",
                why=f"it stopped: {', '.join(sorted(known)) or 'none'}; nothing was lifted",
                do=f"name one of them; a key only beside its user: {option}",
            )


def why_it_stays(case: Case, step: Step, wished: Wished) -> str:
    """Why a user, or a key of it, does not come back; empty where all of it does."""
    name, user = case.name, printable(step.target)
    restore = f"vaultaws incident lift {name} --restore-user {user}"
    if step.target not in wished.users:
        return f"it stays stopped unless it is named: {restore}"
    _, off = keys_of(case, step, wished.keys)
    if not off:
        return ""
    named = " ".join(f"--restore-key {key}" for key in off)
    return f"suspect keys of it stay off: {restore} {named}"


def is_asked_for(case: Case, step: Step, wished: Wished) -> bool:
    """True for a user that is to come back; one that has, when a key that was left off is named."""
    if not is_left_stopped(step) or step.target not in wished.users:
        return False
    if case.state_of(step) is not StepState.UNDONE:
        return case.state_of(step) is not StepState.WAITING
    left = case.progress[step.id].evidence.get("left_off", ())
    return any(key in wished.keys for key in left)
