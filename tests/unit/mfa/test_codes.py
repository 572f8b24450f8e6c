"""Codes: each is given once, whoever makes codes waits, and a person is asked again."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from tests.support.stage import StoppedClock
from vaultaws.errors import LocalStateError, UsageError
from vaultaws.mfa.codes import Asked, Computed, Given, Made
from vaultaws.mfa.secretkept import code_at
from vaultaws.mfa.used import STEP_SECONDS, Turn, UsedCodes
from vaultaws.model import Secret

SERIAL = "arn:aws:iam::123456789012:mfa/ada"
SEED = Secret("JBSWY3DPEHPK3PXP" * 2)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def turn(tmp_path: Path, clock: StoppedClock) -> Iterator[Turn]:
    with UsedCodes(tmp_path / "mfa", clock).turn(SERIAL) as turn:
        yield turn


class Maker:
    """Makes codes of a secret, and hears what is waited for."""

    def __init__(self, clock: StoppedClock) -> None:
        self.told: list[str] = []
        self.source = Made(lambda: code_at(SEED, clock.now()), clock, self.told.append)


def test_a_made_code_is_given_at_once_and_not_again(turn: Turn, clock: StoppedClock) -> None:
    maker = Maker(clock)
    first = maker.source.one(turn)
    assert first == Secret(pyotp.TOTP(SEED.reveal()).at(clock.now()))
    assert clock.slept == []
    turn.record(first)
    clock.moment += timedelta(seconds=12)
    second = maker.source.one(turn)
    assert second != first
    assert sum(clock.slept) == pytest.approx(STEP_SECONDS - 12)
    assert maker.told[0] == "the last code was used; the next code comes in 18 s"


def test_two_codes_in_a_row_wait_for_the_next_step(turn: Turn, clock: StoppedClock) -> None:
    maker = Maker(clock)
    began = clock.now()
    codes = maker.source.pair(turn)
    totp = pyotp.TOTP(SEED.reveal())
    later = began + timedelta(seconds=STEP_SECONDS)
    assert codes == (Secret(totp.at(began)), Secret(totp.at(later)))
    assert "two codes in a row are needed" in maker.told[0]
    turn.record(*codes)
    assert [turn.was_used(code) for code in codes] == [True, True]
    assert turn.last_step() == turn.step


def test_two_codes_of_a_known_secret_need_no_wait(turn: Turn, clock: StoppedClock) -> None:
    told: list[str] = []
    source = Computed(lambda moment: code_at(SEED, moment), clock, told.append)
    totp, now = pyotp.TOTP(SEED.reveal()), clock.now()
    before = Secret(totp.at(now - timedelta(seconds=STEP_SECONDS)))
    assert source.pair(turn) == (before, Secret(totp.at(now)))
    assert told == []
    turn.record(*source.pair(turn))
    later = source.pair(turn)
    assert not any(turn.was_used(code) for code in later)
    assert sum(clock.slept) == 2 * STEP_SECONDS
    assert told[0] == "the last code was used; the next code comes in 60 s"


def test_a_program_that_gives_the_old_code_again_is_refused(
    turn: Turn, clock: StoppedClock
) -> None:
    with pytest.raises(UsageError, match="are the same"):
        Made(lambda: Secret("123456"), clock, lambda _: None).pair(turn)


@pytest.mark.parametrize("made", ["", "12345", "1234567", "12345x", "code: 123456", "１２３４５６"])
def test_what_is_no_code_is_refused_and_not_shown(
    turn: Turn, clock: StoppedClock, made: str
) -> None:
    with pytest.raises(UsageError, match="no MFA code was made") as error:
        Made(lambda: Secret(made), clock, lambda _: None).one(turn)
    assert not made or made not in error.value.describe()


def test_a_given_code_is_taken_once(turn: Turn) -> None:
    source = Given((Secret("123456"),))
    turn.record(source.one(turn))
    with pytest.raises(UsageError, match="used already"):
        source.one(turn)


def test_a_given_code_is_good_again_when_it_must_be_another(
    turn: Turn, clock: StoppedClock
) -> None:
    source = Given((Secret("123456"),))
    turn.record(source.one(turn))
    clock.moment += timedelta(minutes=5)
    assert source.one(turn) == Secret("123456")


def test_the_number_of_given_codes_counts(turn: Turn) -> None:
    one, two = (Secret("123456"),), (Secret("123456"), Secret("654321"))
    assert Given(two).pair(turn) == two
    with pytest.raises(UsageError, match="two codes in a row"):
        Given(one).pair(turn)
    with pytest.raises(UsageError, match="one code is needed"):
        Given(two).one(turn)
    with pytest.raises(UsageError, match="is not one"):
        Given((Secret("12"),)).one(turn)


class Person:
    """Answers one after the other, and remembers the questions."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self._answers.pop(0)


