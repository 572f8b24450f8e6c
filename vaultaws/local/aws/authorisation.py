"""May this caller make this call? The evaluator decides; here its answer becomes AWS's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.iam.holdings import PolicyBook
from vaultaws.local.aws.iam.state import State, boundary_of
from vaultaws.local.aws.moto_door import LOCK
from vaultaws.local.aws.refusals import Family, denied
from vaultaws.policy.evaluate import decide
from vaultaws.policy.messages import denial_message
from vaultaws.policy.values import AccessRequest, ActorKind, Decision, Source

_TOKEN_CALLS: Final = frozenset({"sts:GetFederationToken", "sts:GetSessionToken"})


class PolicyAuthoriser:
    """The gate's Authoriser, on the account's own policies."""

    def __init__(self, state: State, book: PolicyBook) -> None:
        self._facts = StateFacts(state)
        self._book = book

    def authorise(self, call: Call, caller: Caller) -> None:
        """Every request that the call stands for must be allowed."""
        if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
            return
        policies = self._book.policies(call, caller)
        for request in access_requests(call, caller, self._facts):
            decision = decide(request, policies)
            if not decision.allowed:
                raise _refusal(call, request, decision)


def _refusal(call: Call, request: AccessRequest, decision: Decision) -> ApiError:
    family = Family.of(call.service, call.protocol)
    if decision.source is not Source.CREDENTIAL:
        return denied(denial_message(request, decision), family)
    if call.service == "iam":
        text = "The security token included in the request is invalid"
        return ApiError("InvalidClientTokenId", text, 403)
    if request.action in _TOKEN_CALLS:
        return denied(f"Cannot call {call.operation} with session credentials", family)
    if request.actor.kind is ActorKind.ROOT:
        return denied("Roles may not be assumed by root accounts.", family)
    return denied(denial_message(request, decision), family)


class StateFacts:
    """The evaluator's look-ups (`actions.facts.Facts`) in moto's state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def path(self, account_id: str, kind: str, name: str) -> str:
        with LOCK:
            entity = self._named(account_id, kind, name)
            return str(entity.path or "/") if entity is not None else "/"

    def tags(self, arn: str) -> Mapping[str, str]:
        with LOCK:
            entity = self._by_arn(arn)
            if entity is None:
                return {}
            tags = self._state.tags_of_user(entity) if ":user/" in arn else list(_tag_list(entity))
            return {tag["Key"]: tag["Value"] for tag in tags}

    def permissions_boundary(self, arn: str) -> str:
        with LOCK:
            entity = self._by_arn(arn)
            return boundary_of(entity) if entity is not None else ""

    def access_key_user(self, account_id: str, access_key_id: str) -> str:
        with LOCK:
            key = self._state.backend.access_keys.get(access_key_id)
            own = account_id == self._state.account_id
            return str(key.user_name or "") if own and key is not None else ""

    def instance_profile_role(self, account_id: str, name: str) -> str:
        with LOCK:
            profile = self._named(account_id, "instance-profile", name)
            return str(profile.roles[0].arn) if profile is not None and profile.roles else ""

    def _named(self, account_id: str, kind: str, name: str) -> Any | None:
        if account_id != self._state.account_id:
            return None
        backend = self._state.backend
        if kind == "user":
            return backend.users.get(name)
        if kind == "group":
            return backend.groups.get(name)
        if kind == "role":
            return self._state.find_role(name)
        if kind == "policy":
            policies = backend.managed_policies.values()
            return next((policy for policy in policies if policy.name == name), None)
        profiles = backend.instance_profiles.values()
        return next((profile for profile in profiles if profile.name == name), None)

    def _by_arn(self, arn: str) -> Any | None:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            return None
        kind, _, rest = parts[5].partition("/")
        entity = self._named(parts[4], kind, rest.rpartition("/")[2])
        return entity if entity is not None and entity.arn == arn else None


def _tag_list(entity: Any) -> list[dict[str, str]]:
    tags = getattr(entity, "tags", None) or []
    return list(tags.values()) if isinstance(tags, dict) else list(tags)
