"""A credential's story: who is meant, what is told, in which order."""

from __future__ import annotations

from datetime import timedelta

from tests.support.world import END, START, World, judge
from vaultaws.leases.words import short_key
from vaultaws.trail.audit import AuditRevocation
from vaultaws.trail.story import as_json, chosen, render, stories
from vaultaws.trail.verdicts import Standing

AT = START + timedelta(hours=1)


def a_life() -> tuple[World, str, str, str]:
    """ada's token, used twice, refused once, with a child; revoked after ten minutes."""
    world = World()
    key = world.mint(AT, sts=True)
    lease = world.audited(key, "ada", AT, clear=False)
    world.use(key, AT + timedelta(minutes=1), 2)
    child = world.mint(AT + timedelta(minutes=2), sts=True, by=key)
    world.use(child, AT + timedelta(minutes=3), 1)
    return world, key, child, lease


def told(world: World, wanted: str) -> str:
    lease = world.audit[0].lease_id
    revoked = AuditRevocation(AT + timedelta(minutes=10), lease, is_prefix=False, display_name="")
    matching = judge(world, view=world.view(revocations=[revoked]))
    meant = chosen(matching, wanted)
    keys = {verdict.access_key_id for verdict in meant}
    calls = [event for event in world.events if event.access_key_id in keys]
    return render(stories(meant, calls), END)


def test_a_life_is_told_from_request_to_death() -> None:
    world, key, child, lease = a_life()
    lines = told(world, key).splitlines()
    assert lines[0] == f"{short_key(key)} · ada · reader · explained"
    assert [line[23:] for line in lines[1:6]] == [
        "aws    GetFederationToken by vault-root in us-east-1",
        f"vault  ada asked for aws/creds/reader, lease {lease}",
        "aws    sts DescribeInstances in us-east-1 · 2 calls to 09:01:00",
        f"aws    sts GetFederationToken → {short_key(child)} in us-east-1",
        "vault  the lease was revoked",
    ]
    assert lines[6].startswith("  rests on     the audit log's request")
    assert lines[7].startswith("  could err    ")
    assert f"{short_key(child)} · ada · reader · descendant" in lines


def test_a_key_a_short_key_a_lease_and_a_person_mean_the_same() -> None:
    world, key, _, lease = a_life()
    first, *rest = (told(world, wanted) for wanted in (key, short_key(key), lease, "ada"))
    assert all(other == first for other in rest)


def test_nothing_is_meant_by_an_unknown_name_or_by_none() -> None:
    matching = judge(a_life()[0])
    assert chosen(matching, "nobody") == ()
    assert chosen(matching, "") == ()


def test_a_child_alone_is_told_without_its_parent() -> None:
    world, _, child, _ = a_life()
    (only,) = chosen(judge(world), child)
    assert only.standing is Standing.DESCENDANT


def test_a_lease_that_cloudtrail_lacks_has_a_story_too() -> None:
    world = World()
    lease = world.audited("unseen", "ben", AT, clear=True)
    (only,) = chosen(judge(world), lease)
    (story,) = as_json(stories([only], []))["credentials"]
    assert story["standing"] == "missing"
    assert [moment["side"] for moment in story["timeline"]] == ["vault"]


def test_hostile_names_cannot_move_the_cursor() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "eve\x1b[2J", AT, clear=False)
    assert "\x1b" not in told(world, key)
