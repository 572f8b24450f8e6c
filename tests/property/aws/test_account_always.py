"""The account that an access key id carries."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from moto.iam.utils import generate_access_key_id_from_account_id

from vaultaws.aws.account import account_of_key

ACCOUNTS = st.integers(0, 999_999_999_999)


def key_of(account: int, rest: int, *, marked: bool = True, prefix: str = "AKIA") -> str:
    """A key id as AWS makes them: a set bit, the account in 40 bits, 39 bits of something."""
    number = (int(marked) << 79) | (account << 39) | rest
    return prefix + base64.b32encode(number.to_bytes(10, "big")).decode()


@given(ACCOUNTS, st.integers(0, 2**39 - 1), st.sampled_from(("AKIA", "ASIA")))
def test_the_account_comes_back(account: int, rest: int, prefix: str) -> None:
    assert account_of_key(key_of(account, rest, prefix=prefix)) == f"{account:012d}"


@given(ACCOUNTS)
def test_a_key_of_the_local_aws_carries_its_account(account: int) -> None:
    written = f"{account:012d}"
    key = generate_access_key_id_from_account_id(written, "AKIA")
    assert account_of_key(key) == written


@given(st.integers(0, 2**40 - 1), st.integers(0, 2**39 - 1))
def test_an_older_key_and_a_number_too_large_tell_nothing(number: int, rest: int) -> None:
    assert account_of_key(key_of(number, rest, marked=False)) == ""
    told = account_of_key(key_of(number, rest))
    assert (told == "") is (number > 999_999_999_999)


@given(st.text(max_size=24) | st.from_regex(r"A[A-Z]{3}[A-Z0-9]{12,18}", fullmatch=True))
def test_whatever_stands_there_is_no_fault(text: str) -> None:
    told = account_of_key(text)
    assert told == "" or (len(text) == 20 and len(told) == 12 and told.isascii())
