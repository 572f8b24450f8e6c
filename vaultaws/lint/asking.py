"""What one identity policy allows by itself, by the evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from vaultaws.policy.document import PolicyDocument, parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, Actor, ActorKind, AttachedPolicy, PolicySet

Context = Mapping[str, tuple[str, ...]]


class Holder:
    """An IAM user who has one policy, and roles that trust his account.

    A role to assume must trust its caller, which no file of ours tells; whether the policy allows
    it is asked here.
    """

    def __init__(self, arn: str, document: PolicyDocument) -> None:
        account = arn.split(":")[4]
        self._actor = Actor(ActorKind.USER, arn, account, "", arn)
        self.name = arn.rpartition("/")[2]
        self._own = {"aws:username": (self.name,)}
        self._document = document
        self._trust = AttachedPolicy("trust", _trust(self._actor.root_arn))

    def may(self, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether the policy allows it."""
        return self._allowed(self._document, action, resource, context or {})

    def granted_by(self, action: str, resource: str) -> int | None:
        """The index of the statement that allows it; None when the policy does not."""
        if not self.may(action, resource):
            return None
        alone = (
            replace(self._document, statements=(statement,))
            for statement in self._document.statements
        )
        allowing = (
            index
            for index, document in enumerate(alone)
            if self._allowed(document, action, resource, {})
        )
        return next(allowing, None)

    def _allowed(
        self, document: PolicyDocument, action: str, resource: str, context: Context
    ) -> bool:
        request = AccessRequest(self._actor, action, resource, {**self._own, **context})
        policies = PolicySet(identity=(AttachedPolicy("", document),), trust=self._trust)
        return decide(request, policies).allowed


@lru_cache(maxsize=16)
def _trust(root_arn: str) -> PolicyDocument:
    """A trust policy that leaves the decision to the account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": root_arn}, "Action": "sts:*"}
    return parse_policy({"Version": "2012-10-17", "Statement": [statement]})
