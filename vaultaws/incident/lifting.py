"""What a lift undoes, what must wait and until when, what stays as it is. Pure.

A deny by time of issue must stay while any token from before its moment may live: those of all
roles of its principal, not only the suspects'. Then it denies nothing any more, and goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.errors import UsageError
from vaultaws.incident.model import Case, Evidence, Progress, Step, StepKind, StepState
from vaultaws.incident.restoring import Wished, is_asked_for, is_left_stopped, why_it_stays
from vaultaws.incident.trials import holder_of
from vaultaws.leases.revoke import holders_of
from vaultaws.leases.rules import CEILING_SECONDS
from vaultaws.leases.words import count, iso, printable, until
from vaultaws.model import CredentialType, Role

JSON_VERSION: Final = 1
DENIES: Final = frozenset({StepKind.DENY_TOKENS, StepKind.DENY_SESSION})
ISSUANCE: Final = frozenset({StepKind.DENY_ISSUANCE, StepKind.DISABLE_ENTITY})
_LONGEST: Final = {
    HolderKind.USER: CEILING_SECONDS[CredentialType.FEDERATION_TOKEN],
    HolderKind.ROLE: CEILING_SECONDS[CredentialType.ASSUMED_ROLE],
}
"""The longest that AWS lets a token of such a principal live."""


@dataclass(frozen=True)
class Lift:
    """`undo` can go now, in this order; `waiting` go from a time on; `stays` with the reason."""

    name: str
    at: datetime
    undo: tuple[Step, ...] = ()
    waiting: tuple[tuple[Step, datetime], ...] = ()
    stays: tuple[tuple[Step, str], ...] = ()

    @property
    def whole(self) -> bool:
        return not self.waiting


def plan(
    case: Case, roles: Iterable[Role] | None, now: datetime, wished: Wished | None = None
) -> Lift:
    """Plan a lift at `now`, by AWS's clock. Roles None are not known: then AWS's limits count."""
    wished = wished or Wished()
    known = None if roles is None else tuple(roles)
    undo, waiting, stays = list[Step](), list[tuple[Step, datetime]](), list[tuple[Step, str]]()
    for step in case.steps:
        if not _is_in_force(case, step) and not is_asked_for(case, step, wished):
            continue
        why = _why_it_stays(case, step, wished)
        if why:
            stays.append((step, why))
        if step.kind in DENIES or is_asked_for(case, step, wished):
            due = due_of(case, step, known)
            if due > now:
                waiting.append((step, due))
            else:
                undo.append(step)
        elif step.kind in ISSUANCE and not why:
            undo.append(step)
    if not waiting:
        undo += [step for step in case.steps if _is_open_canary(case, step)]
    return Lift(case.name, now, tuple(undo), tuple(waiting), tuple(stays))


def due_of(case: Case, step: Step, roles: Iterable[Role] | None) -> datetime:
    """From when on no token from before the deny's moment can live. A stopped user counts as the
    principal of the sessions that were made with its keys."""
    holder = holder_of(step.settings)
    if step.kind is StepKind.STOP_USER:
        holder, roles = Holder(HolderKind.USER, step.target), None
    moment = _moment(case, step)
    ends = [
        suspect.ends_at
        for suspect in case.suspects
        if suspect.ends_at is not None and (holder is None or holder in suspect.holders)
    ]
    longest = _longest(holder, roles, case.place.root_user)
    return max([moment + timedelta(seconds=longest), *ends])


def check_verified(case: Case, *, unverified: bool) -> None:
    """Raises UsageError unless the last verify passed, after the last contain."""
    if unverified:
        return
    if case.verified_at is None:
        why = "no verify has been run"
    elif case.contained_at is not None and case.verified_at < case.contained_at:
        why = "it was contained again after the last verify"
    elif case.verified_at < _last_taken(case):
        why = "steps of contain were taken after the last verify"
    elif not case.verified.get("passed"):
        counts = ", ".join(
            f"{case.verified.get(word, 0)} {word}" for word in ("dead", "alive", "unknown")
        )
        why = f"the last verify found: {counts}"
    else:
        return
    raise UsageError(
        f"incident {case.name} is not proved dead",
        why=f"{why}; nothing was lifted",
        do=f"vaultaws incident verify {case.name} (or lift with --unverified)",
    )


def _last_taken(case: Case) -> datetime:
    """When the last step of contain was begun, done, or failed."""
    taken = {StepState.TRIED, StepState.DONE, StepState.FAILED}
    times = [found.at for found in case.progress.values() if found.at and found.state in taken]
    return max(times, default=case.opened_at)


def render(lift: Lift) -> str:
    """The plan of a lift for a person."""
    lines = [f"Lift of {lift.name}"]
    lines += [f"  undo   {what(step)}" for step in lift.undo]
    lines += [
        f"  waits  {what(step)}: until {due:%Y-%m-%d %H:%M:%S}Z ({until(due, lift.at)}), as long"
        " as a token from before the cut may live"
        for step, due in lift.waiting
    ]
    lines += [f"  stays  {what(step)}: {printable(why)}" for step, why in lift.stays]
    if not (lift.undo or lift.waiting):
        lines.append("  nothing is left to undo")
    return "\n".join(lines)


def outcome(lift: Lift, undone: Sequence[str], failed: Mapping[str, str]) -> str:
    """What a lift came to, and when to come again."""
    lines = [f"{lift.name}: {count(len(undone), 'step', 'steps')} undone"]
    lines += [f"  failed  {printable(step)}: {printable(why)}" for step, why in failed.items()]
    lines += [
        f"  waits   {what(step)}: until {due:%Y-%m-%d %H:%M:%S}Z ({until(due, lift.at)})"
        for step, due in lift.waiting
    ]
    lines += [f"  stays   {what(step)}: {printable(why)}" for step, why in lift.stays]
    if failed:
        lines.append(f"→ vaultaws incident lift {lift.name}")
    elif lift.waiting:
        last = max(due for _, due in lift.waiting)
        lines.append(f"→ from {last:%Y-%m-%d %H:%M:%S}Z on: vaultaws incident lift {lift.name}")
    else:
        lines.append(f"It is over. → vaultaws incident report {lift.name}")
    return "\n".join(lines)


def as_json(
    lift: Lift, *, dry_run: bool, undone: Iterable[str], failed: Mapping[str, str]
) -> dict[str, Any]:
    """A lift for machines."""
    done = set(undone)
    return {
        "version": JSON_VERSION,
        "name": lift.name,
        "at": iso(lift.at),
        "dry_run": dry_run,
        "lifted": not dry_run and lift.whole and not failed,
        "undo": [
            {"step": step.id, "what": what(step), "undone": step.id in done} for step in lift.undo
        ],
        "waiting": [
            {"step": step.id, "what": what(step), "until": iso(due)} for step, due in lift.waiting
        ],
        "stays": [{"step": step.id, "what": what(step), "why": why} for step, why in lift.stays],
        "failed": [{"step": step, "why": why} for step, why in failed.items()],
    }


def what(step: Step) -> str:
    """A step in words, as that which is in force."""
    target = printable(step.target)
    words = {
        StepKind.DENY_TOKENS: f"deny on {target} in AWS",
        StepKind.DENY_SESSION: f"deny of the session {target} in AWS",
        StepKind.DENY_ISSUANCE: f"deny of issuance from {target} in Vault's default policy",
        StepKind.DISABLE_ENTITY: f"entity {printable(str(step.settings.get('name') or target))}"
        " disabled in Vault",
        StepKind.CANARY: f"canary of {target}",
        StepKind.REVOKE_TOKEN: f"login token {target}",
        StepKind.REVOKE_LEASE: f"lease {target}",
        StepKind.DELETE_USER: f"IAM user {target}",
        StepKind.REPLACE_STATIC: f"key of the static role {target}",
        StepKind.ROTATE_ROOT: f"root key of {target}/",
        StepKind.STOP_USER: f"IAM user {target} stopped",
    }
    return words.get(step.kind, f"{step.kind} {target}")


def _is_in_force(case: Case, step: Step) -> bool:
    return case.state_of(step) not in {StepState.WAITING, StepState.UNDONE}


def _why_it_stays(case: Case, step: Step, wished: Wished) -> str:
    """An entity that was disabled before, or of which that is not known, is not enabled."""
    if is_left_stopped(step):
        return why_it_stays(case, step, wished)
    if step.kind is StepKind.STOP_USER and step.settings.get("keys"):
        return "a suspect made these keys of Vault's own user: they stay off"
    if step.kind is not StepKind.DISABLE_ENTITY:
        return ""
    before: Evidence = case.progress.get(step.id, Progress()).before
    if "disabled" not in before:
        return "nothing tells whether it was enabled before"
    return "it was disabled before" if before["disabled"] else ""


def _moment(case: Case, step: Step) -> datetime:
    progress = case.progress.get(step.id, Progress())
    said = progress.evidence.get("moment")
    times = [case.cut_at, datetime.fromisoformat(said) if isinstance(said, str) else None]
    if step.kind is StepKind.STOP_USER:
        times.append(progress.at)
    found = [time for time in times if time is not None]
    return max(found) if found else progress.at or case.opened_at


def _longest(holder: Holder | None, roles: Iterable[Role] | None, root_user: str) -> int:
    """Seconds that a token of the principal may live, by the roles of the mount that give it."""
    kind = holder.kind if holder is not None else HolderKind.USER
    if roles is None or holder is None:
        return _LONGEST[kind]
    lives = [
        role.max_sts_ttl_seconds or CEILING_SECONDS[role.credential_type]
        for role in roles
        if role.credential_type.is_sts and holder in holders_of(role, root_user)
    ]
    return max(lives, default=_LONGEST[kind])


def _is_open_canary(case: Case, step: Step) -> bool:
    return step.kind is StepKind.CANARY and case.state_of(step) in {
        StepState.DONE,
        StepState.TRIED,
    }
