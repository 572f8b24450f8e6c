"""Ready policies filled with made-up values, and asked as IAM is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.askers import Account, ada, call
from tests.support.policies import ACCOUNT
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Caller
from vaultaws.policy import placeholders
from vaultaws.policy.document import parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.ready import ReadyPolicy, library
from vaultaws.policy.values import AttachedPolicy, PolicySet

LIBRARY = library()
VALUES: Mapping[str, str] = {
    **{name: kind.example for name, kind in placeholders.KINDS.items()},
    "account": ACCOUNT,
    "bucket": "shared",
    "prefix": "teams/data",
    "log_group": "/app/api",
    "execution_role": "pull",
    "task_role": "app",
    "function_role": "app",
    "service_role": "builder",
    "cluster": "live",
    "service": "api",
    "state_bucket": "state",
    "state_key": "live/net.tfstate",
    "role": "OpsSudo",
}


def text_of(name: str, **values: str) -> str:
    """A policy of the library, filled."""
    return placeholders.fill(LIBRARY[name].text, {**VALUES, **values})


def document_of(name: str, **values: str) -> Any:
    return json.loads(text_of(name, **values))


def policies(*names: str) -> PolicySet:
    """What a user has who holds these policies."""
    return PolicySet(
        identity=tuple(AttachedPolicy(name, parse_policy(text_of(name))) for name in names)
    )


def may(
    held: PolicySet, service: str, operation: str, caller: Caller | None = None, /, **params: Any
) -> bool:
    """Whether Ada (or another caller) may make the call, by everything that IAM is asked for it."""
    asked = access_requests(call(service, operation, **params), caller or ada(), Account())
    return all(decide(request, held).allowed for request in asked)


def samples(policy: ReadyPolicy) -> dict[str, str]:
    """The made-up value of each of its placeholders."""
    return {name: VALUES[name] for name in policy.placeholders}
