"""Keys made for the users of static roles: Vault's own, somebody's, or not to be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.world import IDENTITY, ROOT_KEY, START, WATERMARK, World, digest, judge
from vaultaws.model import StaticRole
from vaultaws.trail.audit import AuditStatic
from vaultaws.trail.evidence import Span
from vaultaws.trail.verdicts import Standing, Why

AT = START + timedelta(hours=2)
DAY = 86_400
ROLE = StaticRole("ci", "ci-user", DAY)
OURS = replace(IDENTITY, static_users=frozenset({"ci-user"}), static_roles=(ROLE,))
MINUTE = timedelta(minutes=1)


def made(**keys: datetime) -> World:
    world = World()
    for key, moment in keys.items():
        world.event("CreateAccessKey", ROOT_KEY, moment, issued=key, user="ci-user")
    return world


def read(key: str, moment: datetime) -> AuditStatic:
    return AuditStatic(moment, "aws", "ci", digest(key))


def standings(world: World, *told: AuditStatic, **view: Any) -> dict[str, Standing]:
    known = world.view(statics=told, **view)
    verdicts = judge(world, view=known, identity=OURS).verdicts
    return {one.access_key_id: one.standing for one in verdicts}


def test_a_key_that_somebody_read_is_vault_s() -> None:
    world = made(A=AT, B=AT + MINUTE)
    assert standings(world, read("B", AT + 5 * MINUTE))["B"] is Standing.STATIC


@pytest.mark.parametrize("older", ["of before the window", "A"])
def test_a_key_made_while_an_older_one_stays_current_is_not_vault_s(older: str) -> None:
    world = made(A=AT, B=AT + 30 * MINUTE)
    told = standings(world, read(older, AT + 40 * MINUTE))
    assert told["B"] is Standing.UNEXPLAINED


def test_what_such_a_key_made_is_unexplained_too() -> None:
    world = made(A=AT, B=AT + 30 * MINUTE)
    world.event("GetSessionToken", "B", AT + 31 * MINUTE, issued="C")
    assert standings(world, read("A", AT + 40 * MINUTE))["C"] is Standing.UNEXPLAINED


def test_a_read_proves_nothing_that_is_too_near_too_young_or_of_another_salt() -> None:
    world = made(B=AT)
    late = WATERMARK - MINUTE  # a later key may not yet be in CloudTrail
    for told in (read("A", AT + MINUTE), read("A", late), read("A", AT - 5 * MINUTE)):
        assert standings(world, told) == {"B": Standing.STATIC}
    other = AuditStatic(AT + 5 * MINUTE, "aws", "another-role", digest("A"))
    assert standings(world, other) == {"B": Standing.STATIC}
    salted = {"salted": AT + 30 * MINUTE}
    assert standings(world, read("A", AT + 10 * MINUTE), **salted) == {"B": Standing.STATIC}


def test_a_part_of_cloudtrail_that_is_lost_may_have_had_the_key_that_was_read() -> None:
    world = made(B=AT)
    gap = Span(AT + 4 * MINUTE, AT + 5 * MINUTE)
    known = world.view(statics=[read("A", AT + 10 * MINUTE)])
    (found,) = judge(world, view=known, identity=OURS, trail_gaps=[gap]).verdicts
    assert found.standing is Standing.STATIC


def test_two_keys_within_one_period_are_not_both_of_the_schedule() -> None:
    world = made(A=AT, B=AT + timedelta(hours=1))
    found = judge(world, identity=OURS).verdicts
    assert {one.standing for one in found} == {Standing.UNCOVERED}
    assert {one.why for one in found} == {Why.CROWDED.value}
    after = read("B", AT + timedelta(hours=2))
    assert standings(world, after) == {"A": Standing.UNCOVERED, "B": Standing.STATIC}


def test_a_role_that_was_written_makes_a_key_at_once() -> None:
    world = made(A=AT, B=AT + timedelta(hours=1))
    written = [AuditStatic(moment, "aws", "ci") for moment in (AT, AT + timedelta(hours=1))]
    assert set(standings(world, *written).values()) == {Standing.STATIC}


def test_keys_a_period_apart_are_of_the_schedule_and_one_alone_too() -> None:
    short = replace(OURS, static_roles=(replace(ROLE, rotation_period_seconds=3_600),))
    world = made(A=AT, B=AT + timedelta(hours=1, seconds=7))
    found = judge(world, identity=short).verdicts
    assert {one.standing for one in found} == {Standing.STATIC}
    (alone,) = judge(made(A=AT), identity=OURS).verdicts
    assert alone.standing is Standing.STATIC


def test_users_whose_role_is_not_known_stay_as_they_were() -> None:
    named = replace(OURS, static_roles=())
    world = made(A=AT, B=AT + MINUTE)
    assert {one.standing for one in judge(world, identity=named).verdicts} == {Standing.STATIC}