def test_a_person_is_asked_again_for_another_code(turn: Turn) -> None:
    turn.record(Secret("111111"))
    person = Person("12345", "111111", " 222 222 ")
    assert Asked(person, SERIAL).one(turn) == Secret("222222")
    assert person.asked[0] == f"MFA code of {SERIAL}: "
    assert person.asked[1].startswith("a code has six digits. ")
    assert person.asked[2].startswith("that code was used already; wait for the next. ")


def test_a_person_gives_two_codes_that_differ(turn: Turn) -> None:
    person = Person("111111", "111111", "222222")
    assert Asked(person, SERIAL).pair(turn) == (Secret("111111"), Secret("222222"))


def test_a_person_may_give_up(turn: Turn) -> None:
    with pytest.raises(UsageError, match="no MFA code was given"):
        Asked(Person(""), SERIAL).one(turn)
    with pytest.raises(UsageError) as error:
        Asked(Person("1", "2", "3"), SERIAL).one(turn)
    assert error.value.why == "a code has six digits"


def test_the_memory_is_private_and_holds_no_code(tmp_path: Path, clock: StoppedClock) -> None:
    used = UsedCodes(tmp_path / "mfa", clock)
    with used.turn(SERIAL) as turn:
        turn.record(Secret("123456"))
    (file,) = (tmp_path / "mfa").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "123456" not in file.read_text()
    assert "ada" not in file.name + file.read_text()


def test_a_write_that_fails_forgets_nothing(tmp_path: Path, clock: StoppedClock) -> None:
    used = UsedCodes(tmp_path / "mfa", clock)
    with used.turn(SERIAL) as turn:
        turn.record(Secret("123456"))
        (file,) = (tmp_path / "mfa").glob("*.json")
        file.with_suffix(".new").mkdir()
        with pytest.raises(LocalStateError):
            turn.record(Secret("654321"))
        assert turn.was_used(Secret("123456"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"codes": 3}', '{"codes": [[1]]}', '{"codes": [["a", Infinity]]}', "\0"],
)
def test_a_memory_that_is_broken_remembers_nothing(
    tmp_path: Path, clock: StoppedClock, text: str
) -> None:
    used = UsedCodes(tmp_path / "mfa", clock)
    with used.turn(SERIAL) as turn:
        turn.record(Secret("123456"))
    (file,) = (tmp_path / "mfa").glob("*.json")
    file.write_text(text)
    with used.turn(SERIAL) as turn:
        assert not turn.was_used(Secret("123456"))
        assert turn.last_step() == -1
        turn.record(Secret("123456"))
        assert turn.was_used(Secret("123456"))


def test_the_memory_has_bounds(tmp_path: Path, clock: StoppedClock) -> None:
    with UsedCodes(tmp_path / "mfa", clock).turn(SERIAL) as turn:
        for number in range(50):
            turn.record(Secret(f"{number:06}"))
    (file,) = (tmp_path / "mfa").glob("*.json")
    assert len(json.loads(file.read_text())["codes"]) == 8


def test_a_clock_that_was_set_back_does_not_wait_for_the_future(
    turn: Turn, clock: StoppedClock
) -> None:
    maker = Maker(clock)
    turn.record(maker.source.one(turn))
    clock.moment -= timedelta(days=1)
    maker.source.one(turn)
    assert clock.slept == []


def test_devices_do_not_share_their_memory(tmp_path: Path, clock: StoppedClock) -> None:
    used = UsedCodes(tmp_path / "mfa", clock)
    with used.turn(SERIAL) as one, used.turn(f"{SERIAL}-2") as other:
        one.record(Secret("123456"))
        assert not other.was_used(Secret("123456"))


def test_a_secret_that_is_not_base32_is_told(clock: StoppedClock) -> None:
    with pytest.raises(LocalStateError, match="makes no codes"):
        code_at(Secret("not base32 !"), clock.now())
