"""A whole world by its files: each credential gets the verdict that the files allow, none else."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import leftovers
from tests.support.memory_vault import START, made_up_key
from tests.support.whole import ACCOUNT, REFUSALS, ROOT_USER, STATIC_USER, Whole
from tests.support.whole_truth import END, FIRST_ROOT, Key
from vaultaws.model import StaticRole
from vaultaws.trail.evidence import VaultIdentity
from vaultaws.trail.verdicts import MarkKind, Standing

STEPS = [
    "issue", "issue", "issue", "steal", "steal", "revoke", "rotate", "static", "fail", "never seen",
    "another root", "probe", "denied", "leave", "namesake", "read static",
    "static thief", "wrap", "wrap",
]  # fmt: skip
LOST = st.sampled_from(["nothing", "nothing", "a file", "lines", "the salt", "the end"])
MOMENTS = st.integers(5 * 60, int((END - START).total_seconds()) - 1)


@st.composite
def worlds(draw: st.DrawFn) -> Whole:
    chance = Random(draw(st.integers(0, 2**32)))
    world = Whole(chance, skew=timedelta(seconds=draw(st.integers(-110, 110))))
    for minute in range(-10, 260, 10):
        world.line("sys/health", START + timedelta(minutes=minute))
    lost = draw(LOST)
    if lost == "the salt":
        at = START + timedelta(seconds=draw(MOMENTS))
        world.salt_from = at + world.skew
        unseen_line(world, "else/aws", START - timedelta(hours=1))  # in the old salt
        world.line("sys/audit/file", at, request={"operation": "update"})
    steps = draw(st.lists(st.tuples(MOMENTS, st.sampled_from(STEPS)), max_size=12))
    for seconds, step in sorted(steps):
        happen(world, step, seconds)
    files = sorted({moment for some in world.delivered.values() for moment in some})
    if lost == "a file" and files and files[0] <= END:
        world.lost_file = chance.choice([moment for moment in files if moment <= END])
    if lost == "lines":
        starts = START + timedelta(seconds=draw(MOMENTS))
        latest = START + timedelta(minutes=250) + world.skew
        ends = min(starts + timedelta(minutes=chance.randint(0, 40)), latest)
        world.tear(starts, ends)
    if lost == "the end":
        last = START + timedelta(seconds=draw(MOMENTS)) - timedelta(minutes=10)
        world.log_ends = last + world.skew
    return world


def happen(world: Whole, step: str, seconds: int) -> None:
    at = START + timedelta(seconds=seconds)
    done: dict[str, Callable[[datetime], None]] = {
        "rotate": world.rotate,
        "static": world.static,
        "fail": world.fail,
        "read static": world.read_static,
        "static thief": world.steal_static,
        "wrap": partial(wrapped, world),
    }
    if step in done:
        done[step](at)
    else:
        somebody_does(world, step, at)


def somebody_does(world: Whole, step: str, at: datetime) -> None:
    chance = world.chance
    user, soon = chance.random() < 0.5, at + timedelta(seconds=chance.randint(1, 600))
    issued = [key for key in world.keys.values() if key.sort == "issued"]
    match step:
        case "issue":
            mount = chance.choice(("aws", "team/aws"))
            key = world.issue(at, chance.choice(("ada", "ben")), user=user, mount=mount)
            used_by_somebody(world, key)
        case "steal":
            used_by_somebody(world, world.mint("thief", at, user=user))
        case "revoke" if issued:
            key = chance.choice(issued)
            world.revoke(key, at, chance.choice(("id", "digest", "prefix")))
            world.use(key, at + timedelta(seconds=chance.randint(0, 500)))
        case "namesake":
            more = {"issued": made_up_key(world.number + 5_000), "account": "2" * 12}
            world.event("GetFederationToken", "by-another", at, is_root=True, **more)
        case "leave":
            left = world.issue(at, "ada", user=True)
            world.use(left, soon)
            world.left.add(left.key_id)
        case "probe" if issued:
            world.use(chance.choice(issued), soon, chance.randint(1, 5), "AccessDenied")
        case "denied":
            error = "1 error occurred:\\n\\t* permission denied"
            world.line("aws/creds/reader", at, denied=True, error=error)
        case "never seen":
            world.never_seen.append(unseen_line(world, "aws", at))
        case "another root":
            unseen_line(world, "else/aws", at)


def wrapped(world: Whole, at: datetime) -> None:
    """An answer that is wrapped. The token's digest in another salt would lead nowhere."""
    chance = world.chance
    if world.salt_from is None:
        user, is_taken = chance.random() < 0.5, chance.random() < 0.7
        world.wrap(at, chance.choice(("ada", "ben")), user=user, is_taken=is_taken)


def unseen_line(world: Whole, mount: str, at: datetime) -> dict[str, Any]:
    lease = f"{mount}/creds/reader/{world.number}"
    told = world.written(made_up_key(world.number), at + world.skew)
    answer = {"secret": {"lease_id": lease}, "data": {"access_key": told}}
    return world.line(f"{mount}/creds/reader", at, response=answer)


def used_by_somebody(world: Whole, key: Key) -> None:
    later = key.at + timedelta(seconds=world.chance.randint(1, 3600))
    world.use(key, later, world.chance.randint(0, 3))
    if world.chance.random() < 0.3:
        # of calls in one second either may count as the first that stands out
        child = world.child(key, later + timedelta(seconds=1))
        world.use(child, later, world.chance.randint(0, 2))


def identity_of(world: Whole) -> VaultIdentity:
    """Vault's user is not always known: its first key and what the rotations tell do, where they
    can all be read."""
    rotations = [key for key in world.keys.values() if key.sort == "rotation"]
    whole = world.salt_from is None and world.torn is None and world.log_ends is None
    known = whole and all(world.seen(key.event) for key in rotations)
    user = "" if known and world.chance.random() < 0.3 else ROOT_USER
    return VaultIdentity(
        frozenset({FIRST_ROOT}),
        user,
        frozenset({STATIC_USER}),
        account=ACCOUNT,
        static_roles=(StaticRole("ci", STATIC_USER, 0),),
    )


@settings(max_examples=80)
@given(worlds())
def test_each_credential_gets_the_verdict_that_the_files_allow(world: Whole) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = world.judged(Path(folder), identity_of(world), leftovers.inventory(world))
    found = report.matching
    assert {user.name for user in report.orphans.users} == leftovers.orphans(world)
    seen = {one.access_key_id: one for one in found.verdicts if one.access_key_id}
    expected = {name: world.standing(key) for name, key in world.keys.items()}
    told = {name: one.standing for name, one in seen.items()}
    assert told == {name: standing for name, standing in expected.items() if standing}
    unseen = {one.lease_id: one.standing for one in found.verdicts if not one.access_key_id}
    assert unseen == world.unseen()
    for name, one in seen.items():
        key = world.keys[name]
        if key.sort == "rotation":
            continue
        calls = [call for call in key.calls if world.seen(call)]
        denied = sum(1 for call in calls if "errorCode" in call)
        assert (one.use.calls, one.use.denied) == (len(calls), denied)
        marks = {mark.kind: mark.calls for mark in one.marks}
        assert marks.get(MarkKind.AFTER_END, 0) == world.too_late(key)
        assert marks.get(MarkKind.REFUSED, 0) == (denied if denied >= REFUSALS else 0)
        if one.standing is Standing.EXPLAINED:
            assert (one.person, one.lease_id) == (key.person, key.lease)
    assert {act.event.event_id for act in found.acts} == world.opened()
    if world.lost_file or world.torn:
        assert report.unread or not any(not world.readable(line) for line in world.lines)
