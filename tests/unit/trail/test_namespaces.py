"""Mounts of one name in several namespaces: each check is about its own, and another's issuance
explains a key all the same where both work with one root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory_vault import made_up_key
from tests.support.world import END, IDENTITY, START, World, digest, judge
from vaultaws.leases.inventory import Inventory
from vaultaws.model import plain_namespace
from vaultaws.trail import story
from vaultaws.trail.audit import AuditLog, AuditRevocation, AuditStatic
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import AuditView, Window
from vaultaws.trail.gather import History
from vaultaws.trail.report import as_json
from vaultaws.trail.verdicts import Standing

AT = START + timedelta(hours=1)
NAMESPACES = ("", "team", "team/inner")
MOUNTS = frozenset({"aws"})


@pytest.mark.parametrize(
    ("said", "plain"), [("", ""), ("/", ""), ("root", ""), ("team/", "team"), ("/a/b/", "a/b")]
)
def test_a_namespace_has_one_name(said: str, plain: str) -> None:
    assert plain_namespace(said) == plain


ISSUED = st.lists(st.tuples(st.sampled_from(NAMESPACES), st.booleans()), max_size=6)


@settings(max_examples=60)
@given(ISSUED, st.sampled_from(NAMESPACES))
def test_only_this_namespace_s_issuances_must_be_seen_and_any_explains(
    issued: list[tuple[str, bool]], mine: str
) -> None:
    """Some issuances come of this root (CloudTrail has their key), some of another account's."""
    world, missing, explained = World(), set(), {}
    for namespace, is_seen in issued:
        key = world.mint(AT, sts=True) if is_seen else made_up_key(world.next(), "ASIA")
        lease = world.audited(key, "ada", AT, clear=True)
        world.audit[-1] = replace(world.audit[-1], namespace=namespace)
        if is_seen:
            explained[key] = namespace
        elif namespace == mine:
            missing.add(lease)
    found = judge(world, mounts=MOUNTS, namespace=mine)
    told = {one.access_key_id: one.issuance for one in found.of(Standing.EXPLAINED)}
    assert {key: one.namespace for key, one in told.items() if one} == explained
    assert {one.lease_id for one in found.of(Standing.MISSING)} == missing
    assert found.of(Standing.UNEXPLAINED) == ()


@settings(max_examples=60)
@given(
    st.sampled_from(NAMESPACES),
    st.sampled_from(NAMESPACES),
    st.sampled_from(["aws", "aws/creds", "aws/creds/reader", ""]),
)
def test_a_prefix_is_one_of_its_namespace(issued: str, revoked: str, folder: str) -> None:
    world = World()
    key = world.mint(AT, sts=True)
    lease = world.audited(key, "ada", AT, clear=True)
    world.audit[-1] = replace(world.audit[-1], namespace=issued)
    said = AuditRevocation(
        AT + timedelta(minutes=5), folder or lease, bool(folder), "root", namespace=revoked
    )
    view = replace(world.view(), revocations=[said])
    (found,) = judge(world, view=view).of(Standing.EXPLAINED)
    assert (found.revoked is not None) is (issued == revoked or not folder)


def sources(world: World, namespace: str | None, statics: Sequence[AuditStatic] = ()) -> Sources:
    audit = AuditLog(issuances=world.audit, first=START, statics=list(statics))
    return Sources(
        History(lambda *_, **__: []),
        IDENTITY,
        audit,
        each(digest),
        inventory=Inventory("aws", END, ()),
        mounts=MOUNTS,
        namespace=namespace,
    )


@pytest.mark.parametrize(("namespace", "missing"), [("", 1), ("team", 1), ("other", 0), (None, 2)])
def test_the_check_is_about_one_namespace(namespace: str | None, missing: int) -> None:
    world = World()
    for name in ("", "team"):
        world.audited(made_up_key(world.next()), "ada", AT, clear=True)
        world.audit[-1] = replace(world.audit[-1], namespace=name)
    report = check(sources(world, namespace), Window(START, END)).report
    found = report.matching.of(Standing.MISSING)
    assert len(found) == missing
    said = "no issuance of this mount in namespace other, only in the root one, team"
    assert any(said in note for note in report.notes) is (namespace == "other")
    if namespace == "team":
        (row,) = as_json(report)["credentials"]
        assert row["evidence"]["namespace"] == "team"
        assert "ada asked for team/aws/creds/reader" in story.render(story.stories(found, ()), END)


def test_why_denies_were_not_seen_is_said() -> None:
    made = sources(World(), "")
    held = Inventory("aws", END, (), denies_unseen="IAM said no")
    report = check(replace(made, inventory=held), Window(START, END)).report
    assert "IAM said no" in report.notes


def test_who_read_another_namespace_s_static_role_is_no_evidence() -> None:
    from vaultaws.trail import check as checking

    world = World()
    reads = [AuditStatic(AT, "aws", "ci", "k", name) for name in ("", "team")]
    view: AuditView = checking._view(sources(world, "team", statics=reads), Window(START, END), {})
    assert view.statics == [reads[1]]
