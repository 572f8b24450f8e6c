"""Plans and cases as people and machines read them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from vaultaws.aws.cutoff import Holder
from vaultaws.config.durations import words
from vaultaws.incident.model import Case, Phase, Place, Scope, Step, StepKind, StepState, Suspect
from vaultaws.incident.picture import Picture
from vaultaws.incident.plan import Plan, holder_of, open_steps
from vaultaws.leases.words import count, printable, short_key
from vaultaws.model import CredentialType

MOST_LINES: Final = 12
_SECONDS: Final = {
    StepKind.CANARY: 0.5,
    StepKind.DENY_TOKENS: 0.3,
    StepKind.STOP_USER: 0.05,
    StepKind.DELETE_USER: 0.01,
    StepKind.REPLACE_STATIC: 3.0,
    StepKind.REVOKE_LEASE: 0.01,
    StepKind.ROTATE_ROOT: 15.0,
}
"""What one step takes, eight at a time where that is so; measured (docs/benchmarks.md)."""
_KINDS: Final = {
    CredentialType.ASSUMED_ROLE: ("assumed-role session", "assumed-role sessions"),
    CredentialType.FEDERATION_TOKEN: ("federation token", "federation tokens"),
    CredentialType.SESSION_TOKEN: ("session token", "session tokens"),
    CredentialType.IAM_USER: ("IAM user", "IAM users"),
}
_WIDTH: Final = 18


@dataclass(frozen=True)
class Shown:
    """All that is told of a case: the plan, and what came of it. `late` is the time until which
    CloudTrail may still bring events of before now."""

    name: str
    scope: Scope
    place: Place
    plan: Plan
    picture: Picture
    case: Case | None = None
    followed: bool = False
    late: datetime | None = None
    left: tuple[Step, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)


def seconds_of(steps: Iterable[Step]) -> float:
    """About how long the steps take."""
    return sum(_SECONDS.get(step.kind, 0.1) for step in steps) + 2.0


def plan_text(shown: Shown) -> str:
    """The plan for a person, who has yet to say yes."""
    plan = shown.plan
    lines = [_head(shown)]
    if shown.case is not None:
        left = open_steps(shown.case, plan.steps)
        lines.append(_already(shown.case, plan.steps, left))
        plan = replace(plan, steps=left)
        shown = replace(shown, plan=plan)
    parts = [
        (Phase.STOP.value, _stop_lines(plan)),
        (Phase.CUT.value, [*_cut_lines(shown), *_follow_lines(plan)]),
        (Phase.REVOKE.value, _revoke_lines(shown)),
        (Phase.ROOT.value, _root_lines(plan)),
        ("prove", _prove_lines(plan)),
    ]
    number = 0
    for title, said in parts:
        if said:
            number += 1
            lines += _block(f"{number} {title}", said)
    lines += [f"note: {printable(note)}" for note in notes_of(shown)]
    takes = f"Takes about {words(seconds_of(plan.steps))}. " if plan.steps else ""
    lines.append(f"{takes}Undo: vaultaws incident lift {shown.name}.")
    return "\n".join(lines)


def _already(case: Case, steps: Sequence[Step], left: Sequence[Step]) -> str:
    """How much of it was done before this run, in one line."""
    done = count(len(steps) - len(left), "step", "steps")
    if left:
        return f"  {done} of {case.name} done before; left:"
    at = f" at {case.contained_at:%Y-%m-%d %H:%M:%S}Z" if case.contained_at else ""
    return f"  nothing is left to do: contained{at}, {done} done"


def done_text(shown: Shown, case: Case) -> str:
    """What a run did, what failed, what is left, and what to do next."""
    states = [(step, case.state_of(step)) for step in shown.plan.steps]
    lines = [_outcome(shown, case)]
    for phase in Phase:
        of_phase = [state for step, state in states if step.kind.phase is phase]
        if of_phase:
            lines.append(f"  {phase.value:<{_WIDTH + 4}}{_tally(of_phase)}")
    lines += _trouble(case, shown.plan.steps)
    lines += [f"note: {printable(note)}" for note in notes_of(shown)]
    lines += _next(shown, case)
    return "\n".join(lines)


def about(scope: Scope, place: Place) -> str:
    """What a case is about, in a few words."""
    parts = []
    if scope.person:
        parts.append(printable(scope.person))
    if scope.role:
        parts.append(f"role {printable(scope.role)}")
    if scope.key:
        parts.append(f"key {short_key(scope.key)}")
    if scope.everything:
        parts.append(f"everything of {place.mount}/")
    if scope.root:
        parts.append(f"the root key of {place.mount}/")
    return ", ".join(parts)


def _head(shown: Shown) -> str:
    scope, seen = shown.scope, shown.picture
    about_whom = about(scope, shown.place)
    if scope.person and seen.logins:
        ids = ", ".join(_short_id(login.entity_id) for login in seen.logins)
        about_whom += f" (entity {ids})"
    if scope.since:
        about_whom += f", everything since {scope.since:%Y-%m-%d %H:%M}Z"
    found = [s for s in shown.plan.suspects if not s.parent_key]
    roles = {suspect.role for suspect in found if suspect.role}
    born = len(shown.plan.suspects) - len(found)
    parts = [
        f"Plan for {about_whom}",
        count(len(roles), "role", "roles"),
        count(len(found), "credential", "credentials"),
    ]
    if born:
        parts.append(count(born, "descendant", "descendants"))
    return printable(" · ".join(parts))


def _stop_lines(plan: Plan) -> list[str]:
    lines = []
    for step in plan.of(StepKind.DENY_ISSUANCE):
        paths = [path for path in step.settings["paths"] if not path.endswith("*")]
        said = printable(", ".join(paths[:4])) or step.target
        more = f" and {len(paths) - 4:,} more" if len(paths) > 4 else ""
        lines.append(f"deny issuing in Vault's default policy: {said}{more}")
    entities, tokens = plan.of(StepKind.DISABLE_ENTITY), plan.of(StepKind.REVOKE_TOKEN)
    people = [f"disable entity {_short_id(step.target)}" for step in entities]
    if tokens:
        people.append(f"revoke {count(len(tokens), 'login token', 'login tokens')}")
    return [*lines, ", ".join(people)] if people else lines


def _cut_lines(shown: Shown) -> Iterator[str]:
    plan = shown.plan
    tokens = _tokens_by_holder(plan.suspects)
    denies = plan.of(StepKind.DENY_TOKENS)
    for step in denies[:MOST_LINES]:
        holder = holder_of(step)
        notes = [count(number, *_KINDS[kind]) for kind, number in tokens.get(holder, {}).items()]
        others = plan.others.get(holder, 0) if holder else 0
        if others:
            people = count(others, "person", "people")
            notes.append(f"every other holder of one must fetch again: {people}")
        elif not notes and step.why:
            notes.append(step.why)
        aside = f"   ({'; '.join(notes)})" if notes else ""
        yield f"deny tokens issued before now on {printable(step.target)}{printable(aside)}"
    yield from _rest(denies)
    for step in plan.of(StepKind.DENY_SESSION):
        yield f"deny the session {printable(step.target)} alone"
    users = [s for s in plan.of(StepKind.STOP_USER) if not s.settings.get("keys")]
    made = [step for step in users if step.settings.get("lease_id") is None and step.why]
    if len(users) > len(made):
        yield f"deny and deactivate {count(len(users) - len(made), 'IAM user', 'IAM users')}"
    for step in made[:MOST_LINES]:
        yield f"deny and deactivate the user {printable(step.target)}   ({printable(step.why)})"
    yield from _rest(made)
    for step in plan.of(StepKind.STOP_USER):
        for key in step.settings.get("keys") or ():
            yield f"deactivate the key {short_key(key)} of {printable(step.target)}"
    for step in plan.of(StepKind.REPLACE_STATIC):
        yield f"replace the key of the static role {printable(step.target)}"


def _rest(steps: Sequence[Step]) -> Iterator[str]:
    if len(steps) > MOST_LINES:
        yield f"… and {len(steps) - MOST_LINES:,} more"


def _follow_lines(plan: Plan) -> list[str]:
    born = [suspect for suspect in plan.suspects if suspect.parent_key]
    lines = [
        f"follow {short_key(born_of.parent_key)} → {_made(born_of)}"
        for born_of in born[:MOST_LINES]
    ]
    if len(born) > MOST_LINES:
        lines.append(f"… and {len(born) - MOST_LINES:,} more")
    return lines


def _made(suspect: Suspect) -> str:
    target = suspect.user or (suspect.holder.name if suspect.holder else "")
    key = f" → {short_key(suspect.access_key_id)}" if suspect.access_key_id else ""
    return f"{suspect.made_by} {printable(target)}".strip() + key


def _revoke_lines(shown: Shown) -> list[str]:
    leases = shown.plan.of(StepKind.REVOKE_LEASE)
    lines = []
    if leases:
        ends = sorted({lease.target.rsplit("/", 2)[0] for lease in leases})
        said = printable(", ".join(ends))
        lines.append(f"{count(len(leases), 'lease', 'leases')} under {said}")
    users = shown.plan.of(StepKind.DELETE_USER)
    if users:
        lines.append(f"delete what Vault leaves of {count(len(users), 'IAM user', 'IAM users')}")
    return lines


def _root_lines(plan: Plan) -> list[str]:
    return [
        f"rotate the root key of {printable(step.target)}/, and wait until AWS honours the new one"
        for step in plan.of(StepKind.ROTATE_ROOT)
    ]


def _prove_lines(plan: Plan) -> list[str]:
    canaries = plan.of(StepKind.CANARY)
    if not canaries:
        return []
    names = sorted({str(step.settings["kind"]) for step in canaries})
    said = (
        f"{count(len(canaries), 'canary', 'canaries')} ({', '.join(names)}) issued before the cut"
    )
    return [f"{said}, for vaultaws incident verify"]


def _outcome(shown: Shown, case: Case) -> str:
    whom = about(shown.scope, shown.place)
    cut = f"; tokens issued before {case.cut_at:%H:%M:%S}Z are denied" if case.cut_at else ""
    if shown.left:
        return f"{shown.name} ({whom}): {count(len(shown.left), 'step', 'steps')} left{cut}"
    return f"{shown.name} ({whom}): contained{cut}"


def _tally(states: Sequence[StepState]) -> str:
    counted = Counter(states)
    left = counted[StepState.WAITING] + counted[StepState.TRIED]
    said = [f"{counted[StepState.DONE]:,} done"]
    if counted[StepState.FAILED]:
        said.append(f"{counted[StepState.FAILED]:,} failed")
    if left:
        said.append(f"{left:,} left")
    return ", ".join(said)


def _trouble(case: Case, steps: Iterable[Step]) -> list[str]:
    """Each reason once, with how many steps it holds up."""
    reasons: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        found = case.progress.get(step.id)
        state = found.state if found else StepState.WAITING
        if found is not None and found.why and state is not StepState.DONE:
            title = "failed" if state is StepState.FAILED else "left"
            reasons.setdefault((title, found.why), []).append(step)
    return [f"{title}: {_named(held)}: {printable(why)}" for (title, why), held in reasons.items()][
        :MOST_LINES
    ]


def _named(steps: Sequence[Step]) -> str:
    first = f"{steps[0].kind.value.replace('_', ' ')} {printable(steps[0].target)}"
    return first if len(steps) == 1 else f"{first} and {len(steps) - 1:,} more"


def _next(shown: Shown, case: Case) -> list[str]:
    name = shown.name
    if shown.left:
        return [f"go on: {case.resume}"]
    lines = [f"prove it: vaultaws incident verify {name} · undo: vaultaws incident lift {name}"]
    if shown.late is not None:
        lines.append(
            f"CloudTrail may bring what was done before now until {shown.late:%H:%M}Z: look again"
            f" then ({case.resume})"
        )
    return lines


def notes_of(shown: Shown) -> tuple[str, ...]:
    """What is worth knowing besides: what could not be seen, or is not reached."""
    notes = list(shown.plan.notes)
    for plane, why in shown.picture.blind.items():
        where = {"vault": "Vault", "aws": "AWS", "trail": "CloudTrail"}.get(plane, plane)
        notes.append(f"{where} could not be seen ({why})")
    notes += [f"{what} are not looked at: {why}" for what, why in shown.picture.unseen.items()]
    notes += [
        f"no step reaches {short_key(suspect.name)} of {suspect.person or 'nobody known'}: {why}"
        for suspect, why in shown.plan.unreached[:MOST_LINES]
    ]
    if len(shown.plan.unreached) > MOST_LINES:
        notes.append(f"… and {len(shown.plan.unreached) - MOST_LINES:,} more that no step reaches")
    notes += [f"look at what was opened: {act}" for act in shown.picture.acts[:MOST_LINES]]
    return tuple(notes)


def _block(title: str, lines: Sequence[str]) -> list[str]:
    """Lines under a title. Names in them may come from logs: nothing passes that a terminal
    obeys."""
    first, *others = map(printable, lines)
    return [f"  {title:<{_WIDTH}} {first}", *(f"  {'':<{_WIDTH}} {line}" for line in others)]


def _tokens_by_holder(
    suspects: Iterable[Suspect],
) -> dict[Holder | None, Counter[CredentialType]]:
    found: dict[Holder | None, Counter[CredentialType]] = {}
    for suspect in suspects:
        kind = suspect.credential_type
        if kind is None or kind is CredentialType.IAM_USER:
            continue
        for holder in suspect.holders:
            found.setdefault(holder, Counter())[kind] += 1
    return found


def _short_id(entity_id: str) -> str:
    return f"{entity_id[:8]}…" if len(entity_id) > 10 else entity_id
