"""From a call and its caller to what IAM is asked: actions, resources and condition keys.

`access_requests` is called for every request; every one of its answers must be allowed by
`policy.evaluate.decide`. Operations without a mapping of their own become `service:Operation` on
"*", which only a policy that names "*" as its resource allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vaultaws.local.aws.actions import ec2, iam, others, s3, sts
from vaultaws.local.aws.actions.context import actor_of, global_context
from vaultaws.local.aws.actions.facts import Ask, Facts, Mapper, Need
from vaultaws.local.aws.actions.prefixes import PREFIXES
from vaultaws.local.aws.call import Call, Caller
from vaultaws.policy.values import AccessRequest

__all__ = ["Facts", "access_requests", "account_named"]

_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/")

_MAPPERS: Final[dict[str, dict[str, Mapper]]] = {
    "cloudformation": others.CLOUDFORMATION,
    "cloudtrail": others.CLOUDTRAIL,
    "dynamodb": others.DYNAMODB,
    "ecs": others.ECS,
    "ec2": ec2.MAPPERS,
    "iam": iam.MAPPERS,
    "lambda": others.LAMBDA,
    "logs": others.LOGS,
    "sqs": others.SQS,
    "sts": sts.MAPPERS,
}

_IN_PART: Final = frozenset({"ecs", "lambda"})


def access_requests(call: Call, caller: Caller, facts: Facts) -> tuple[AccessRequest, ...]:
    """Everything the caller must be allowed to do for this call; never empty."""
    actor = actor_of(caller)
    shared = global_context(call, caller, facts)
    return tuple(
        AccessRequest(
            actor=actor,
            action=need.action,
            resource=need.resource,
            context={**shared, **need.context} if need.context else shared,
            resource_account=account_named(need.resource),
        )
        for need in _needs(Ask(call, caller, facts))
    )


def _needs(ask: Ask) -> tuple[Need, ...]:
    if ask.call.service == "s3":
        return s3.s3_needs(ask)
    mapper = _MAPPERS.get(ask.call.service, {}).get(ask.call.operation)
    if mapper is not None:
        return mapper(ask)
    prefix = PREFIXES.get(ask.call.service, ask.call.service)
    return (Need(f"{prefix}:{ask.call.operation}"), *_passed_roles(ask))


def _passed_roles(ask: Ask) -> Iterator[Need]:
    """A role's ARN among the parameters of a service we do not map whole is taken as handed over
    to that service (IAM user guide, "Grant a user permissions to pass a role")."""
    if ask.call.service in _MAPPERS.keys() - _IN_PART:
        return
    for value in ask.call.params.values():
        if isinstance(value, str) and _ROLE.match(value):
            yield Need("iam:PassRole", value)


def account_named(resource: str) -> str:
    """The account an ARN names; empty when it names none."""
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""
