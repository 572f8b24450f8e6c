"""Whatever happened and in whatever order the logs tell it, the matching finds every credential's
holder and every one of the thief's, and accuses nobody else."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory_vault import made_up_key
from tests.support.world import ROOT_KEY, START, WATERMARK, World, check_world, judge
from vaultaws.trail.evidence import CLOCK_SKEW, AuditView, Span
from vaultaws.trail.findings import Severity
from vaultaws.trail.report import as_json, render
from vaultaws.trail.verdicts import Standing, Why

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
        late = moment + timedelta(milliseconds=20) < WATERMARK - CLOCK_SKEW
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


@settings(max_examples=60)
@given(worlds())
def test_every_credential_gets_its_true_standing_holder_and_use(world: World) -> None:
    found = judge(world)
    seen = {
        verdict.access_key_id: (verdict.standing, verdict.person)
        for verdict in found.verdicts
        if verdict.access_key_id
    }
    assert seen == world.truth
    unseen = found.of(Standing.PENDING, Standing.MISSING)
    assert {verdict.lease_id: verdict.standing for verdict in unseen} == world.unseen
    used = {
        verdict.access_key_id: verdict.use.calls for verdict in found.verdicts if verdict.use.calls
    }
    assert used == world.calls
    assert {act.event.event_id for act in found.acts} == world.opened


@settings(max_examples=30)
@given(worlds())
def test_without_an_audit_log_nobody_is_accused(world: World) -> None:
    found = judge(world, view=AuditView())
    assert found.of(Standing.UNEXPLAINED, Standing.EXPLAINED) == ()
    assert {verdict.why for verdict in found.of(Standing.UNCOVERED)} <= {Why.NO_LOG.value}


@settings(max_examples=30)
@given(worlds(), st.data())
def test_lost_evidence_accuses_nobody_and_hides_no_thief_outside_of_it(
    world: World, data: st.DataObject
) -> None:
    """Audit records that a torn log lost, and events that torn files lost, leave `unknown`."""
    gap = _gap(data)
    inside = gap.starts - CLOCK_SKEW, gap.ends + CLOCK_SKEW
    lost = data.draw(st.booleans(), label="the audit log is torn")
    if lost:
        view = world.view(without=gap, gaps=(gap,))
        found = judge(world, view=view)
    else:
        kept = [event for event in world.events if not gap.starts <= event.time <= gap.ends]
        found = judge(World(events=kept, audit=world.audit), trail_gaps=(gap,))
    minted = {event.issued_access_key_id: event.time for event in world.events}
    accused = {verdict.access_key_id for verdict in found.of(Standing.UNEXPLAINED)}
    thefts = {key for key, (standing, _) in world.truth.items() if standing is Standing.UNEXPLAINED}
    assert accused <= thefts
    roots = {key for key in thefts if _root_minted(world, key)}
    assert {key for key in roots if not inside[0] <= minted[key] <= inside[1]} <= accused
    missed = {verdict.lease_id for verdict in found.of(Standing.MISSING)}
    assert missed <= {lease for lease, how in world.unseen.items() if how is Standing.MISSING}


def _gap(data: st.DataObject) -> Span:
    start = data.draw(moments, label="the gap begins")
    return Span(start, start + timedelta(seconds=data.draw(st.integers(0, 7200))))


def _root_minted(world: World, key: str) -> bool:
    return any(
        event.issued_access_key_id == key and event.access_key_id == ROOT_KEY
        for event in world.events
    )


@settings(max_examples=30)
@given(worlds(), st.randoms(use_true_random=False))
def test_several_trails_and_any_order_change_nothing(world: World, chance: Random) -> None:
    again = World(events=world.events * 2, audit=list(world.audit))
    chance.shuffle(again.events)
    assert judge(again) == judge(world)


@settings(max_examples=30)
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
