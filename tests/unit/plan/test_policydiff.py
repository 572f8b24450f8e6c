"""The difference of two policies, as people read it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.plan.policydiff import policy_lines
from vaultaws.policy.equal import equal

READ = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
KEYS = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-2:1:key/k"}
BAN = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}


def document(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def changed(statement: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**statement, **more}


def test_only_the_values_that_differ_are_shown() -> None:
    new = document(changed(READ, Action=["S3:get*", "s3:Put*", "s3:DeleteObject"]))
    assert policy_lines(document(READ), new) == (
        "  Statement[0].Action",
        '- "s3:List*"',
        '+ "s3:Put*"',
        '+ "s3:DeleteObject"',
    )


def test_statements_are_paired_by_sid_then_by_likeness_wherever_they_stand() -> None:
    old = document(READ, KEYS, BAN)
    other = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEYS["Resource"]}
    new = document(BAN, other, changed(READ, Action="sqs:*", Resource="arn:aws:sqs:*:1:q"))
    assert policy_lines(old, new) == (
        "  Statement[1].Action",
        '- "kms:Decrypt"',
        '+ "kms:Encrypt"',
        "  Statement[2].Action",
        '- "s3:Get*"',
        '- "s3:List*"',
        '+ "sqs:*"',
        "  Statement[2].Resource",
        '- "*"',
        '+ "arn:aws:sqs:*:1:q"',
    )


def test_a_statement_without_a_partner_is_shown_whole() -> None:
    lines = policy_lines(document(READ), document(READ, BAN))
    assert lines[0] == "  Statement[1]"
    assert all(line.startswith("+ ") for line in lines[1:])
    assert json.loads("\n".join(line[2:] for line in lines[1:])) == BAN
    gone = policy_lines(document(READ, BAN), document(READ))
    assert gone[0] == "  Statement[1]"
    assert {line[:2] for line in gone[1:]} == {"- "}


def test_conditions_versions_sids_and_effects() -> None:
    old = document(changed(READ, Condition={"StringEquals": {"aws:x": ["a", "b"]}}))
    condition = {"stringequals": {"AWS:X": "b"}, "Bool": {"aws:mfa": True}}
    new = document(changed(READ, Effect="Deny", Sid="", Condition=condition), version="2008-10-17")
    assert policy_lines(old, new) == (
        "  Version",
        '- "2012-10-17"',
        '+ "2008-10-17"',
        *(
            "  Statement[0]",
            *(f"- {line}" for line in json.dumps(old["Statement"][0], indent=2).splitlines()),
        ),
        *(
            "  Statement[0]",
            *(f"+ {line}" for line in json.dumps(new["Statement"][0], indent=2).splitlines()),
        ),
    )
    same_effect = document(changed(READ, Condition=condition))
    assert policy_lines(old, same_effect) == (
        "  Statement[0].Condition.stringequals.AWS:X",
        '- "a"',
        "  Statement[0].Condition.Bool.aws:mfa",
        '+ "true"',
    )
    assert policy_lines(same_effect, document(READ)) == (
        "  Statement[0].Condition.stringequals.AWS:X",
        '- "b"',
        "  Statement[0].Condition.Bool.aws:mfa",
        '- "true"',
    )


def test_an_element_that_becomes_its_opposite() -> None:
    new = document({"Sid": "Read", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    assert policy_lines(document(READ), new) == (
        "  Statement[0].Action",
        '- "s3:Get*"',
        '- "s3:List*"',
        "  Statement[0].NotAction",
        '+ "iam:*"',
    )


def test_a_principal_is_shown_as_it_is_written() -> None:
    old, new = changed(READ, Principal="*"), changed(READ, Principal={"AWS": "111122223333"})
    assert policy_lines(document(old), document(new)) == (
        "  Statement[0].Principal",
        '- "*"',
        '+ {"AWS": "111122223333"}',
    )


def test_a_policy_that_comes_or_goes_is_shown_whole() -> None:
    assert policy_lines(None, None) == ()
    assert {line[:2] for line in policy_lines(None, document(READ))} == {"+ "}
    assert {line[:2] for line in policy_lines(document(READ), None)} == {"- "}


def test_what_is_no_policy_is_compared_as_json() -> None:
    assert policy_lines({"a": 1, "b": 2}, {"b": 3, "a": 1}) == ('- "b": 2', '+ "b": 3')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("Statement", "Action", "Sid", "Condition")), inner)
    ),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from(("Version", "Statement", "Id", "x")), JSON, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_whatever_the_server_holds_is_no_fault(old: Any, new: Any) -> None:
    lines = policy_lines(old, new)
    assert all(line[:2] in {"  ", "- ", "+ "} for line in lines)
    assert (lines == ()) is equal(old, new)


def test_many_statements_are_no_burden() -> None:
    size = 300
    old = document(*(changed(READ, Sid="", Resource=f"arn:aws:s3:::{n}") for n in range(size)))
    new = document(*(changed(KEYS, Resource=f"arn:aws:s3:::{n}x") for n in range(size)))
    assert len(policy_lines(old, new)) > size
