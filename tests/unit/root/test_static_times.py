"""The times of static roles: when they rotated, when they will, and what does not fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.rooted import KEY, NOW, SPARE, a_key
from vaultaws.model import StaticRole
from vaultaws.root import static_show
from vaultaws.root.journal import Kind, Operation, Unfinished
from vaultaws.root.side import Unknown
from vaultaws.root.static import StaticFacts, StaticKey
from vaultaws.root.static_rotate import StaticRotation, details_of, role_of

HOUR = timedelta(hours=1)
ROLE = StaticRole("legacy", "legacy-app", 3600)


def made(ago: timedelta, next_in: timedelta, **changes: object) -> StaticKey:
    """A role whose key was made `ago`, with the stored next rotation `next_in` from now."""
    key = a_key(days=ago / timedelta(days=1))
    found = StaticKey(ROLE, KEY, NOW + next_in, (key,))
    return replace(found, **changes)  # type: ignore[arg-type]  # fields that tests name


def listed(*roles: StaticKey, **more: object) -> StaticFacts:
    facts = StaticFacts("https://vault.corp:8200", "aws", NOW, roles)
    return replace(facts, **more)  # type: ignore[arg-type]  # fields that tests name


def test_one_period_after_the_last_rotation_is_right() -> None:
    found = made(HOUR / 2, HOUR / 2)
    assert not found.is_trapped(NOW)
    assert found.rotated_at == NOW - HOUR / 2
    assert list(static_show.notes(found, NOW)) == []


@pytest.mark.parametrize("next_in", [timedelta(hours=23), timedelta(minutes=5)])
def test_a_period_that_was_changed_since_is_a_trap(next_in: timedelta) -> None:
    """Shortened or lengthened: the stored time is of the old period (hashicorp/vault#21967)."""
    found = made(HOUR / 2, next_in)
    assert found.is_trapped(NOW)
    (note,) = static_show.notes(found, NOW)
    assert "does not fit the period of 1 h" in note
    assert "vaultaws static rotate legacy" in note


def test_without_aws_only_the_far_future_tells() -> None:
    assert made(HOUR, timedelta(hours=2), keys=None).is_trapped(NOW)
    assert not made(HOUR, timedelta(minutes=5), keys=None).is_trapped(NOW)
    assert made(HOUR, HOUR / 2, keys=None).rotated_at == NOW - HOUR / 2


def test_clocks_that_differ_a_little_are_no_trap() -> None:
    assert not made(HOUR / 2, HOUR / 2 + timedelta(seconds=80)).is_trapped(NOW)


def test_an_engine_that_does_not_rotate_is_seen() -> None:
    late = made(3 * HOUR, timedelta(minutes=-6))
    assert late.is_overdue(NOW)
    (note,) = static_show.notes(late, NOW)
    assert "should have rotated" in note
    assert not made(HOUR, timedelta(minutes=-4)).is_overdue(NOW)


def test_a_key_that_aws_does_not_know() -> None:
    gone = made(HOUR / 2, HOUR / 2, keys=())
    assert gone.is_gone
    assert "AWS has no key AKIA…RRR" in static_show.listing(listed(gone))
    assert not made(HOUR / 2, HOUR / 2, keys=None).is_gone


def test_a_role_without_a_key() -> None:
    (note,) = static_show.notes(StaticKey(ROLE, keys=()), NOW)
    assert "Vault keeps no key" in note


def test_the_key_before_the_last_lives_on() -> None:
    """hashicorp/vault#27477."""
    both = made(HOUR / 2, HOUR / 2, keys=(a_key(days=1 / 48), a_key(SPARE, days=2)))
    (note,) = static_show.notes(both, NOW)
    assert "second key AKIA…SSS, made 2 d ago, never used" in note


class TestListing:
    def test_the_columns(self) -> None:
        text = static_show.listing(listed(made(HOUR / 2, HOUR / 2)))
        head, row, total = text.splitlines()
        assert head.split() == ["ROLE", "USER", "KEY", "ROTATED", "NEXT", "PERIOD", "KEYS"]
        assert row.split("  ")[0] == "legacy"
        assert "AKIA…RRR" in row
        assert row.endswith("1")
        assert total == "1 static role"

    def test_a_trap_is_marked_in_its_row(self) -> None:
        assert "in 2 h !" in static_show.listing(listed(made(HOUR / 2, 2 * HOUR)))

    def test_nothing_there_and_what_is_unknown(self) -> None:
        gap = Unknown("the keys of the users in AWS", "there are no AWS credentials", "set some")
        text = static_show.listing(listed(unknown=(gap,)))
        assert text.splitlines() == [
            "No static roles on aws/.",
            "unknown: the keys of the users in AWS: there are no AWS credentials; set some",
        ]

    def test_names_cannot_play_with_the_terminal(self) -> None:
        evil = made(HOUR / 2, HOUR / 2, role=replace(ROLE, name="a\x1b[2Jb"))
        assert "\x1b" not in static_show.listing(listed(evil))

    def test_for_machines(self) -> None:
        document = static_show.list_document(listed(made(HOUR / 2, 2 * HOUR)))
        (role,) = document["static_roles"]
        assert (role["period_trap"], role["overdue"], role["rotated_at_exact"]) == (
            True,
            False,
            True,
        )
        assert role["access_key_id"] == KEY
        assert role["rotates_at"] == "2026-11-21T11:30:00Z"

    def test_a_rotation_that_was_cut_off_is_told(self) -> None:
        begun = Operation(Kind.STATIC, "legacy", NOW - HOUR, details_of(ROLE, KEY))
        text = static_show.listing(listed(), [Unfinished(begun, running=False)])
        assert "legacy: a rotation begun 1 h ago was cut off" in text
        assert "under way" in static_show.unfinished_line(Unfinished(begun, running=True), NOW)


class TestWhoHoldsTheKey:
    found = made(HOUR / 2, HOUR / 2, keys=(a_key(days=1 / 48, used=timedelta(minutes=4)),))

    def test_from_the_audit_log(self) -> None:
        readers = {"userpass-ada": NOW - HOUR / 4, "userpass-ben": NOW - HOUR / 6}
        words = static_show.held_by(self.found, NOW, readers)
        assert "userpass-ben (10 min ago), userpass-ada (15 min ago)" in words
        assert "last used in AWS 4 min" in words

    def test_without_a_log_and_with_nobody_in_it(self) -> None:
        assert "whoever has read it since 30 min ago" in static_show.held_by(self.found, NOW, None)
        assert "nobody has read it" in static_show.held_by(self.found, NOW, {})

    def test_a_crowd_is_counted(self) -> None:
        crowd = {f"p{number}": NOW - timedelta(minutes=number) for number in range(20)}
        assert "and 12 more" in static_show.held_by(self.found, NOW, crowd)


def test_a_role_comes_back_from_the_journal_as_it_was() -> None:
    foreign = replace(ROLE, assume_role_arn="arn:r", assume_role_session_name="s", external_id="e")
    begun = Operation(Kind.STATIC, "legacy", NOW, details_of(foreign, KEY))
    assert role_of(begun) == foreign
    assert begun.detail("old_key") == KEY


def test_what_a_rotation_did() -> None:
    done = StaticRotation("aws", ROLE, KEY, SPARE, NOW + HOUR, resumed=True, old_is_gone=True)
    text = static_show.rotation_text(done, NOW)
    assert text.splitlines() == [
        "finished: legacy on aws/ has the new key AKIA…SSS of IAM user legacy-app",
        "next rotation in 1 h, then every 1 h",
        "the old key AKIA…RRR is gone",
    ]
    assert static_show.rotation_document(done)["left_to_do"] == []
