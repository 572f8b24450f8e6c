"""Which key, which device, where to, for how long, and whether there is anything to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.stage import StoppedClock
from vaultaws.errors import ConfigError, UsageError
from vaultaws.mfa.login import LoginWish, LongTerm, Reason, settle, state_of
from vaultaws.mfa.names import session_name
from vaultaws.mfa.profiles import Book
from vaultaws.mfa.shortterm import section_of
from vaultaws.model import Credentials, Secret

SERIAL = "arn:aws:iam::123456789012:mfa/ada"
ROLE = "arn:aws:iam::123456789012:role/OpsSudo"
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
LONG = {**KEYS, "aws_mfa_device": SERIAL}
WISH = LoginWish("my")


def test_the_layout_of_aws_mfa() -> None:
    plan = settle(Book({"my-long-term": LONG}), WISH, {})
    assert (plan.section, plan.into, plan.serial) == ("my-long-term", "my", SERIAL)
    assert (plan.seconds, plan.role_arn) == (43_200, "")


def test_a_key_under_its_own_name_is_not_written_over() -> None:
    book = Book({"my": KEYS}, {"my": {"mfa_serial": SERIAL, "region": "eu-west-2"}})
    plan = settle(book, WISH, {})
    assert (plan.section, plan.into, plan.serial) == ("my", "my-session", SERIAL)
    assert plan.region == "eu-west-2"


def test_the_device_is_the_one_said_first() -> None:
    book = Book({"my-long-term": LONG})
    assert settle(book, LoginWish("my", device="d"), {"MFA_DEVICE": "e"}).serial == "d"
    assert settle(book, WISH, {"MFA_DEVICE": "e"}).serial == "e"
    with pytest.raises(ConfigError, match="no MFA device is known"):
        settle(Book({"my-long-term": KEYS}), WISH, {})


def test_a_role_of_aws_mfa_lasts_an_hour() -> None:
    plan = settle(Book({"my-long-term": {**LONG, "assume_role": ROLE}}), WISH, {})
    assert (plan.role_arn, plan.seconds) == (ROLE, 3600)
    assert settle(Book({"my-long-term": LONG}), WISH, {"MFA_ASSUME_ROLE": ROLE}).role_arn == ROLE


@pytest.mark.parametrize(
    ("role", "seconds", "good"),
    [
        ("", 900, True),
        ("", 129_600, True),
        ("", 899, False),
        ("", 129_601, False),
        (ROLE, 43_200, True),
        (ROLE, 43_201, False),
    ],
)
def test_how_long_it_may_last(role: str, seconds: int, good: bool) -> None:
    book = Book({"my-long-term": {**LONG, **({"assume_role": role} if role else {})}})
    wish = LoginWish("my", seconds)
    if good:
        assert settle(book, wish, {}).seconds == seconds
    else:
        with pytest.raises(UsageError, match=f"no session of {seconds} seconds"):
            settle(book, wish, {})


def test_the_duration_of_aws_mfas_variable() -> None:
    book = Book({"my-long-term": LONG})
    assert settle(book, WISH, {"MFA_STS_DURATION": "1800"}).seconds == 1800
    with pytest.raises(UsageError, match="MFA_STS_DURATION"):
        settle(book, WISH, {"MFA_STS_DURATION": "1h"})


def test_no_key_names_the_profiles_that_have_one() -> None:
    with pytest.raises(ConfigError) as error:
        settle(Book({"other": KEYS, "empty": {}}), WISH, {})
    assert "profiles with keys: other" in error.value.why


@pytest.mark.parametrize(
    ("book", "into", "why"),
    [
        (Book({"my-long-term": LONG, "my": KEYS}), "", "would be lost"),
        (Book({"my": LONG}), "my", "would be lost"),
        (
            Book({"my-long-term": LONG, "my": {**KEYS, "expiration": "2016-12-29 18:44:20"}}),
            "",
            "would be lost",
        ),
        (Book({"my": LONG}, {"my-session": {"role_arn": ROLE}}), "", "would be hidden"),
        (Book({"my": LONG}), "a]b", "no brackets"),
        (Book({"my": LONG}), "a\nb", "no brackets"),
    ],
)
def test_a_session_destroys_nothing(book: Book, into: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        settle(book, LoginWish("my", into=into), {})
    assert why in error.value.why


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


def section(clock: StoppedClock, seconds: int, role: str = "") -> dict[str, str]:
    end = clock.now() + timedelta(seconds=seconds)
    session = Credentials("k", Secret("s"), Secret("t"), end)
    return {key: value for key, value in section_of(session, role).items() if value is not None}


def reason(
    clock: StoppedClock, there: dict[str, str] | None, *, role: str = "", force: bool = False
) -> Reason:
    book = Book({"my": there} if there is not None else {})
    plan = LongTerm("my-long-term", Credentials("a", Secret("b")), SERIAL, "my", 900, role)
    return state_of(book, plan, clock, force=force)[0]


def test_what_aws_mfa_would_do(clock: StoppedClock) -> None:
    assert reason(clock, None) is Reason.MISSING
    assert reason(clock, {"aws_access_key_id": "x"}) is Reason.BROKEN
    assert reason(clock, section(clock, 1)) is Reason.GOOD
    assert reason(clock, section(clock, 0)) is Reason.EXPIRED
    assert reason(clock, section(clock, 60), force=True) is Reason.FORCED
    assert reason(clock, section(clock, 60, ROLE)) is Reason.OTHER_ROLE
    assert reason(clock, section(clock, 60), role=ROLE) is Reason.OTHER_ROLE
    assert reason(clock, section(clock, 60, ROLE), role=ROLE) is Reason.GOOD


@pytest.mark.parametrize(
    ("name", "fit"),
    [("ada", "ada"), ("Ada Lovelace", "Ada-Lovelace"), ("ä", "vaultaws"), ("", "vaultaws")],
)
def test_a_session_bears_the_persons_name(name: str, fit: str) -> None:
    assert session_name(name) == fit
    assert len(session_name("x" * 100)) == 64
