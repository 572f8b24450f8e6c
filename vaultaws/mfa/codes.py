"""Where MFA codes come from: the command line, a program, a secret in the keyring, a person.

A code that was used is never given again: whoever makes codes waits for the next, a person is
asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from vaultaws.clock import Clock
from vaultaws.errors import UsageError
from vaultaws.mfa.used import STEP_SECONDS, Turn
from vaultaws.model import Secret

_SHAPE: Final = re.compile(r"[0-9]{6}")
_ASKED_TIMES: Final = 3
USED: Final = "the last code was used"
Watch = Callable[[str], None]
"""Told what is being waited for, again and again while it lasts."""


class Source(Protocol):
    """Gives codes of one device."""

    def one(self, turn: Turn) -> Secret:
        """A code that was not used yet."""
        ...

    def pair(self, turn: Turn) -> tuple[Secret, Secret]:
        """Two codes in a row, neither used yet."""
        ...


class Given:
    """Codes of the command line."""

    def __init__(self, codes: tuple[Secret, ...]) -> None:
        self._codes = codes

    def one(self, turn: Turn) -> Secret:
        if len(self._codes) != 1:
            raise _wrong_number("one code is needed", "--code 123456")
        return self._fresh(turn)[0]

    def pair(self, turn: Turn) -> tuple[Secret, Secret]:
        if len(self._codes) != 2:
            raise _wrong_number("two codes in a row are needed", "--code 123456 --code 654321")
        first, second = self._fresh(turn)
        return first, second

    def _fresh(self, turn: Turn) -> tuple[Secret, ...]:
        for code in self._codes:
            if not _SHAPE.fullmatch(code.reveal()):
                raise UsageError(
                    "the MFA code is not one",
                    why="a code has six digits",
                    do="give the code that the device shows",
                )
            if turn.was_used(code):
                raise UsageError(
                    "the MFA code was used already",
                    why="AWS takes each code once",
                    do=f"wait for the device's next code, {STEP_SECONDS} s at most",
                )
        return self._codes


class Asked:
    """A person at the terminal. `ask` shows a question and returns the answer."""

    def __init__(self, ask: Callable[[str], str], serial: str) -> None:
        self._ask = ask
        self._serial = serial

    def one(self, turn: Turn) -> Secret:
        return self._code(turn, f"MFA code of {self._serial}: ", None)

    def pair(self, turn: Turn) -> tuple[Secret, Secret]:
        first = self._code(turn, f"MFA code of {self._serial}: ", None)
        return first, self._code(turn, "the code it shows after that one: ", first)

    def _code(self, turn: Turn, question: str, before: Secret | None) -> Secret:
        reason = ""
        for _ in range(_ASKED_TIMES):
            answer = Secret(self._ask(f"{reason}{question}").strip().replace(" ", ""))
            if not answer.reveal():
                raise UsageError(
                    "no MFA code was given", why="the answer was empty", do="run it again"
                )
            if not _SHAPE.fullmatch(answer.reveal()):
                reason = "a code has six digits. "
            elif answer == before or turn.was_used(answer):
                reason = "that code was used already; wait for the next. "
            else:
                return answer
        raise UsageError("no MFA code was given", why=reason.strip(" ."), do="run it again")


class Made:
    """Codes made on this machine: `now` gives the present one. Waits for the next where it must."""

    def __init__(self, now: Callable[[], Secret], clock: Clock, watch: Watch) -> None:
        self._now = now
        self._clock = clock
        self._watch = watch

    def one(self, turn: Turn) -> Secret:
        if turn.last_step() >= turn.step:
            self._wait(turn, turn.last_step() + 1, USED)
        code = self._made()
        if turn.was_used(code):
            self._wait(turn, turn.step + 1, USED)
            code = self._made()
        return code

    def pair(self, turn: Turn) -> tuple[Secret, Secret]:
        first = self.one(turn)
        self._wait(turn, turn.step + 1, "two codes in a row are needed")
        second = self._made()
        if second == first:
            raise UsageError(
                "the two MFA codes are the same",
                why="what makes them gave the old code in a new step of time",
                do="check the clock of this machine and of the device",
            )
        return first, second

    def _made(self) -> Secret:
        code = self._now()
        if not _SHAPE.fullmatch(code.reveal()):
            raise UsageError(
                "no MFA code was made",
                why="what came is not six digits",
                do="let mfa_process print the code and nothing else",
            )
        return code

    def _wait(self, turn: Turn, step: int, why: str) -> None:
        """Wait until `step` begins, saying so every second."""
        while (left := turn.seconds_to(step)) > 0:
            self._watch(f"{why}; the next code comes in {left:.0f} s")
            self._clock.sleep(min(left, 1.0))


class Computed(Made):
    """Codes of a secret that is known here: `at` gives the code of any moment.

    For two in a row the one before the present one will do: it is what a person has typed, too,
    when the second one appears.
    """

    def __init__(self, at: Callable[[datetime], Secret], clock: Clock, watch: Watch) -> None:
        super().__init__(lambda: at(clock.now()), clock, watch)
        self._at = at

    def pair(self, turn: Turn) -> tuple[Secret, Secret]:
        if turn.last_step() >= turn.step - 1:
            self._wait(turn, turn.last_step() + 2, USED)
        now = self._clock.now()
        return self._at(now - timedelta(seconds=STEP_SECONDS)), self._at(now)


def _wrong_number(what: str, do: str) -> UsageError:
    return UsageError(what, why="--code says another number of them", do=do)
