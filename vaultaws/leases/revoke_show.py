"""What a revocation will do, and what it did, as people and machines read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vaultaws.config.durations import words
from vaultaws.errors import visible
from vaultaws.leases.inventory import Holding, LeaseState
from vaultaws.leases.revoke import Cutting, Outcome, Revocation
from vaultaws.leases.revoke_one import Fate
from vaultaws.leases.words import count, iso, short_key, table, until

JSON_VERSION: Final = 1
_CURES: Final = 5
_STUCK: Final = "the server has given up on it"


def render(revocation: Revocation) -> str:
    """Return the report as text: a line a credential, what was cut and cleared, what helps where
    it failed, and what stays alive."""
    outcomes = revocation.outcomes
    if not outcomes:
        return "Nothing to revoke."
    lines = [table([_row(found, revocation.at) for found in outcomes])]
    for cut in revocation.cuts:
        state = f"failed: {cut.why}" if cut.why else "tokens issued before now are denied"
        lines.append(f"{cut.holder}: {state}")
    lines += [f"{visible(user)}: removed {', '.join(what)}" for user, what in _cleared(revocation)]
    fates = Counter(found.fate for found in outcomes)
    told = ", ".join(f"{fates[fate]:,} {fate.value}" for fate in Fate if fates[fate])
    lines.append(f"{told} in {words(revocation.seconds)}.")
    lines += [f"do: {visible(do)}" for do in _cures(outcomes)]
    alive = len(revocation.still_alive)
    if alive:
        lines.append(f"{count(alive, 'credential is', 'credentials are')} still alive in AWS.")
    return "\n".join(lines)


def as_json(revocation: Revocation) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "version": JSON_VERSION,
        "dry_run": False,
        "at": iso(revocation.at),
        "leases": [
            {
                **_named(found.holding),
                "fate": found.fate.value,
                "why": found.why,
                "do": found.do,
                "irrevocable": found.stuck or None,
                "cut": found.cut,
                "alive": found.alive,
                "alive_until": iso(found.alive_until) if found.alive else None,
            }
            for found in revocation.outcomes
        ],
        "cuts": [{"holder": str(found.holder), "why": found.why} for found in revocation.cuts],
        "cleared": [{"user": user, "removed": list(what)} for user, what in _cleared(revocation)],
    }


@dataclass(frozen=True)
class Plan:
    """What would be done; `stuck` are the reasons of irrevocable leases."""

    at: datetime
    chosen: Sequence[Holding]
    cutting: Cutting | None = None
    stuck: Mapping[str, str] = field(default_factory=dict)


def render_plan(plan: Plan) -> str:
    """Return what would be done, as text."""
    now, chosen, cutting, stuck = plan.at, plan.chosen, plan.cutting, plan.stuck
    if not chosen:
        return "Nothing to revoke. Nothing has been done."
    rows = [
        (short_key(held.access_key_id), visible(held.person) or "—", visible(held.lease_id), what)
        for held in chosen
        for what in (_plan(held, now, stuck, cut=_is_cut(held, cutting)),)
    ]
    holders = dict.fromkeys(str(holder) for held in chosen for holder in _holders(held, cutting))
    lines = [table(rows)]
    lines += [f"{holder}: tokens issued before now would be denied" for holder in holders]
    lines.append(f"{count(len(chosen), 'credential', 'credentials')}. Nothing has been done.")
    return "\n".join(lines)


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Return what would be done, for machines."""
    chosen, cutting, stuck = plan.chosen, plan.cutting, plan.stuck
    holders = dict.fromkeys(str(holder) for held in chosen for holder in _holders(held, cutting))
    return {
        "version": JSON_VERSION,
        "dry_run": True,
        "at": iso(plan.at),
        "leases": [
            {
                **_named(held),
                "irrevocable": stuck.get(held.lease_id),
                "cut": _is_cut(held, cutting),
                "outlives": held.is_sts is not False and not _is_cut(held, cutting),
                "token_ends_at": iso(held.token_ends),
            }
            for held in chosen
        ],
        "cuts": [{"holder": holder} for holder in holders],
    }


def _named(held: Holding) -> dict[str, Any]:
    return {
        "lease_id": held.lease_id,
        "access_key_id": held.access_key_id or None,
        "person": held.person,
    }


def _cleared(revocation: Revocation) -> list[tuple[str, tuple[str, ...]]]:
    return sorted(revocation.cleared.items())


def _cures(outcomes: Iterable[Outcome]) -> list[str]:
    """What helps, each once, the most frequent first."""
    cures = Counter(found.do for found in outcomes if found.fate is Fate.FAILED and found.do)
    return [do for do, _ in cures.most_common(_CURES)]


def _row(found: Outcome, at: datetime) -> tuple[str, ...]:
    held = found.holding
    return (
        found.fate.value,
        short_key(held.access_key_id),
        visible(held.person) or "—",
        visible(held.lease_id),
        _rest(found, at),
    )


def _rest(found: Outcome, at: datetime) -> str:
    stuck = f" ({_STUCK}: {visible(found.stuck)})" if found.stuck else ""
    if found.fate is Fate.FAILED and not found.cut:
        return f"failed: {visible(found.why)}{stuck}{_life(found, at)}"
    if found.cut:
        return "its token is denied in AWS"
    if not found.alive:
        why = f": {visible(found.why)}" if found.why else ""
        return f"nothing of it lives{why}{stuck}"
    if found.alive_until is None:
        return "a token of it may live on in AWS (--cut denies it)"
    return f"its token lives on in AWS, ends {until(found.alive_until, at)} (--cut denies it)"


def _life(found: Outcome, at: datetime) -> str:
    """What of a failure lives on, and until when."""
    if not found.alive:
        return ""
    what = "its IAM user" if found.holding.is_sts is False else "what it stands for"
    if found.alive_until is None:
        return f"; {what} lives on"
    return f"; {what} lives on, its end is due {until(found.alive_until, at)}"


def _holders(held: Holding, cutting: Cutting | None) -> tuple[Any, ...]:
    if cutting is None or held.is_sts is False:
        return ()
    return cutting.holders_by_role.get(held.role, ())


def _is_cut(held: Holding, cutting: Cutting | None) -> bool:
    return bool(_holders(held, cutting))


def _plan(held: Holding, now: datetime, stuck: Mapping[str, str], *, cut: bool) -> str:
    lease = "revoke the lease" if held.state is LeaseState.LIVE else f"its lease is {held.state}"
    if held.lease_id in stuck:
        lease = f"{lease} ({_STUCK}: {visible(stuck[held.lease_id])})"
    if held.is_sts is False:
        return f"{lease}; its IAM user goes with it"
    if cut:
        return f"{lease}; its token is denied in AWS"
    if held.token_ends is None:
        return f"{lease}; a token of it may live on in AWS (--cut denies it)"
    ends = until(held.token_ends, now)
    return f"{lease}; its token lives on in AWS, ends {ends} (--cut denies it)"
