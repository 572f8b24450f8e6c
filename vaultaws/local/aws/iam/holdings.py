"""Which policies have a say in a caller's requests, as far as IAM's delay lets them be seen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.local.aws.hooks import Propagation
from vaultaws.local.aws.iam.observed import (
    Holdings,
    default_text,
    group_holdings,
    role_holdings,
    user_holdings,
)
from vaultaws.local.aws.iam.state import State
from vaultaws.local.aws.keys import owner_of
from vaultaws.local.aws.moto_door import LOCK
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
    parse_policy,
)
from vaultaws.policy.values import AttachedPolicy, PolicySet

_NOTHING: Final = Holdings()
_ROOT: Final = Holdings(
    inline=(
        (
            "account root",
            (
                '{"Version": "2012-10-17", '
                '"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
            ),
        ),
    )
)
"""Whoever the root federates has what the session policies say, and no less."""

_UNREADABLE: Final = PolicyDocument(
    version=VERSION_2012,
    statements=(Statement(Effect.DENY, actions=("*",), resources=("*",)),),
)


class PolicyBook:
    """Collects policies from the account's state."""

    def __init__(self, state: State, propagation: Propagation) -> None:
        self._state = state
        self._propagation = propagation

    def policies(self, call: Call, caller: Caller) -> PolicySet:
        """Everything `decide` needs for this call. Takes the lock; parses outside of it."""
        now = call.time
        with LOCK:
            own = self._holdings(caller, now)
            identity = list(self._texts(own, now))
            for group_id in own.groups:
                identity += self._texts(self._group(group_id, now), now)
            boundary = self._managed(own.boundary, now) if own.boundary else None
            session = self._session_texts(caller, now)
            trust = self._trust(call, now)
            resource = self._bucket(call)
        return PolicySet(
            identity=_parsed(identity),
            boundary=_boundary(boundary) if boundary else None,
            session=None if session is None else _parsed(session),
            trust=_first(_parsed([trust])) if trust else None,
            resource=_first(_parsed([resource])) if resource else None,
        )

    def of_group(self, group_id: str, now: datetime) -> PolicySet:
        """The policies of a group. Takes the lock."""
        with LOCK:
            texts = list(self._texts(self._group(group_id, now), now))
        return PolicySet(identity=_parsed(texts))

    def role_seen(self, arn: str, now: datetime) -> Holdings | None:
        """The role with this ARN as requests see it; hold the lock."""
        role = self._role_by_arn(arn)
        if role is None:
            return None
        return self._propagation.seen(f"role:{role.id}", role_holdings(role), now)

    def _role_by_arn(self, arn: str) -> Any | None:
        roles = self._state.backend.roles.values()
        return next((role for role in roles if role.arn == arn), None)

    def _holdings(self, caller: Caller, now: datetime) -> Holdings:
        """A session acts within the policies of the user or role behind it."""
        principal_id, name = owner_of(caller)
        if principal_id == caller.account_id:
            return _ROOT
        current: Holdings | None
        if caller.kind is CallerKind.ASSUMED_ROLE:
            role = self._state.backend.roles.get(principal_id)
            current = role_holdings(role) if role is not None else None
            return self._propagation.seen(f"role:{principal_id}", current, now) or _NOTHING
        user = self._state.user_by_id(principal_id, name)
        current = user_holdings(self._state, user) if user is not None else None
        return self._propagation.seen(f"user:{principal_id}", current, now) or _NOTHING

    def _group(self, group_id: str, now: datetime) -> Holdings:
        groups = self._state.backend.groups.values()
        group = next((group for group in groups if group.id == group_id), None)
        current = group_holdings(group) if group is not None else None
        return self._propagation.seen(f"group:{group_id}", current, now) or _NOTHING

    def _texts(self, holdings: Holdings, now: datetime) -> Iterable[tuple[str, str]]:
        yield from holdings.inline
        for arn in holdings.attached:
            yield self._managed(arn, now)

    def _managed(self, arn: str, now: datetime) -> tuple[str, str]:
        policy = self._state.backend.managed_policies.get(arn)
        current = default_text(policy) if policy is not None else ""
        return arn, self._propagation.seen(f"policy:{arn}", current, now) or ""

    def _session_texts(self, caller: Caller, now: datetime) -> list[tuple[str, str]] | None:
        session = caller.session
        if session is None or not (session.policies or session.policy_arns):
            return None
        texts = [("session policy", json.dumps(document)) for document in session.policies]
        return texts + [self._managed(arn, now) for arn in session.policy_arns]

    def _bucket(self, call: Call) -> tuple[str, str] | None:
        """The policy of the bucket that a call of S3 names. A call that reads one bucket and
        writes another (CopyObject) is held to that of the one it writes."""
        name = call.params.get("Bucket") if call.service == "s3" else None
        return (name, self._state.moto.bucket_policy(name)) if isinstance(name, str) else None

    def _trust(self, call: Call, now: datetime) -> tuple[str, str] | None:
        if call.service != "sts" or call.operation != "AssumeRole":
            return None
        arn = str(call.params.get("RoleArn", ""))
        role = self.role_seen(arn, now)
        return (arn, role.trust) if role is not None else None


def _parsed(texts: Iterable[tuple[str, str]]) -> tuple[AttachedPolicy, ...]:
    """The policies there are; a managed one that is gone has no text."""
    return tuple(AttachedPolicy(name, _document(text)) for name, text in texts if text)


def _boundary(text: tuple[str, str]) -> AttachedPolicy:
    """A boundary that is gone allows nothing (IAM user guide, boundaries)."""
    empty = PolicyDocument(version=VERSION_2012, statements=())
    return AttachedPolicy(text[0], _document(text[1]) if text[1] else empty)


def _first(policies: tuple[AttachedPolicy, ...]) -> AttachedPolicy | None:
    return policies[0] if policies else None


def _document(text: str) -> PolicyDocument:
    """CloudFormation stores documents that IAM would refuse. A Deny in one must not be lost, so
    what cannot be read denies everything."""
    try:
        return parse_policy(text)
    except MalformedPolicyError:
        return _UNREADABLE
