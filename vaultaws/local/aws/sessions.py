"""What STS sessions may be: durations, session policies and their packed size, tags.

Pure functions of values. Source: AWS STS API reference, AssumeRole, GetFederationToken,
GetSessionToken; IAM user guide, "Pass session tags in AWS STS" and "IAM and AWS STS quotas".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.local.aws.call import Session
from vaultaws.local.aws.hooks import ApiError
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import MalformedPolicyError, parse_policy
from vaultaws.policy.sizes import (
    PackedPolicyTooLargeError,
    SessionPolicyTooLongError,
    check_session_size,
)

MAX_POLICY_ARNS: Final = 10
CHAINED_SECONDS: Final = 3600
ROOT_SECONDS: Final = 3600
DEFAULT_ROLE_SECONDS: Final = 3600
DEFAULT_TOKEN_SECONDS: Final = 43_200

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """The session policies and tags of a request. `packed_percent` is None without any."""

    policies: tuple[Mapping[str, Any], ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] | None = None
    transitive: tuple[str, ...] = ()
    packed_percent: int | None = None


def limits_of(params: Params, behind: Session | None) -> Limits:
    """Read and check policies and tags; `behind` is the session that assumes a role, if any.

    Raises ApiError: ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.
    """
    text = str(params.get("Policy", ""))
    arns = tuple(str(item.get("arn", "")) for item in params.get("PolicyArns", ()))
    own = _own_tags(params.get("Tags", ()))
    inherited = _inherited(behind)
    transitive = _transitive(params.get("TransitiveTagKeys", ()), own, inherited)
    tags = {**inherited, **own}
    percent = _packed(text, arns, tags)
    return Limits(
        policies=(_document(text),) if text else (),
        policy_arns=_checked_arns(arns),
        tags=tags,
        transitive=transitive,
        packed_percent=percent if text or arns or tags else None,
    )


def _document(text: str) -> Mapping[str, Any]:
    try:
        check_policy(parse_policy(text), PolicyKind.IDENTITY)
        decoded: Mapping[str, Any] = json.loads(text)
    except MalformedPolicyError as error:
        raise ApiError("MalformedPolicyDocument", str(error), 400) from error
    return decoded


def _checked_arns(arns: tuple[str, ...]) -> tuple[str, ...]:
    if len(arns) > MAX_POLICY_ARNS:
        raise _invalid(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_POLICY_ARNS}"
        )
    return arns


def _own_tags(items: Sequence[Mapping[str, str]]) -> dict[str, str]:
    tags = {item["Key"]: item["Value"] for item in items}
    if len({key.lower() for key in tags}) < len(items):
        raise ApiError(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            400,
        )
    return tags


def _inherited(behind: Session | None) -> dict[str, str]:
    if behind is None:
        return {}
    keys = behind.transitive_tag_keys
    return {key: value for key, value in behind.tags.items() if key in keys}


def _transitive(
    keys: Sequence[str], own: Mapping[str, str], inherited: Mapping[str, str]
) -> tuple[str, ...]:
    taken = {key.lower() for key in inherited}
    if taken & {key.lower() for key in own}:
        raise ApiError(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session.",
            400,
        )
    if not set(keys) <= set(own):
        raise ApiError(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
            400,
        )
    return (*inherited, *dict.fromkeys(keys))


def _packed(text: str, arns: Sequence[str], tags: Mapping[str, str]) -> int:
    try:
        return check_session_size(text, arns, tags)
    except SessionPolicyTooLongError as error:
        raise _invalid(str(error)) from error
    except PackedPolicyTooLargeError as error:
        raise ApiError("PackedPolicyTooLarge", str(error), 400) from error


def role_seconds(asked: int | None, *, role_max: int, chained: bool) -> int:
    """How long a role session lasts. Raises ApiError ValidationError above a bound."""
    seconds = DEFAULT_ROLE_SECONDS if asked is None else asked
    if chained and seconds > CHAINED_SECONDS:
        raise _invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    if seconds > role_max:
        raise _invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def token_seconds(asked: int | None, *, root: bool) -> int:
    """How long the tokens of GetFederationToken and GetSessionToken last."""
    seconds = DEFAULT_TOKEN_SECONDS if asked is None else asked
    return min(seconds, ROOT_SECONDS) if root else seconds


def source_identity(asked: str, behind: Session | None) -> str:
    """A source identity, once set, stays through role chaining. Raises ApiError AccessDenied."""
    kept = behind.source_identity if behind is not None else ""
    if kept and asked and asked != kept:
        text = "The source identity of the calling session cannot be changed."
        raise ApiError("AccessDenied", text, 403)
    return kept or asked


def _invalid(text: str) -> ApiError:
    return ApiError("ValidationError", text, 400)
