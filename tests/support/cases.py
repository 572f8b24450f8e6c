"""One question, put to our evaluator and to the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.oracle import oracle_allows
from tests.support.policies import ACCOUNT, USER_ARN, user
from vaultaws.policy.document import parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, AttachedPolicy, PolicySet


@dataclass(frozen=True)
class Case:
    """A user asks for one action on one resource, under these policies."""

    statements: list[dict[str, Any]]
    action: str = "s3:GetObject"
    resource: str = "arn:aws:s3:::b/k"
    context: dict[str, str | list[str]] = field(default_factory=dict)
    boundary: list[dict[str, Any]] | None = None
    session: list[dict[str, Any]] | None = None
    on_resource: list[dict[str, Any]] | None = None
    resource_account: str = ACCOUNT
    version: str = "2012-10-17"

    def document(self, statements: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Version": self.version, "Statement": statements}

    def known(self) -> dict[str, str | list[str]]:
        """The oracle adds aws:username by itself, so both are given it."""
        return {"aws:username": "ada", **self.context}


def oracle(case: Case) -> bool:
    def optional(statements: list[dict[str, Any]] | None) -> dict[str, Any] | None:
        return None if statements is None else case.document(statements)

    return oracle_allows(
        USER_ARN,
        case.action,
        case.resource,
        case.known(),
        identity=[case.document([one]) for one in case.statements],
        boundary=optional(case.boundary),
        session=optional(case.session),
        resource_policy=optional(case.on_resource),
        resource_account=case.resource_account,
    )


def ours(case: Case) -> bool:
    def attached(statements: list[dict[str, Any]]) -> AttachedPolicy:
        return AttachedPolicy("p", parse_policy(case.document(statements)))

    on_resource = None if case.on_resource is None else attached(case.on_resource)
    policies = PolicySet(
        identity=tuple(attached([one]) for one in case.statements),
        boundary=None if case.boundary is None else attached(case.boundary),
        session=None if case.session is None else (attached(case.session),),
        trust=on_resource,
        resource=on_resource,
    )
    context = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in case.known().items()
    }
    asked = AccessRequest(user(), case.action, case.resource, context, case.resource_account)
    return decide(asked, policies).allowed
