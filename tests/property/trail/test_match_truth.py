"""Whatever happened and in whatever order the logs tell it, the matching finds every credential's
holder and every one of the thief's, and accuses nobody else."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import made_up_key
from tests.support.world import IDENTITY, ROOT_KEY, START, WATERMARK, World, check_world, judge
from vaultaws.trail.match import AuditView, match
from vaultaws.trail.report import Severity, as_json, render
from vaultaws.trail.verdicts import Standing

moments = st.integers(3 * 60, int((WATERMARK - START).total_seconds()) - 1).map(
    lambda seconds: START + timedelta(seconds=seconds)
)
late_moments = st.integers(0, 14 * 60).map(lambda seconds: WATERMARK + timedelta(seconds=seconds))
people = st.sampled_from(["ada", "ben", "cleo"])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    for _ in range(draw(st.integers(0, 5))):
        _issue_rightly(world, draw)
    for _ in range(draw(st.integers(0, 3))):
        _steal(world, draw)
    for _ in range(draw(st.integers(0, 2))):
        moment = draw(st.one_of(moments, late_moments))
        lease = world.audited(made_up_key(world.next()), draw(people), moment, clear=False)
        late = moment + timedelta(milliseconds=20) < WATERMARK
        world.unseen[lease] = Standing.MISSING if late else Standing.PENDING
    if draw(st.booleans()):
        world.opened.add(
            world.event("CreateLoginProfile", ROOT_KEY, draw(moments), user="somebody")
        )
    world.events = draw(st.permutations(world.events))
    world.audit = draw(st.permutations(world.audit))
    return world


def _issue_rightly(world: World, draw: st.DrawFn) -> None:
    moment, person = draw(moments), draw(people)
    key = world.mint(moment, sts=draw(st.booleans()))
    world.audited(key, person, moment, clear=draw(st.booleans()))
    world.truth[key] = (Standing.EXPLAINED, person)
    world.use(key, moment, draw(st.integers(0, 3)))
    if draw(st.booleans()):
        child = world.mint(moment, sts=True, by=key)
        world.calls[key] = world.calls.get(key, 0) + 1
        world.truth[child] = (Standing.DESCENDANT, person)
        world.use(child, moment, draw(st.integers(0, 2)))


def _steal(world: World, draw: st.DrawFn) -> None:
    moment, sts = draw(moments), draw(st.booleans())
    before = len(world.events)
    key = world.mint(moment, sts=sts)
    if not sts:
        world.opened |= {event.event_id for event in world.events[before:-1]}
    world.truth[key] = (Standing.UNEXPLAINED, "")
    world.use(key, moment, draw(st.integers(0, 3)))
    if draw(st.booleans()):
        child = world.mint(moment, sts=True, by=key)
        world.calls[key] = world.calls.get(key, 0) + 1
        world.truth[child] = (Standing.UNEXPLAINED, "")


@given(worlds())
def test_every_credential_gets_its_true_standing_and_holder(world: World) -> None:
    found = judge(world)
    seen = {
        verdict.access_key_id: (verdict.standing, verdict.person)
        for verdict in found.verdicts
        if verdict.access_key_id
    }
    assert seen == world.truth


@given(worlds())
def test_audited_leases_that_cloudtrail_lacks_are_pending_or_missing(world: World) -> None:
    found = judge(world).of(Standing.PENDING, Standing.MISSING)
    assert {verdict.lease_id: verdict.standing for verdict in found} == world.unseen


@given(worlds())
def test_calls_are_counted_for_each_key(world: World) -> None:
    found = judge(world)
    used = {
        verdict.access_key_id: verdict.use.calls for verdict in found.verdicts if verdict.use.calls
    }
    assert used == world.calls


@given(worlds())
def test_what_was_opened_behind_vault_is_found_and_nothing_else(world: World) -> None:
    assert {act.event.event_id for act in judge(world).acts} == world.opened


@given(worlds())
def test_without_an_audit_log_nobody_is_accused(world: World) -> None:
    found = match(world.events, AuditView(), IDENTITY, since=START, watermark=WATERMARK)
    assert found.of(Standing.UNEXPLAINED, Standing.EXPLAINED) == ()


@given(worlds())
def test_the_whole_check_comes_to_the_same_and_can_be_told(world: World) -> None:
    report = check_world(world)
    seen = {
        verdict.access_key_id: (verdict.standing, verdict.person)
        for verdict in report.matching.verdicts
        if verdict.access_key_id
    }
    assert seen == world.truth
    critical = [found for found in report.findings if found.severity is Severity.CRITICAL]
    stolen = [key for key, (standing, _) in world.truth.items() if standing is Standing.UNEXPLAINED]
    assert {found.access_key_id for found in critical if found.access_key_id} == set(stolen)
    assert ("!!" in render(report)) is bool(stolen or world.opened)
    assert as_json(report)["counts"]["unexplained"] == len(stolen)
