"""Policy documents on their way in; and AWS's own ones, loaded on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy

from vaultaws.local.aws import ids
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.iam.state import State
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import MalformedPolicyError, PolicyDocument, parse_policy
from vaultaws.policy.sizes import PolicyTooLargeError, check_trust_size

AWS_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)")


def identity_document(text: str) -> PolicyDocument:
    """Parse a policy for a user, group or role. Raises ApiError MalformedPolicyDocument."""
    return _checked(text, PolicyKind.IDENTITY)


def trust_document(text: str, state: State) -> PolicyDocument:
    """Parse a role's trust policy. Raises ApiError MalformedPolicyDocument or LimitExceeded."""
    within(check_trust_size, text)
    document = _checked(text, PolicyKind.TRUST)
    for statement in document.statements:
        for principals in (statement.principals, statement.not_principals):
            for name in principals.aws if principals is not None else ():
                _check_principal(name, state)
    return document


def within(check: Callable[..., object], *arguments: Any) -> None:
    """Run one of `policy.sizes`' checks. Raises ApiError LimitExceeded."""
    try:
        check(*arguments)
    except PolicyTooLargeError as error:
        raise ApiError("LimitExceeded", str(error), 409) from error


def _checked(text: str, kind: PolicyKind) -> PolicyDocument:
    try:
        document = parse_policy(text)
        check_policy(document, kind)
    except MalformedPolicyError as error:
        raise malformed(str(error)) from error
    return document


def malformed(text: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", text, 400)


def _check_principal(principal: str, state: State) -> None:
    """A user or role of this account that a trust policy names must exist."""
    found = re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}):(user|role)/(?:.*/)?([^/]+)", principal)
    if found is None or found.group(1) != state.account_id:
        return
    kind, name = found.group(2), found.group(3)
    entity = state.backend.users.get(name) if kind == "user" else state.find_role(name)
    if entity is None or entity.arn != principal:
        raise malformed(f'Invalid principal in policy: "AWS":"{principal}"')


def load_aws_policy(arn: str, state: State) -> None:
    """Put an AWS-managed policy that moto ships into the account, unless it is there.

    Loading them all costs 0.4 s and 40 MB; one is cut out of moto's text.
    """
    found = AWS_ARN.fullmatch(arn)
    if found is None or arn in state.backend.managed_policies:
        return
    data = _aws_policy(found.group(1))
    if data is not None:
        _add(found.group(1), data, state, wanted=arn)


def load_all_aws_policies(state: State) -> None:
    """Put every AWS-managed policy into the account, for ListPolicies."""
    if len(state.backend.aws_managed_policies) >= _count():
        return
    for name, data in json.loads(aws_managed_policies_data).items():
        _add(name, data, state)


def _add(name: str, data: dict[str, Any], state: State, wanted: str = "") -> None:
    policy = AWSManagedPolicy.from_data(name, state.account_id, "aws", data)
    if policy.arn in state.backend.managed_policies or wanted not in {"", policy.arn}:
        return
    policy.id = state.new_id(ids.POLICY)
    state.backend.managed_policies[policy.arn] = policy
    state.backend.aws_managed_policies.append(policy)


@lru_cache(maxsize=128)
def _aws_policy(name: str) -> dict[str, Any] | None:
    start = aws_managed_policies_data.find(f'\n "{name}":{{')
    if start < 0:
        return None
    opening = aws_managed_policies_data.index("{", start)
    data: dict[str, Any] = json.JSONDecoder().raw_decode(aws_managed_policies_data, opening)[0]
    return data


@lru_cache(maxsize=1)
def _count() -> int:
    return str(aws_managed_policies_data).count('\n "')
