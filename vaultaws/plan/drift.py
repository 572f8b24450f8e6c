"""What has changed between a plan that was shown and one made now. Pure."""

from __future__ import annotations

import dataclasses

from vaultaws.errors import VaultawsError
from vaultaws.plan.changes import Change, Kind, Plan
from vaultaws.plan.outcome import step_name

NAMED_AT_MOST = 4


class PlanChangedError(VaultawsError):
    """The server or the file is not what the plan was made from. Nothing was written."""

    exit_code = 2


def refuse_if_changed(shown: Plan, now: Plan) -> None:
    """Raise PlanChangedError, saying what differs, unless both are the same plan."""
    if shown.fingerprint != now.fingerprint or _by_name(shown) != _by_name(now):
        raise changed(now, difference(shown, now))


def changed(now: Plan, why: str) -> PlanChangedError:
    """The refusal, for a plan that is not the one that was shown."""
    return PlanChangedError(
        f"{now.config.mount.path}/ on {now.observed.address} is not as the plan saw it",
        why=f"{why}; nothing was written",
        do="look at the new plan (vaultaws plan), then apply that",
    )


def difference(shown: Plan, now: Plan) -> str:
    """What the plan made now does otherwise, in one line."""
    before, after = _by_name(shown), _by_name(now)
    said = [
        *(f"{_name(after[key])} is to be written too" for key in after if key not in before),
        *(f"{_name(before[key])} is no longer to be written" for key in before if key not in after),
        *(
            f"{_name(after[key])} has changed"
            for key in after
            if key in before and after[key] != before[key]
        ),
    ]
    if not said:
        return "the server has changed in something that the plan leaves alone"
    more = len(said) - NAMED_AT_MOST
    return ", ".join(said[:NAMED_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")


def _by_name(plan: Plan) -> dict[tuple[Kind, str], Change]:
    """What is to be written. Live leases come and go, so what is said of them does not count."""
    return {
        (change.kind, change.name): dataclasses.replace(change, effects=())
        for change in plan.to_write
    }


def _name(change: Change) -> str:
    return str(step_name(change))
