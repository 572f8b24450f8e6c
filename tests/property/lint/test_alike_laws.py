"""Asking for roles that are alike as one finds exactly what asking for each finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vaultaws.lint.alike import gathered
from vaultaws.lint.asking import Holder
from vaultaws.lint.needs import Ground, needs
from vaultaws.lint.rootpolicy import lacking
from vaultaws.model import CredentialType, Role
from vaultaws.policy.document import parse_policy

ROLES = st.lists(
    st.builds(
        Role,
        name=st.sampled_from([f"r{n}" for n in range(12)] + ["admin", "a.dmin"]),
        credential_type=st.sampled_from(list(CredentialType)),
        policy_document=st.sampled_from([None, {}]),
        policy_arns=st.sampled_from([(), ("arn:aws:iam::aws:policy/ReadOnlyAccess",)]),
        role_arns=st.sampled_from([(), ("arn:aws:iam::123456789012:role/vault-a",)]),
        user_path=st.sampled_from(["", "/lent/"]),
        iam_groups=st.sampled_from([(), ("g",)]),
    ),
    max_size=14,
    unique_by=lambda role: role.name,
)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": st.sampled_from(["*", "iam:*", "sts:*", "iam:CreateUser", "iam:List*"]),
        "Resource": st.sampled_from(
            [
                "*",
                "arn:aws:iam::*:user/vault-*",
                "arn:aws:iam::*:user/vault-*-admin-*",
                "arn:aws:iam::*:user/*/vault-*-r1-*",
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::*:role/vault-*",
            ]
        ),
    }
)


@settings(deadline=None)
@given(ROLES, st.lists(STATEMENTS, min_size=1, max_size=4))
def test_together_is_as_one_by_one(roles: Sequence[Role], statements: list[Any]) -> None:
    document = parse_policy({"Version": "2012-10-17", "Statement": statements})
    ground = Ground()
    own = Holder(ground.own_arn, document)
    asked, stands_for = gathered(roles, ground, own, document)
    together = lacking(needs(asked, ground=ground), own, stands_for)
    each = lacking(needs(roles, ground=ground), own, {})
    assert {group: set(held) for group, held in together.items()} == {
        group: set(held) for group, held in each.items()
    }
