"""The values that pass through the local AWS's gate: a call, its caller, its outcome.

A request becomes a `Call` (routed and parsed), is given a `Caller` by authentication, is allowed
or denied, handled, and ends as an `Outcome`. CloudTrail is written from these three alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class CallerKind(StrEnum):
    """CloudTrail's userIdentity.type (CloudTrail user guide, userIdentity element)."""

    ROOT = "Root"
    IAM_USER = "IAMUser"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"


@dataclass(frozen=True)
class Session:
    """What an STS credential carries with it beyond its owner."""

    issued_at: datetime
    expires_at: datetime
    mfa_at: datetime | None = None  # when the MFA code was given; None without MFA
    policies: tuple[Mapping[str, Any], ...] = ()  # session policy documents
    policy_arns: tuple[str, ...] = ()  # managed session policies
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""
    external_id: str = ""
    chained: bool = False  # minted by a role session: capped at one hour


@dataclass(frozen=True)
class Caller:
    """Who a verified signature says is calling.

    `principal_id` is AIDA… for a user, AROA…:session for a role session,
    ACCOUNT:name for a federated user. `issuer_*` is the role or the user behind a session.
    """

    kind: CallerKind
    account_id: str
    arn: str
    principal_id: str
    access_key_id: str
    user_name: str = ""
    session: Session | None = None
    issuer_arn: str = ""
    issuer_principal_id: str = ""
    issuer_user_name: str = ""  # user or role name


@dataclass(frozen=True)
class Call:
    """One request, routed to a service's operation and parsed with botocore's model of it."""

    request_id: str
    time: datetime  # on the local AWS's own clock
    service: str  # botocore's service name: iam, sts, ec2, s3, cloudtrail …
    operation: str  # CreateUser, GetCallerIdentity …
    region: str
    protocol: str  # query, ec2, json, rest-json, rest-xml
    params: Mapping[str, Any]
    method: str
    host: str
    path: str
    source_ip: str
    user_agent: str
    secure: bool = False
    on_behalf: bool = False  # made by an AWS service for its caller; source_ip names the service


@dataclass(frozen=True)
class Outcome:
    """The answer as botocore's parser reads it. `error_code` is empty on success."""

    status: int
    response: Mapping[str, Any] = field(default_factory=dict)
    error_code: str = ""
    error_message: str = ""
