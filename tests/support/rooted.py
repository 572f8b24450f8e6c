"""Made-up facts of an engine's own key, for tests of what is said and decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vaultaws.aws.identity import AccessKey
from vaultaws.aws.policies_of import Held, HeldPolicy, User
from vaultaws.model import RootConfig, ServerHealth, ServerProduct
from vaultaws.root.facts import RootFacts

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:user/vault-root"
KEY = "AKIA" + "R" * 16
SPARE = "AKIA" + "S" * 16
USER = User("vault-root", ARN, "AIDA" + "U" * 17, NOW - timedelta(days=500))
VAULT = ServerHealth(ServerProduct.VAULT, "1.21.1", True, False, False)
OPENBAO = ServerHealth(ServerProduct.OPENBAO, "2.7.2", True, False, False)


def a_key(
    key_id: str = KEY, *, days: float = 10, used: timedelta | None = None, active: bool = True
) -> AccessKey:
    """A key made `days` ago and used `used` ago, or never."""
    moment = None if used is None else NOW - used
    where = ("ec2", "eu-west-2") if used is not None else ("", "")
    return AccessKey(key_id, "vault-root", active, NOW - timedelta(days=days), moment, *where)


def some_facts(**changes: Any) -> RootFacts:
    """A mount whose key AWS knows, alone."""
    known: dict[str, Any] = {
        "address": "https://vault.corp:8200",
        "mount": "aws",
        "health": VAULT,
        "taken_at": NOW,
        "root": RootConfig(access_key_id=KEY, region="eu-west-2"),
        "owner": "vault-root",
        "user": USER,
        "keys": (a_key(),),
    }
    return RootFacts(**{**known, **changes})


def statement(effect: str, *actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def holding(*statements: Mapping[str, Any], **changes: Any) -> Held:
    """The user with one inline policy of these statements."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    policies = (HeldPolicy("vault-root/own", policy),) if statements else ()
    return Held(**{"user": USER, "policies": policies, **changes})
