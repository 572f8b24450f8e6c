"""The account's roles with whom they trust (IAM API reference, ListRoles: the trust policy too)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.aws.sts import explained
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, JsonObject

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True)
class TrustedRole:
    """A role, its trust policy, and how long a session of it may last."""

    name: str
    arn: str
    trust: JsonObject
    longest_seconds: int


def list_roles(credentials: Credentials, *, profile: str | None = None) -> tuple[TrustedRole, ...]:
    """Every role of the caller's account. Raises AwsError."""
    iam: IAMClient = client("iam", credentials=credentials, profile=profile)
    try:
        with translated("list the roles"):
            pages = iam.get_paginator("list_roles").paginate()
            found = [entry for page in pages for entry in page["Roles"]]
    except AwsError as fault:
        raise explained(fault) from None
    return tuple(
        TrustedRole(
            name=each["RoleName"],
            arn=each["Arn"],
            trust=_decoded(each.get("AssumeRolePolicyDocument")),
            longest_seconds=each.get("MaxSessionDuration", 3600),
        )
        for each in found
    )


def _decoded(document: object) -> JsonObject:
    """botocore decodes policy documents into mappings; its stubs say text or mapping."""
    return document if isinstance(document, dict) else {}
