"""Whom a case is about, and what it is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.incidents import AT, PLACE, key
from vaultaws.errors import UsageError
from vaultaws.incident import scope as scopes
from vaultaws.incident.model import Case, Scope
from vaultaws.leases.inventory import Holding, LeaseState

HELD = Holding(
    "aws/sts/fed/one",
    "aws",
    "sts",
    "fed",
    LeaseState.LIVE,
    person="ben",
    entity_id="7f3a",
    key_hash="hmac-1",
    issued_at=AT,
)


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        (Scope(person="ben"), True),
        (Scope(person="7f3a"), True),
        (Scope(person="ada"), False),
        (Scope(role="fed"), True),
        (Scope(role="fed", person="ada"), False),
        (Scope(everything=True), True),
        (Scope(everything=True, since=AT + timedelta(seconds=1)), False),
        (Scope(everything=True, since=AT), True),
        (Scope(root=True), False),
        (Scope(key=key(1)), False),
    ],
)
def test_what_fits(scope: Scope, *, fits: bool) -> None:
    assert scopes.fits(scope, HELD) is fits


def test_a_key_fits_by_its_digest_and_an_unknown_time_always() -> None:
    assert scopes.fits(Scope(key=key(1)), HELD, "hmac-1")
    timeless = replace(HELD, issued_at=None)
    assert scopes.fits(Scope(everything=True, since=AT + timedelta(hours=1)), timeless)


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (Scope(person="ben"), "2026-11-21-ben"),
        (Scope(person="ben", role="fed"), "2026-11-21-ben-fed"),
        (Scope(key="ASIA" + "0" * 13 + "9QX"), "2026-11-21-ASIA-9QX"),
        (Scope(everything=True), "2026-11-21-team-aws"),
        (Scope(root=True), "2026-11-21-root"),
        (Scope(person="../\x1b[31m"), "2026-11-21-31m"),
        (Scope(person="…"), "2026-11-21-incident"),
    ],
)
def test_names(scope: Scope, name: str) -> None:
    assert scopes.case_name(scope, "team/aws", AT) == name


@pytest.mark.parametrize(
    "scope",
    [Scope(), Scope(since=AT), Scope(everything=True, role="fed"), Scope(session_only=True)],
)
def test_a_scope_that_says_nothing_or_too_much_is_refused(scope: Scope) -> None:
    with pytest.raises(UsageError):
        scopes.check(scope)


def test_a_span_said_anew_means_the_same_case() -> None:
    case = Case("x", AT, "ada", Scope(person="ben", since=AT), PLACE)
    assert scopes.same(Scope(person="ben", since=AT + timedelta(minutes=5)), case)
    assert not scopes.same(Scope(person="ada"), case)
