"""Builders for policies, actors and requests, shared by the tests of the evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultaws.policy.document import parse_policy
from vaultaws.policy.values import (
    AccessRequest,
    Actor,
    ActorKind,
    AttachedPolicy,
    Context,
)

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/ada"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ops"

Statement = Mapping[str, Any]


def statement(
    effect: str = "Allow",
    action: str | list[str] = "*",
    resource: str | list[str] = "*",
    **more: Any,
) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def trust(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal, **more}


def policy(
    *statements: Statement, name: str = "policy", version: str = "2012-10-17"
) -> AttachedPolicy:
    document = parse_policy({"Version": version, "Statement": list(statements)})
    return AttachedPolicy(name, document)


def user(name: str = "ada", *, account: str = ACCOUNT) -> Actor:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Actor(ActorKind.USER, arn, account, "AIDA" + "A" * 17, arn)


def session_user(*, mfa: bool = False) -> Actor:
    return Actor(
        ActorKind.SESSION_TOKEN, USER_ARN, ACCOUNT, "AIDA" + "A" * 17, USER_ARN, mfa, session=True
    )


def role_session(*, account: str = ACCOUNT) -> Actor:
    return Actor(
        ActorKind.ROLE,
        f"arn:aws:sts::{account}:assumed-role/ops/one",
        account,
        "AROA" + "A" * 17 + ":one",
        f"arn:aws:iam::{account}:role/ops",
        session=True,
    )


def federated(name: str = "vault-1") -> Actor:
    return Actor(
        ActorKind.FEDERATION_TOKEN,
        f"arn:aws:sts::{ACCOUNT}:federated-user/{name}",
        ACCOUNT,
        f"{ACCOUNT}:{name}",
        USER_ARN,
        session=True,
    )


def root(*, session: bool = False, mfa: bool = False) -> Actor:
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    return Actor(ActorKind.ROOT, arn, ACCOUNT, ACCOUNT, arn, mfa, session)


def request(
    action: str = "ec2:DescribeInstances",
    resource: str = "*",
    *,
    actor: Actor | None = None,
    context: Context | None = None,
    resource_account: str = "",
) -> AccessRequest:
    return AccessRequest(actor or user(), action, resource, context or {}, resource_account)
