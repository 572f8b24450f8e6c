"""Policy documents on their way in: grammar, size, principals; and AWS's own, loaded on demand.

Sizes: IAM user guide, "IAM and AWS STS quotas" (white space does not count).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy

from vaultaws.local.aws import ids
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.iam.state import State, over_quota
from vaultaws.local.aws.policy.document import MalformedPolicyError, PolicyDocument, parse_policy

USER_CHARACTERS: Final = 2048
GROUP_CHARACTERS: Final = 5120
ROLE_CHARACTERS: Final = 10_240
MANAGED_CHARACTERS: Final = 6144
TRUST_CHARACTERS: Final = 2048
AWS_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:[\w+=,.@-]+/)*([\w+=,.@-]+)")


def size(text: str) -> int:
    """Characters that count towards a quota."""
    return len(text) - sum(text.count(blank) for blank in " \t\r\n")


def identity_document(text: str) -> PolicyDocument:
    """Parse a policy for a user, group or role. Raises ApiError MalformedPolicyDocument."""
    document = _parsed(text)
    for statement in document.statements:
        if statement.principals is not None or statement.not_principals is not None:
            raise _malformed("Policy document should not specify a principal.")
        if statement.resources is None and statement.not_resources is None:
            raise _malformed("Policy statement must contain resources.")
    return document


def trust_document(text: str, state: State) -> PolicyDocument:
    """Parse a role's trust policy. Raises ApiError MalformedPolicyDocument or LimitExceeded."""
    if size(text) > TRUST_CHARACTERS:
        raise over_quota("ACLSizePerRole", TRUST_CHARACTERS)
    document = _parsed(text)
    for statement in document.statements:
        if statement.principals is None:
            raise _malformed(
                "Has prohibited field Resource"
                if statement.resources
                else "AssumeRole policy must contain a principal"
            )
        if statement.resources is not None or statement.not_resources is not None:
            raise _malformed("Has prohibited field Resource")
        for actions in (statement.actions or (), statement.not_actions or ()):
            if any(not _is_sts(action) for action in actions):
                raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
        for principal in statement.principals.aws:
            _check_principal(principal, state)
    return document


def _is_sts(action: str) -> bool:
    return action == "*" or action.lower().startswith("sts:")


def _check_principal(principal: str, state: State) -> None:
    """A user or role of this account that a trust policy names must exist."""
    found = re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}):(user|role)/(?:.*/)?([^/]+)", principal)
    if found is None or found.group(1) != state.account_id:
        return
    kind, name = found.group(2), found.group(3)
    entity = state.backend.users.get(name) if kind == "user" else state.find_role(name)
    if entity is None or entity.arn != principal:
        raise _malformed(f'Invalid principal in policy: "AWS":"{principal}"')


def _parsed(text: str) -> PolicyDocument:
    try:
        return parse_policy(text)
    except MalformedPolicyError as error:
        raise _malformed(str(error)) from error


def _malformed(text: str) -> ApiError:
    return ApiError("MalformedPolicyDocument", text, 400)


def check_inline_size(kind: str, name: str, texts: list[str], limit: int) -> None:
    """The inline policies of one entity share one quota."""
    if sum(size(text) for text in texts) > limit:
        text = f"Maximum policy size of {limit} bytes exceeded for {kind} {name}"
        raise ApiError("LimitExceeded", text, 409)


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
