"""Made-up calls, callers and outcomes of the local AWS, for tests of what follows the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vaultaws.clock import SystemClock
from vaultaws.local.aws.call import Call, Caller, CallerKind, Outcome, Session

ACCOUNT = "123456789012"
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
USER_KEY = "AKIA" + "U" * 16
SESSION_KEY = "ASIA" + "S" * 16
NEW_KEY = "AKIA" + "N" * 16
SECRET = "never" + "-shown" * 6


class HandClock(SystemClock):
    """A base clock that stands still until a test moves it; waits move it too."""

    def __init__(self, start: datetime = NOON) -> None:
        self.time = start
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return self.time

    def wall(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds


def a_call(
    service: str = "iam",
    operation: str = "CreateUser",
    params: Mapping[str, Any] | None = None,
    *,
    time: datetime = NOON,
    region: str = "us-east-1",
    **changes: Any,
) -> Call:
    call = Call(
        request_id="11111111-2222-4333-8444-555555555555",
        time=time,
        service=service,
        operation=operation,
        region=region,
        protocol="query",
        params=params or {},
        method="POST",
        host=f"{service}.amazonaws.com",
        path="/",
        source_ip="127.0.0.1",
        user_agent="Boto3/1.44 made-up",
    )
    return replace(call, **changes)


def a_user(name: str = "vault-root", **changes: Any) -> Caller:
    caller = Caller(
        kind=CallerKind.IAM_USER,
        account_id=ACCOUNT,
        arn=f"arn:aws:iam::{ACCOUNT}:user/{name}",
        principal_id="AIDA" + "P" * 17,
        access_key_id=USER_KEY,
        user_name=name,
    )
    return replace(caller, **changes)


def a_session(**changes: Any) -> Session:
    session = Session(issued_at=NOON - timedelta(minutes=5), expires_at=NOON + timedelta(hours=1))
    return replace(session, **changes)


def a_federated_user(name: str = "ada") -> Caller:
    return Caller(
        kind=CallerKind.FEDERATED_USER,
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:federated-user/{name}",
        principal_id=f"{ACCOUNT}:{name}",
        access_key_id=SESSION_KEY,
        session=a_session(),
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/vault-root",
        issuer_principal_id="AIDA" + "P" * 17,
        issuer_user_name="vault-root",
    )


def a_role_session(session_name: str = "build-7", **changes: Any) -> Caller:
    return Caller(
        kind=CallerKind.ASSUMED_ROLE,
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/{session_name}",
        principal_id=f"AROA{'R' * 17}:{session_name}",
        access_key_id=SESSION_KEY,
        session=a_session(**changes),
        issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/deploy",
        issuer_principal_id="AROA" + "R" * 17,
        issuer_user_name="deploy",
    )


def answered(**response: Any) -> Outcome:
    return Outcome(status=200, response=response)


def refused(code: str, message: str = "no", status: int = 400) -> Outcome:
    return Outcome(status=status, error_code=code, error_message=message)


def some_credentials(key: str = SESSION_KEY) -> dict[str, Any]:
    """STS's Credentials member, as botocore reads it."""
    return {
        "AccessKeyId": key,
        "SecretAccessKey": SECRET,
        "SessionToken": "token-of-" + key,
        "Expiration": datetime(2026, 11, 20, 13, 4, 5, tzinfo=UTC),
    }
