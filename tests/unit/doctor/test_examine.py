"""Checks run in order, none for ever, and what rests on a bad one is left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from vaultaws.cli.doctor import document, text
from vaultaws.doctor.finding import Check, Finding, State, bad, examine, ok, warn
from vaultaws.errors import VaultError


def states(*checks: Check, seconds: float = 60) -> list[tuple[str, str]]:
    return [(finding.check, finding.state.value) for finding in examine(checks, seconds)]


def test_what_rests_on_a_bad_check_is_not_looked_at() -> None:
    def never() -> list[Finding]:
        raise AssertionError

    assert states(
        Check("a", lambda: [ok("a", "x"), bad("a", "x", "y", "z")]),
        Check("b", never, ("a",)),
        Check("c", never, ("b",)),
        Check("d", lambda: [warn("d", "x", "y", "z")]),
        Check("e", lambda: [ok("e", "x")], ("d",)),
    ) == [
        ("a", "ok"),
        ("a", "bad"),
        ("b", "skipped"),
        ("c", "skipped"),
        ("d", "warn"),
        ("e", "ok"),
    ]


def test_a_check_that_fails_is_a_finding() -> None:
    def fail() -> Iterator[Finding]:
        yield ok("a", "first")
        raise VaultError("no", why="because", do="this")

    found = list(examine([Check("a", fail)]))
    assert [finding.what for finding in found] == ["first", "no"]
    assert (found[1].state, found[1].why, found[1].do) == (State.BAD, "because", "this")


def test_a_check_that_does_not_end_is_a_finding() -> None:
    gate = threading.Event()

    def hang() -> Iterator[Finding]:
        yield ok("a", "first")
        gate.wait()

    try:
        assert states(Check("a", hang), Check("b", list, ("a",)), seconds=0.2) == [
            ("a", "ok"),
            ("a", "bad"),
            ("b", "skipped"),
        ]
    finally:
        gate.set()


def test_a_fault_of_ours_is_raised() -> None:
    def fault() -> list[Finding]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(examine([Check("a", fault)]))


def test_how_a_finding_is_said() -> None:
    assert text(ok("server", "answers")) == "ok       server       answers"
    lines = text(bad("token", "is\x1b[2J gone", "it ended", "log in")).splitlines()
    assert lines[0] == "bad      token        is\\u001b[2J gone"
    assert [line.split()[0] for line in lines[1:]] == ["why:", "do:"]
    assert "\x1b[31mbad" in text(bad("a", "b", "c", "d"), colours=True)
    assert document([ok("a", "b")])["checks"] == [
        {"check": "a", "state": "ok", "what": "b", "why": None, "do": None}
    ]
