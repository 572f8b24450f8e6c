"""Ids of keys and principals, and the bound on remembered sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Caller, CallerKind, Session
from vaultaws.local.aws.keys import Keys
from vaultaws.local.aws.moto_door import Moto
from vaultaws.local.aws.propagation import DelayedPropagation
from vaultaws.model import Secret

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ACCOUNT = "210987654321"


@given(st.integers(0, 999_999_999_999))
def test_the_account_is_read_from_a_key(number: int) -> None:
    account = f"{number:012}"
    for prefix in (ids.LONG_TERM_KEY, ids.SESSION_KEY):
        key = ids.new_id(prefix, account)
        assert len(key) == 20
        assert ids.account_of(key) == account
    user = ids.new_id(ids.USER, account)
    assert len(user) == 21
    with pytest.raises(ValueError, match="not an access key id"):
        ids.account_of(user)


@given(st.text(max_size=24))
def test_any_text_is_a_key_id_or_not(text: str) -> None:
    for tried in (text, "AKIA" + text):
        try:
            assert len(ids.account_of(tried)) == 12
        except ValueError:
            continue


def test_secrets_and_tokens_are_as_long_as_awss() -> None:
    assert len(ids.new_secret()) == 40
    assert len(ids.new_token()) > 500
    assert len({ids.new_secret() for _ in range(100)}) == 100


def root_session(number: int) -> Caller:
    session = Session(NOW, NOW + timedelta(seconds=900 + number))
    key = f"ASIA{number:016}"
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    return Caller(CallerKind.ROOT, ACCOUNT, arn, ACCOUNT, key, session=session)


def test_the_first_to_end_makes_room() -> None:
    keys = Keys(Moto(ACCOUNT), DelayedPropagation(), max_sessions=3)
    for number in (5, 1, 4, 2, 3):
        keys.add_session(root_session(number), Secret("made-up"), Secret("made-up"), NOW)
    assert keys.session_count == 3
    held = [n for n in range(6) if keys.find(f"ASIA{n:016}", NOW) is not None]
    assert held == [3, 4, 5]


def test_a_session_key_has_a_session() -> None:
    keys = Keys(Moto(ACCOUNT), DelayedPropagation())
    root = Caller(CallerKind.ROOT, ACCOUNT, "arn", ACCOUNT, "AKIA" + "0" * 16)
    with pytest.raises(ValueError, match="session"):
        keys.add_session(root, Secret("made-up"), Secret("made-up"), NOW)
