"""One run of `incident contain`: the case opened or gone on with, contained, looked at again.

With somebody to ask, the trail is followed before the plan is shown. Without (--yes) the cut comes
first, and what the trail then tells is cut right after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import AwsError, UsageError
from vaultaws.incident import following
from vaultaws.incident import plan as plans
from vaultaws.incident.contain import CONTAINED, Containment, Deeds, Told
from vaultaws.incident.crew import Crew
from vaultaws.incident.descend import DELIVERY, Trail
from vaultaws.incident.entries import UNSEEN
from vaultaws.incident.identity import united
from vaultaws.incident.journal import Cases, Writer
from vaultaws.incident.looking import AWS, VAULT, Sources
from vaultaws.incident.model import Case, Progress, Scope, Step, StepKind, StepState
from vaultaws.incident.observe import observe
from vaultaws.incident.picture import Picture
from vaultaws.incident.plan import Plan
from vaultaws.incident.show import Shown
from vaultaws.incident.standing import reopened
from vaultaws.incident.waves import Breaker, Plane

OVERLAP: Final = timedelta(seconds=5)
"""How far the last look at the trail, where there are many keys, goes back before the run began.
What CloudTrail delivers later than that is for `--resume`, and said."""


@dataclass(frozen=True)
class Prepared:
    """What was seen and what follows of it, before anything is done."""

    name: str
    scope: Scope
    picture: Picture
    plan: Plan
    followed: bool
    case: Case | None = None
    """The case as it stands, with what does not hold any more to be done again; None: a new one."""


@dataclass(frozen=True)
class Runner:
    """Everything a run works with. `fresh` reads the audit log anew; `trail` is None where
    CloudTrail is not asked."""

    sources: Sources
    fresh: Callable[[], Sources]
    cases: Cases
    clock: Clock
    trail: Callable[[Picture], Trail] | None
    standing: Callable[[Case], tuple[Step, ...]] = lambda _: ()
    """The steps of a case that were done and do not stand any more."""
    stronger: bool = False
    """All denies are put anew, in every place."""

    def prepare(self, name: str, scope: Scope, case: Case | None, *, follow: bool) -> Prepared:
        """Look, and plan. `follow` takes the trail too. Changes nothing."""
        seen = observe(self.sources, scope, case)
        if scope.key and scope.key == seen.place.root_key_id:
            scope = replace(scope, root=True)
            seen = observe(self.sources, scope, case)
        seen = replace(self._with_origin(seen, scope), undone=self._undone(case))
        if follow and self.trail is not None:
            seen = following.followed(seen, scope, self.trail(seen), seen.taken_at)
        known = None if case is None else reopened(case, seen.undone)
        return Prepared(name, scope, seen, plans.plan(scope, seen), follow, known)

    def _undone(self, case: Case | None) -> tuple[Step, ...]:
        if case is None:
            return ()
        denies = [s for s in case.steps if s.kind is StepKind.DENY_TOKENS and self.stronger]
        return tuple({step.id: step for step in (*self.standing(case), *denies)}.values())

    def _with_origin(self, seen: Picture, scope: Scope) -> Picture:
        try:
            owner = self.sources.cloud.key_owner(scope.key) if _is_long_term(scope.key) else ""
        except AwsError:
            owner = ""
        if owner and owner == seen.place.root_user and scope.key != seen.place.root_key_id:
            return replace(seen, spare_keys=(scope.key,), seeds=(*seen.seeds, scope.key))
        trail = self.trail(seen) if self.trail else None
        return following.with_origin(seen, scope, trail, owner)

    @contextmanager
    def held(self, prepared: Prepared) -> Iterator[tuple[Case, Writer]]:
        """Hold the case, begun now or before; what is new of the plan is written down."""
        if self.cases.exists(prepared.name):
            with self.cases.gone_on(prepared.name) as (case, writer):
                yield case, writer
            return
        own = prepared.picture.own
        by = own.name or own.user or "unknown"
        place = prepared.picture.place
        with self.cases.opened(prepared.name, by, prepared.scope, place) as writer:
            yield self.cases.read(prepared.name), writer

    def contain(
        self, prepared: Prepared, case: Case, writer: Writer, deeds: Deeds, told: Told
    ) -> Shown:
        """Take all steps; follow the trail meanwhile, and look once more in the end."""
        containment = Containment(writer, deeds, self.clock, told, _breaker(prepared.picture))
        began = self.clock.now()
        if dict(case.unseen) != dict(prepared.picture.unseen):
            writer.mark(UNSEEN, evidence=prepared.picture.unseen)
        case = reopened(case, prepared.picture.undone)
        with Crew(1, "follow") as pool:
            wanted = self.trail is not None and not prepared.followed
            looking = pool.submit(self._look, prepared, None) if wanted else None
            case = self._take(containment, writer, case, prepared)
            if looking is not None:
                prepared = looking.result()
                case = self._take(containment, writer, case, prepared)
        prepared = self._look_again(prepared, case, began)
        case = reopened(case, self._lost(case))
        case = self._take(containment, writer, case, prepared)
        return self._ended(prepared, writer, case)

    def _lost(self, case: Case) -> tuple[Step, ...]:
        """Denies of issuance that somebody wrote over meanwhile: another case's run reads Vault's
        default policy and writes it back, and neither of the two sees the other."""
        mine = tuple(step for step in case.steps if step.kind is StepKind.DENY_ISSUANCE)
        return self.standing(replace(case, steps=mine))

    def _look_again(self, prepared: Prepared, case: Case, began: datetime) -> Prepared:
        """What was issued between the first look and the end of issuance, and what the trail has
        brought since."""
        seen = observe(self.fresh(), prepared.scope, case)
        seen = replace(
            seen,
            spare_keys=prepared.picture.spare_keys,
            seeds=prepared.picture.seeds,
            acts=prepared.picture.acts,
            undone=prepared.picture.undone,
            blind={**prepared.picture.blind, **seen.blind},
        )
        plan = plans.plan(prepared.scope, seen)
        again = replace(prepared, picture=seen, plan=plan)
        return again if seen.blind else self._look(again, began - OVERLAP)

    def _look(self, prepared: Prepared, again_from: datetime | None) -> Prepared:
        """Follow the trail from what is known."""
        if self.trail is None:
            return prepared
        seen = following.followed(
            prepared.picture,
            prepared.scope,
            self.trail(prepared.picture),
            self.clock.now(),
            again_from=again_from,
        )
        plan = plans.plan(prepared.scope, seen)
        return replace(prepared, picture=seen, plan=plan, followed=True)

    def _take(
        self, containment: Containment, writer: Writer, case: Case, prepared: Prepared
    ) -> Case:
        """Write down what is new, then take what is open: of the plan, and of the journal."""
        plan = prepared.plan
        known, suspects = {step.id: step for step in case.steps}, set(case.suspects)
        fresh = tuple(step for step in plan.steps if known.get(step.id) != step)
        found = tuple(suspect for suspect in plan.suspects if suspect not in suspects)
        if fresh or found:
            writer.found(found, fresh)
        planned = {step.id for step in plan.steps}
        left = [step for step in case.steps if step.id not in planned]
        steps = plans.in_order(prepared.picture, [*left, *plan.steps])
        case = replace(
            case, suspects=united((*case.suspects, *found)), steps=_united(case.steps, fresh)
        )
        return containment.run(case, steps)

    def _ended(self, prepared: Prepared, writer: Writer, ran: Case) -> Shown:
        case = _with_reasons(self.cases.read(prepared.name), ran)
        left = tuple(step for step in case.steps if case.state_of(step) is not StepState.DONE)
        if not left:
            writer.mark(CONTAINED)
            case = self.cases.read(prepared.name)
        plan = replace(prepared.plan, steps=case.steps)
        return replace(self.shown(prepared), case=case, plan=plan, left=left)

    def shown(self, prepared: Prepared) -> Shown:
        """What is told of a plan."""
        seen = prepared.picture
        late = seen.taken_at + DELIVERY if self.trail is not None else None
        case, plan = prepared.case, prepared.plan
        if case is not None:
            plan = replace(plan, steps=_united(case.steps, plan.steps))
        return Shown(
            prepared.name,
            prepared.scope,
            seen.place,
            plan,
            seen,
            case=case,
            followed=prepared.followed,
            late=late,
        )


def check_something(prepared: Prepared) -> None:
    """Raises UsageError when there is nothing to contain, or the role is not one."""
    seen, role = prepared.picture, prepared.scope.role
    is_known = role in seen.roles or seen.suspects or seen.statics or VAULT in seen.blind
    if role and not is_known:
        raise UsageError(
            f'no role "{role}" on {seen.place.mount}/, and no credential of one',
            why="neither the mount nor the audit log knows it",
            do="vaultaws roles list",
        )
    if prepared.plan.steps:
        return
    hidden = "; ".join(seen.blind.values())
    if "…" in prepared.scope.key:
        hidden = hidden or "a shortened key is found only where its id is known in clear"
        raise UsageError("there is nothing to contain", why=hidden, do="give the whole key id")
    raise UsageError(
        "there is nothing to contain",
        why=hidden or "no credential, login or static role fits",
        do="look who holds what: vaultaws leases list",
    )


def _united(steps: tuple[Step, ...], fresh: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple({step.id: step for step in (*steps, *fresh)}.values())


def _with_reasons(case: Case, ran: Case) -> Case:
    """The case as it was written down, with why steps were left that were not even tried."""
    told = {
        step_id: replace(case.progress.get(step_id, Progress()), why=found.why)
        for step_id, found in ran.progress.items()
        if found.state is StepState.WAITING and found.why
    }
    return replace(case, progress={**case.progress, **told})


def _breaker(seen: Picture) -> Breaker:
    """What could not be seen a moment ago is not waited for again before the rest is done."""
    down = {Plane.VAULT: seen.blind.get(VAULT, ""), Plane.AWS: seen.blind.get(AWS, "")}
    return Breaker({plane: why for plane, why in down.items() if why and plane is Plane.VAULT})


def _is_long_term(key: str) -> bool:
    return key.startswith("AKIA") and "…" not in key
