"""The deny in Vault's default policy: put in once, taken out to the byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.incident.denyblock import paths_of, with_block, without_block

PATHS = ["aws/creds/reader", "aws/sts/reader"]
texts = st.text(st.sampled_from('abc"{} \n#/'), max_size=60)


@given(texts)
def test_it_comes_and_goes_without_a_trace(text: str) -> None:
    denied = with_block(text, "2026-11-21-ben", PATHS)
    assert paths_of(denied, "2026-11-21-ben") == tuple(PATHS)
    rest = without_block(denied, "2026-11-21-ben")
    assert rest == text or (rest == text + "\n" and not text.endswith("\n"))


@given(texts)
def test_a_second_time_changes_nothing_and_another_case_stays(text: str) -> None:
    once = with_block(text, "ben", PATHS)
    assert with_block(once, "ben", PATHS) == once
    both = with_block(once, "ada", ["aws/creds/x"])
    assert paths_of(both, "ben") == tuple(PATHS)
    assert paths_of(without_block(both, "ben"), "ada") == ("aws/creds/x",)
    assert paths_of(without_block(both, "ben"), "ben") == ()


def test_a_name_that_is_anothers_beginning_is_another() -> None:
    both = with_block(with_block("", "ben", PATHS), "ben-2", ["aws/creds/x"])
    assert paths_of(both, "ben") == tuple(PATHS)
    assert paths_of(without_block(both, "ben"), "ben-2") == ("aws/creds/x",)
