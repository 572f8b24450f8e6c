"""What a check finds, and how checks are run: one after the other, none for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from vaultaws.errors import VaultawsError

SECONDS: Final = 20.0
"""How long one check may take."""


class State(StrEnum):
    """How it stands. Only `bad` makes the doctor's exit code 3."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor. `why` and `do` are said of what is not ok. Free of secrets."""

    check: str
    state: State
    what: str
    why: str = ""
    do: str = ""


@dataclass(frozen=True)
class Check:
    """One thing to look at. `needs` names checks that must not be bad."""

    name: str
    look: Callable[[], Iterable[Finding]]
    needs: tuple[str, ...] = ()


def ok(check: str, what: str) -> Finding:
    return Finding(check, State.OK, what)


def warn(check: str, what: str, why: str, do: str) -> Finding:
    return Finding(check, State.WARN, what, why, do)


def bad(check: str, what: str, why: str, do: str) -> Finding:
    return Finding(check, State.BAD, what, why, do)


def of_error(check: str, error: VaultawsError, state: State = State.BAD) -> Finding:
    """The finding for what could not be done."""
    return Finding(check, state, error.what, error.why, error.do)


def examine(checks: Sequence[Check], seconds: float = SECONDS) -> Iterator[Finding]:
    """Run the checks in order and give what each finds.

    What needs a check that went badly is not looked at. A check that fails is itself a finding,
    and so is one that takes longer than `seconds`; a fault of ours is raised.
    """
    failed: set[str] = set()
    for check in checks:
        reasons = failed.intersection(check.needs)
        if reasons:
            failed.add(check.name)
            cause = ", ".join(sorted(reasons))
            yield Finding(check.name, State.SKIPPED, f"not looked at: mend {cause} first")
            continue
        for finding in _looked(check, seconds):
            if finding.state is State.BAD:
                failed.add(check.name)
            yield finding


@dataclass
class _Answer:
    findings: list[Finding] = field(default_factory=list)
    fault: BaseException | None = None


def _looked(check: Check, seconds: float) -> list[Finding]:
    answer = _Answer()

    def run() -> None:
        try:
            answer.findings.extend(check.look())
        except VaultawsError as error:
            answer.findings.append(of_error(check.name, error))
        except BaseException as fault:  # noqa: BLE001  (raised where the answer is awaited)
            answer.fault = fault

    looking = threading.Thread(target=run, name=check.name, daemon=True)
    looking.start()
    looking.join(seconds)
    if answer.fault is not None:
        raise answer.fault
    if looking.is_alive():
        why = f"it took longer than {seconds:.0f} s"
        late = bad(check.name, "this check did not end", why, "look there by hand")
        return [*answer.findings, late]
    return answer.findings
