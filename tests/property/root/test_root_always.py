"""What always holds of simulations' batches, of judgements, and of rotations on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import FixedClock
from tests.support.rooted import holding, statement
from vaultaws.aws.simulate import AT_ONCE, Opinion, Question, batches
from vaultaws.leases.target import Target
from vaultaws.root.journal import Journal, Kind
from vaultaws.root.rights import Standing, Wanted, judge

contexts = st.lists(
    st.tuples(st.sampled_from(["a:x", "a:y"]), st.tuples(st.sampled_from("12"))), max_size=2
).map(tuple)
questions = st.lists(
    st.tuples(
        st.integers(0, 70).map("iam:Do{}".format),
        st.integers(0, 70).map("arn:{}".format),
        contexts,
    ),
    max_size=300,
)


@given(questions)
def test_batches_ask_each_question_once_and_nothing_else(asked: list[Question]) -> None:
    found = [
        (action, resource, context)
        for actions, resources, context in batches(asked)
        for action in actions
        for resource in resources
    ]
    assert sorted(found) == sorted(set(asked))
    sizes = [(len(actions), len(resources)) for actions, resources, _ in batches(asked)]
    assert all(0 < size <= AT_ONCE for pair in sizes for size in pair)


actions = st.sampled_from(["iam:GetUser", "iam:CreateUser", "iam:*", "*", "sts:*", "iam:Get*"])
conditions = st.sampled_from(
    [
        {},
        {"Condition": {"StringEquals": {"aws:username": "vault-root"}}},
        {"Condition": {"StringEquals": {"aws:username": "other"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-2"}}},
    ]
)
statements = st.lists(
    st.tuples(st.sampled_from(["Allow", "Deny"]), actions, conditions).map(
        lambda parts: {**statement(parts[0], parts[1]), **parts[2]}
    ),
    max_size=5,
)
WANTED = Wanted("iam:GetUser", "arn:x", ("reader",))


@given(statements, statements)
def test_another_allow_never_takes_a_right_away(
    some: list[dict[str, object]], more: list[dict[str, object]]
) -> None:
    added = [one for one in more if one["Effect"] == "Allow"]
    (before,) = judge([WANTED], holding(*some), {}, {})
    (after,) = judge([WANTED], holding(*some, *added), {}, {})
    if before.computed is Standing.ALLOWED:
        assert after.computed is Standing.ALLOWED
    if after.computed is Standing.DENIED:
        assert before.computed is Standing.DENIED


@given(statements)
def test_without_conditions_every_right_is_decided(some: list[dict[str, object]]) -> None:
    plain = [{**one, "Condition": {}} for one in some]
    (found,) = judge([WANTED], holding(*plain), {}, {})
    assert found.computed is not Standing.UNKNOWN


@given(statements, st.sampled_from(["allowed", "implicitDeny", "explicitDeny"]))
def test_where_iam_spoke_its_word_counts(some: list[dict[str, object]], decision: str) -> None:
    opinions = {WANTED.question: Opinion(decision)}
    (found,) = judge([WANTED], holding(*some), opinions, {})
    expected = Standing.ALLOWED if decision == "allowed" else Standing.DENIED
    assert found.standing is expected
    assert found.disagree == (found.computed not in {expected, Standing.UNKNOWN})


@given(
    st.sampled_from(Kind),
    st.text(max_size=40),
    st.dictionaries(st.text(max_size=20), st.text(max_size=100), max_size=5),
)
def test_a_rotation_is_read_back_as_it_was_written(
    kind: Kind, name: str, details: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        target = Target("https://vault.corp:8200", "", "aws")
        journal = Journal(Path(directory) / "root", target, FixedClock())
        with journal.begin(kind, details, name) as work:
            pass
        found = journal.unfinished(kind, name)
        assert found is not None
        assert found.operation == work.operation
        assert (found.operation.name, found.operation.details) == (name, details)
