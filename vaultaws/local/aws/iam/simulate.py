"""SimulatePrincipalPolicy: what a user, group or role may do, by the gate's own evaluator.

Source: IAM API reference, SimulatePrincipalPolicy. Condition keys have the values of
ContextEntries and, where those say nothing, the principal's own name, id and ARN. Only identity
policies and the boundary are weighed: a role to be assumed counts as trusting the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vaultaws.local.aws.actions.context import actor_of, principal_arn
from vaultaws.local.aws.authz import account_named
from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.documents import identity_document
from vaultaws.local.aws.iam.holdings import PolicyBook
from vaultaws.local.aws.iam.state import State, no_such
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    PolicyDocument,
    Principals,
    Statement,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, AttachedPolicy, Context, PolicySet, Source

_PRINCIPAL: Final = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(user|group|role)/(?:[^/]+/)*([^/]+)"
)
MAX_QUESTIONS: Final = 10_000


@dataclass(frozen=True)
class _Question:
    """What is asked of one principal."""

    caller: Caller
    policies: PolicySet
    context: Context

    def results(self, actions: list[str], resources: list[str]) -> Iterator[Mapping[str, Any]]:
        missing = self._missing()
        for action in actions:
            for resource in resources:
                yield self._result(action, resource, missing)

    def _result(self, action: str, resource: str, missing: list[str]) -> Mapping[str, Any]:
        request = AccessRequest(
            actor_of(self.caller), action, resource, self.context, account_named(resource)
        )
        decision = decide(request, self.policies)
        told = decision.policy and decision.source is not Source.TRUST
        matched = [{"SourcePolicyId": decision.policy}] if told else []
        result: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decision.verdict.value,
            "MatchedStatements": matched,
            "MissingContextValues": missing,
        }
        if self.policies.boundary is not None:
            within = decision.source is not Source.BOUNDARY
            result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
        return result

    def _missing(self) -> list[str]:
        """The condition keys of the policies that nobody gave a value for."""
        policies = self.policies.identity
        if self.policies.boundary is not None:
            policies = (*policies, self.policies.boundary)
        keys = (
            condition.key
            for policy in policies
            for statement in policy.document.statements
            for condition in statement.conditions
        )
        return sorted({key for key in keys if key.lower() not in self.context})


class Simulation:
    """Answers for the users, groups and roles of one account."""

    def __init__(self, state: State, book: PolicyBook) -> None:
        self._state = state
        self._book = book

    def handlers(self) -> Handlers:
        return {("iam", "SimulatePrincipalPolicy"): self.simulate}

    def simulate(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        """Runs under `moto_door.LOCK`."""
        actions = list(call.params["ActionNames"])
        resources = list(call.params.get("ResourceArns") or ["*"])
        if len(actions) * len(resources) > MAX_QUESTIONS:
            raise _invalid(f"More than {MAX_QUESTIONS} actions on resources were asked for.")
        for action in actions:
            if "*" in action or "?" in action or ":" not in action:
                raise _invalid(f"{action[:128]} is not the name of one action.")
        caller = self._principal(str(call.params["PolicySourceArn"]))
        question = _Question(caller, self._policies(call, caller), _context(call, caller))
        return _page(list(question.results(actions, resources)), call)

    def _principal(self, arn: str) -> Caller:
        found = _PRINCIPAL.fullmatch(arn)
        if found is None:
            raise _invalid(f"{arn[:256]} is not the ARN of a user, group or role.")
        kind, name = found.groups()
        find = {"user": self._state.user, "group": self._state.group, "role": self._state.role}
        entity = find[kind](name)
        if entity.arn != arn:
            raise no_such(f"The {kind} with ARN {arn} cannot be found.")
        caller = Caller(
            kind=CallerKind.ASSUMED_ROLE if kind == "role" else CallerKind.IAM_USER,
            account_id=self._state.account_id,
            arn=arn,
            principal_id=entity.id,
            access_key_id="",
            user_name=name if kind == "user" else "",
        )
        if kind != "role":
            return caller
        return replace(caller, issuer_arn=arn, issuer_principal_id=entity.id, issuer_user_name=name)

    def _policies(self, call: Call, caller: Caller) -> PolicySet:
        of_group = caller.kind is CallerKind.IAM_USER and not caller.user_name
        policies = (
            self._book.of_group(caller.principal_id, call.time)
            if of_group
            else self._book.policies(call, caller)
        )
        added = _given(call, "PolicyInputList")
        boundary = _given(call, "PermissionsBoundaryPolicyInputList")
        return replace(
            policies,
            identity=policies.identity + added,
            boundary=boundary[0] if boundary else policies.boundary,
            trust=_trusting(caller.account_id),
        )


def _trusting(account_id: str) -> AttachedPolicy:
    """A trust policy that leaves the decision to the account's own policies."""
    principal = Principals(aws=(f"arn:aws:iam::{account_id}:root",))
    statement = Statement(Effect.ALLOW, actions=("sts:*",), principals=principal)
    return AttachedPolicy("trust", PolicyDocument(VERSION_2012, (statement,)))


def _page(results: list[Mapping[str, Any]], call: Call) -> Mapping[str, Any]:
    """One page; the marker is the number of results before the next."""
    marker, most = str(call.params.get("Marker", "0")), int(call.params.get("MaxItems", 100))
    if not marker.isdecimal():
        raise _invalid("The marker is not one of an earlier answer.")
    start = int(marker)
    page: dict[str, Any] = {"EvaluationResults": results[start : start + most]}
    if start + most < len(results):
        return page | {"IsTruncated": True, "Marker": str(start + most)}
    return page | {"IsTruncated": False}


def _given(call: Call, name: str) -> tuple[AttachedPolicy, ...]:
    try:
        return tuple(
            AttachedPolicy(f"{name}.{number}", identity_document(str(text)))
            for number, text in enumerate(call.params.get(name, ()), start=1)
        )
    except ApiError as error:
        raise _invalid(error.message) from error


def _context(call: Call, caller: Caller) -> Context:
    context: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (principal_arn(caller),),
        "aws:principalaccount": (caller.account_id,),
        "aws:userid": (caller.principal_id,),
    }
    if caller.user_name:
        context["aws:username"] = (caller.user_name,)
    for entry in call.params.get("ContextEntries", ()):
        name = str(entry.get("ContextKeyName", "")).lower()
        context[name] = tuple(str(value) for value in entry.get("ContextKeyValues", ()))
    return context


def _invalid(text: str) -> ApiError:
    return ApiError("InvalidInput", text, 400)
