from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from vaultaws.aws.cutoff import POLICY_NAME, deny_document, moment_of, round_up

MOMENT = datetime(2026, 11, 21, 9, 31, 7, tzinfo=UTC)


def test_the_deny_covers_every_token_of_the_moments_own_second() -> None:
    assert round_up(MOMENT) == MOMENT
    assert round_up(MOMENT + timedelta(microseconds=1)) == MOMENT + timedelta(seconds=1)
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert round_up(elsewhere) == MOMENT


def test_the_document_leaves_long_term_keys_alone() -> None:
    """DateLessThan without IfExists: a request without aws:TokenIssueTime does not match."""
    (statement,) = deny_document(MOMENT)["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-21T09:31:07Z"}
    }


def test_the_moment_is_read_back() -> None:
    assert moment_of(deny_document(MOMENT)) == MOMENT


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Statement": []},
        {"Statement": "x"},
        {"Statement": [{"Effect": "Allow"}]},
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}}]},
        {
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-21T09:31:07"}},
                }
            ]
        },
    ],
)
def test_somebody_elses_policy_is_not_a_cut(document: dict[str, Any]) -> None:
    assert moment_of(document) is None


def test_the_policys_name_is_one_iam_takes() -> None:
    assert POLICY_NAME.replace("-", "").isalnum()
