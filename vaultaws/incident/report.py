"""What a responder hands on: timeline, actions, evidence, what remains, who did it. Pure.

Names come from logs and may be hostile: in Markdown every character of theirs that could mean
something is escaped, and none that a terminal obeys is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vaultaws.incident.entries import Entry
from vaultaws.incident.identity import united
from vaultaws.incident.lifting import DENIES, what
from vaultaws.incident.model import Case, Step, StepKind, StepState, Suspect
from vaultaws.incident.restoring import is_left_stopped
from vaultaws.incident.show import about
from vaultaws.incident.status import stands
from vaultaws.incident.timeline import Happened, timeline
from vaultaws.leases.words import count, iso, printable

JSON_VERSION: Final = 1
_ACTIVE: Final = re.compile(
    r"""[\\`*{}\[\]<>()#!|~&$@]      # markup, tables, HTML, entities, mentions
    | (?<![^\W_])_ | _(?![^\W_])     # emphasis; within a word it means nothing
    | :(?=/) | (?<=\b[wW]{3})\.      # what would become a link
    | ^[-+=]                         # a list or a heading, at the beginning
    """,
    re.VERBOSE,
)
_NUMBERED: Final = re.compile(r"^([0-9]+)\.")


@dataclass(frozen=True)
class Report:
    """One case with its history, at the time it was written down."""

    case: Case
    history: tuple[Happened, ...]
    at: datetime


def report(case: Case, entries: Iterable[Entry], at: datetime) -> Report:
    return Report(case, timeline(entries), at)


def escaped(text: str) -> str:
    """Text from a log as Markdown that is only itself: one line, no markup, no link, no HTML."""
    plain = _ACTIVE.sub(r"\\\g<0>", printable(" ".join(text.split())))
    return _NUMBERED.sub(r"\1\\.", plain)


def when(moment: datetime | None) -> str:
    """A time to the second; empty for none."""
    return (iso(moment.replace(microsecond=0)) or "") if moment else ""


def markdown(found: Report) -> str:
    """The report as Markdown."""
    parts = [
        _head(found),
        _section("What remains", _remains(found.case)),
        _section("Credentials", _credentials(found.case)),
        _section("Timeline", _timeline(found.history)),
        _section("Actions", _actions(found.case)),
        _section("Evidence", _evidence(found.case)),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(found: Report) -> dict[str, Any]:
    """The report for machines."""
    case = found.case
    verified = case.verified
    return {
        "version": JSON_VERSION,
        "written_at": iso(found.at),
        "name": case.name,
        "about": about(case.scope, case.place),
        "server": case.place.server,
        "namespace": case.place.namespace,
        "mount": case.place.mount,
        "account": case.place.account,
        "opened_at": iso(case.opened_at),
        "opened_by": case.opened_by,
        "cut_at": iso(case.cut_at),
        "contained_at": iso(case.contained_at),
        "verified_at": iso(case.verified_at),
        "lifted_at": iso(case.lifted_at),
        "stands": stands(case).words,
        "passed": bool(verified.get("passed")) if case.verified_at else None,
        "remains": list(remains(case)),
        "credentials": [_credential_json(case, suspect) for suspect in united(case.suspects)],
        "timeline": [
            {
                "from": iso(line.begins),
                "to": iso(line.ends),
                "what": line.what,
                "count": line.many,
                "targets": line.targets,
                "why": line.why,
            }
            for line in found.history
        ],
        "actions": [_action_json(case, step) for step in case.steps],
        "canaries": list(verified.get("proofs", ())),
    }


def remains(case: Case) -> Iterator[str]:
    """All that is not at its end, in plain words: nothing of them is escaped yet."""
    standing = _standings(case)
    for suspect in united(case.suspects):
        found = standing.get(suspect.name)
        if found is None:
            yield f"{_named(suspect)}: not verified"
        elif found["standing"] != "dead":
            end = f", ends by itself at {_short(found['until'])}" if found.get("until") else ""
            yield f"{_named(suspect)}: {found['standing']}: {found['why']}{end}"
    for line in case.verified.get("open", ()):
        yield str(line)
    if case.verified_at is None:
        yield from (f"{unseen}: not looked at: {why}" for unseen, why in case.unseen.items())
    for user in case.verified.get("strays", ()):
        yield f"IAM user {user} without a lease"
    yield from _steps_that_remain(case)


def _steps_that_remain(case: Case) -> Iterator[str]:
    for step in case.steps:
        state = case.state_of(step)
        if step.kind in DENIES and state in {StepState.DONE, StepState.TRIED}:
            yield f"{what(step)} ({case.policy_name}): in force until it is lifted"
        elif state in {StepState.WAITING, StepState.TRIED, StepState.FAILED}:
            why = case.progress[step.id].why if step.id in case.progress else ""
            yield f"{what(step)}: not done" + (f": {why}" if why else "")
        elif is_left_stopped(step) and state is StepState.DONE:
            restore = f"vaultaws incident lift {case.name} --restore-user {step.target}"
            yield f"{what(step)}: left stopped, to be deleted by hand or given back: {restore}"
        elif is_left_stopped(step):
            for key in case.progress[step.id].evidence.get("left_off", ()):
                yield f"key {key} of IAM user {step.target}: a suspect, left switched off"


def _head(found: Report) -> str:
    case = found.case
    place = case.place
    rows = [
        ("About", about(case.scope, place)),
        ("Server", f"{place.server} {place.namespace} {place.mount}/".replace("  ", " ")),
        ("AWS account", place.account or "not known"),
        ("Opened", f"{when(case.opened_at)} by {case.opened_by}"),
        ("Cut", when(case.cut_at) or "not yet"),
        ("Contained", when(case.contained_at) or "not to its end"),
        ("Verified", _verified_words(case)),
        ("Lifted", when(case.lifted_at) or "not yet"),
        ("Written", f"{when(found.at)} from the journal of this case"),
    ]
    lines = [f"# Incident {escaped(case.name)}: {escaped(stands(case).words)}", ""]
    return "\n".join([*lines, *_table(("", ""), rows)])


def _verified_words(case: Case) -> str:
    if case.verified_at is None:
        return "not yet"
    counts = ", ".join(
        f"{case.verified.get(word, 0)} {word}" for word in ("dead", "alive", "unknown")
    )
    return f"{when(case.verified_at)}: {counts}"


def _remains(case: Case) -> list[str]:
    lines = [f"- {escaped(line)}" for line in remains(case)]
    return lines or ["Nothing."]


def _credentials(case: Case) -> list[str]:
    standing = _standings(case)
    rows = []
    for suspect in united(case.suspects):
        found = standing.get(suspect.name, {})
        rows.append(
            (
                _named(suspect),
                suspect.person or "—",
                suspect.role or suspect.made_by or "—",
                suspect.credential_type.value if suspect.credential_type else "—",
                when(suspect.issued_at) or "—",
                str(found.get("standing", "not verified")),
                str(found.get("why", "")),
            )
        )
    if not rows:
        return ["None."]
    head = ("Credential", "Person", "Role", "Type", "Issued", "Standing", "Why")
    return _table(head, rows)


def _timeline(history: Sequence[Happened]) -> list[str]:
    rows = []
    for line in history:
        span = when(line.begins)
        if when(line.ends) != span:
            span += f" to {when(line.ends)}"
        said = line.what if line.many == 1 else f"{line.what}, {line.many:,} times"
        named = ", ".join(line.targets)
        if line.many > len(line.targets) > 0:
            named += f" and {line.many - len(line.targets):,} more"
        rows.append((span, said, f"{named}: {line.why}" if line.why else named))
    return _table(("When", "What", "Of what"), rows)


def _actions(case: Case) -> list[str]:
    rows = []
    for kind in StepKind:
        steps = [step for step in case.steps if step.kind is kind]
        if not steps:
            continue
        states = [case.state_of(step) for step in steps]
        tally = ", ".join(
            f"{states.count(state):,} {state.value}" for state in StepState if state in states
        )
        rows.append((kind.phase.value, kind.value.replace("_", " "), tally))
    return _table(("Phase", "Action", "Outcome"), rows) if rows else ["None."]


def _evidence(case: Case) -> list[str]:
    lines = [f"- Denies in AWS bear the name {escaped(case.policy_name)}."]
    for proof in case.verified.get("proofs", ()):
        whose = str(proof["step"]).partition(":")[2]
        if proof["trial"] == "refused":
            said = f"{proof['action']} refused {proof['times']} times in a row"
            said += f" since {_short(proof['since'])} ({', '.join(proof['codes'])})"
        elif proof["trial"] == "allowed":
            said = f"{proof['action']} still allowed"
        else:
            said = f"not tried: {proof['why']}"
        lines.append(f"- Canary of {escaped(whose)}: {escaped(said)}.")
    done = sum(1 for step in case.steps if case.state_of(step) is StepState.DONE)
    lines.append(f"- The journal has {count(done, 'step', 'steps')} done, each with its evidence.")
    return lines


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *lines])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [_cells(head), "|" + " --- |" * len(head)]
    return [*lines, *(_cells([escaped(cell) for cell in row]) for row in rows)]


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _short(text: str | None) -> str:
    return when(datetime.fromisoformat(text)) if text else ""


def _named(suspect: Suspect) -> str:
    return suspect.access_key_id or suspect.user or suspect.lease_id or suspect.name


def _standings(case: Case) -> Mapping[str, Mapping[str, Any]]:
    return {each["name"]: each for each in case.verified.get("credentials", ())}


def _credential_json(case: Case, suspect: Suspect) -> dict[str, Any]:
    found = _standings(case).get(suspect.name, {})
    return {
        "name": suspect.name,
        "access_key_id": suspect.access_key_id or None,
        "lease_id": suspect.lease_id or None,
        "person": suspect.person,
        "role": suspect.role,
        "type": suspect.credential_type.value if suspect.credential_type else None,
        "user": suspect.user or None,
        "issued_at": iso(suspect.issued_at),
        "made_with": suspect.parent_key or None,
        "made_by": suspect.made_by or None,
        "standing": found.get("standing"),
        "why": found.get("why"),
        "dead_since": found.get("since"),
        "ends_at": found.get("until"),
    }


def _action_json(case: Case, step: Step) -> dict[str, Any]:
    progress = case.progress.get(step.id)
    return {
        "step": step.id,
        "phase": step.kind.phase.value,
        "state": case.state_of(step).value,
        "at": iso(progress.at) if progress else None,
        "evidence": dict(progress.evidence) if progress else {},
        "why": progress.why if progress else "",
    }
