"""Callers, calls and facts for the tests of authorisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.policies import ACCOUNT, ROLE_ARN, USER_ARN
from vaultaws.local.aws.call import Call, Caller, CallerKind, Session

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
KEY = "AKIA" + "0" * 16
TEMPORARY_KEY = "ASIA" + "0" * 16
USER_ID = "AIDA" + "0" * 17
ROLE_ID = "AROA" + "0" * 17


@dataclass(frozen=True)
class Account:
    """The facts of an account, as plain mappings."""

    paths: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tags_by_arn: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    boundaries: Mapping[str, str] = field(default_factory=dict)
    key_users: Mapping[str, str] = field(default_factory=dict)
    profile_roles: Mapping[str, str] = field(default_factory=dict)

    def path(self, account_id: str, kind: str, name: str) -> str:
        return self.paths.get((kind, name), "/")

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.tags_by_arn.get(arn, {})

    def permissions_boundary(self, arn: str) -> str:
        return self.boundaries.get(arn, "")

    def access_key_user(self, account_id: str, access_key_id: str) -> str:
        return self.key_users.get(access_key_id, "")

    def instance_profile_role(self, account_id: str, name: str) -> str:
        return self.profile_roles.get(name, "")


def session(*, mfa_minutes_ago: int | None = None, **more: Any) -> Session:
    issued_at = NOW - timedelta(minutes=30)
    mfa_at = None if mfa_minutes_ago is None else NOW - timedelta(minutes=mfa_minutes_ago)
    return Session(issued_at, issued_at + timedelta(hours=1), mfa_at=mfa_at, **more)


def ada(own_session: Session | None = None) -> Caller:
    key = KEY if own_session is None else TEMPORARY_KEY
    return Caller(CallerKind.IAM_USER, ACCOUNT, USER_ARN, USER_ID, key, "ada", own_session)


def role_caller(own_session: Session | None = None) -> Caller:
    return Caller(
        CallerKind.ASSUMED_ROLE,
        ACCOUNT,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/one",
        f"{ROLE_ID}:one",
        TEMPORARY_KEY,
        session=own_session or session(),
        issuer_arn=ROLE_ARN,
        issuer_principal_id=ROLE_ID,
        issuer_user_name="ops",
    )


def federated_caller(own_session: Session | None = None) -> Caller:
    return Caller(
        CallerKind.FEDERATED_USER,
        ACCOUNT,
        f"arn:aws:sts::{ACCOUNT}:federated-user/vault-1",
        f"{ACCOUNT}:vault-1",
        TEMPORARY_KEY,
        session=own_session or session(),
        issuer_arn=USER_ARN,
        issuer_principal_id=USER_ID,
        issuer_user_name="ada",
    )


def root_caller() -> Caller:
    return Caller(CallerKind.ROOT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, KEY)


def call(service: str, operation: str, /, *, region: str = "eu-west-2", **params: Any) -> Call:
    return Call(
        request_id="r-1",
        time=NOW,
        service=service,
        operation=operation,
        region=region,
        protocol="query",
        params=params,
        method="POST",
        host="127.0.0.1",
        path="/",
        source_ip="192.0.2.7",
        user_agent="aws-cli/2",
    )
