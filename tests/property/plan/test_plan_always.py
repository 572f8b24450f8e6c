"""Laws of plans, on a server in memory: applied is done, and nothing is forgotten."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.declared import configs
from tests.support.memory_operators import MemoryServer, memory_server
from vaultaws.config.schema import Config
from vaultaws.model import Secret
from vaultaws.plan import show, steps
from vaultaws.plan.changes import Action, Kind, Plan
from vaultaws.plan.document import document
from vaultaws.plan.planner import make_plan

drawn = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
KEY = ("AKIA" + "0" * 16, Secret("made-up"))
ORDER = [
    (Kind.ACCESS, Action.REMOVE),
    (Kind.MOUNT, None),
    (Kind.LEASE, None),
    (Kind.ROOT, None),
    (Kind.AUDIT, None),
    (Kind.ROLE, None),
    (Kind.STATIC_ROLE, None),
    (Kind.ACCESS, None),
]


def apply(server: MemoryServer, config: Config, *, prune: bool = False) -> Plan:
    """Carry a plan out as apply does, step by step."""
    plan = make_plan(server, config, prune=prune)
    hands = steps.Hands(server, config.mount.path, KEY)
    for change in plan.to_write:
        steps.take(change, hands)
    return plan


@drawn
@given(configs(), configs(), st.booleans())
def test_what_was_applied_needs_nothing_more(one: Config, other: Config, prune: bool) -> None:
    """From nothing, and from another state: users of static roles cannot change in place."""
    server = memory_server()
    apply(server, one)
    assert make_plan(server, one).changes == ()
    apply(server, other, prune=prune)
    again = make_plan(server, other, prune=prune)
    assert again.to_write == ()
    if prune:
        assert {change.kind for change in again.changes} <= {Kind.LEASE}


@drawn
@given(configs(), configs())
def test_making_a_plan_writes_nothing_and_is_the_same_twice(one: Config, other: Config) -> None:
    server = memory_server()
    apply(server, one)
    before = list(server.writes)
    plan = make_plan(server, other)
    assert make_plan(server, other) == plan
    assert server.writes == before


@drawn
@given(configs(), configs(), st.booleans())
def test_the_order_is_that_of_apply(one: Config, other: Config, prune: bool) -> None:
    server = memory_server()
    apply(server, one)
    plan = make_plan(server, other, prune=prune)
    last = -1
    removal = False
    for change in plan.to_write:
        if change.action is Action.REMOVE and change.kind is not Kind.ACCESS:
            removal = True
            continue
        assert not removal
        key = (change.kind, Action.REMOVE if change.action is Action.REMOVE else None)
        assert ORDER.index(key) >= last
        last = ORDER.index(key)


@drawn
@given(configs(), configs())
def test_every_changed_field_is_named_and_both_views_can_be_made(
    one: Config, other: Config
) -> None:
    server = memory_server()
    apply(server, one)
    plan = make_plan(server, other)
    old = {role.name: role for role in server.roles.values()}
    for change in plan.changes:
        if change.action is Action.CHANGE:
            assert change.fields
        if change.kind is Kind.ROLE and change.action is Action.CHANGE:
            was = old[change.name]
            named = {field.name for field in change.fields}
            assert named <= {
                field.name
                for field in dataclasses.fields(was)
                if getattr(was, field.name) != getattr(change.value, field.name)
            }
    assert json.loads(json.dumps(document(plan)))["fingerprint"] == plan.fingerprint
    assert show.text(plan).endswith(".")


@drawn
@given(configs(), configs())
def test_the_fingerprint_tells_files_and_servers_apart(one: Config, other: Config) -> None:
    server = memory_server()
    first = make_plan(server, one)
    if dataclasses.replace(other, file=one.file) != one:
        assert make_plan(server, other).fingerprint != first.fingerprint
    plan = apply(server, one)
    assert plan.fingerprint == first.fingerprint
    if plan.to_write:
        assert make_plan(server, one).fingerprint != first.fingerprint


@drawn
@given(st.data())
def test_two_mounts_share_claims_and_leave_each_other_alone(data: st.DataObject) -> None:
    """`aws` and `aws-x` are close in name: what one applies changes nothing of the other's."""
    server, neighbour = memory_server(), memory_server()
    for name in ("logins", "approles", "entities", "acl", "groups"):
        setattr(neighbour, name, getattr(server, name))
    one, other = data.draw(configs("aws")), data.draw(configs("aws-x"))
    apply(server, one)
    apply(neighbour, other)
    assert make_plan(server, one).changes == ()
    assert make_plan(neighbour, other).changes == ()
    apply(neighbour, Config(other.file, mount=other.mount), prune=True)
    assert make_plan(server, one).changes == ()
