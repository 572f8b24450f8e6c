"""What IAM itself says a user may do: SimulatePrincipalPolicy.

It weighs identity policies and the boundary with the context it is given (IAM API reference).
It takes no wildcard in an action's name, and leaves out trust policies and service control
policies' finer points: so it is a second opinion, not the last word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

Context = tuple[tuple[str, tuple[str, ...]], ...]
"""Condition keys with their values."""

Question = tuple[str, str, Context]
"""An action without wildcards, the resource it is asked on, and what is known of the call."""

AT_ONCE: Final = 50
"""Actions, and resources, in one request."""


_PAGE: Final = 1000  # results, the most that IAM gives at once
_LISTS: Final = frozenset({"aws:tagkeys"})


@dataclass(frozen=True)
class Opinion:
    """IAM's answer: allowed, implicitDeny or explicitDeny. `missing` are condition keys that a
    policy looks at and nobody gave a value for."""

    decision: str
    missing: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.decision == "allowed"


class Simulator:
    """Asks with one operator's credentials."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        region: str | None = None,
        profile: str | None = None,
    ) -> None:
        self._iam: IAMClient = client(
            "iam", credentials=credentials, region=region, profile=profile
        )

    def ask(
        self, principal_arn: str, questions: Iterable[Question], always: Context = ()
    ) -> dict[Question, Opinion]:
        """Ask all questions of one principal; `always` is known of every call.

        Raises AwsError. A question that IAM skips has no answer.
        """
        found: dict[Question, Opinion] = {}
        for actions, resources, context in batches(questions):
            pages = self._iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal_arn,
                ActionNames=actions,
                ResourceArns=resources,
                ContextEntries=[_entry(name, values) for name, values in (*always, *context)],
                PaginationConfig={"PageSize": _PAGE},
            )
            with translated("simulate the user's policies"):
                for page in pages:
                    for result in page["EvaluationResults"]:
                        resource = result.get("EvalResourceName", "*")
                        missing = tuple(result.get("MissingContextValues", ()))
                        asked = (result["EvalActionName"], resource, context)
                        found[asked] = Opinion(result["EvalDecision"], missing)
        return found


def _entry(name: str, values: tuple[str, ...]) -> ContextEntryTypeDef:
    several = name.lower() in _LISTS or len(values) != 1
    return {
        "ContextKeyName": name,
        "ContextKeyValues": list(values),
        "ContextKeyType": "stringList" if several else "string",
    }


def batches(questions: Iterable[Question]) -> Iterator[tuple[list[str], list[str], Context]]:
    """Requests that ask each question once and nothing else. Pure.

    A request asks every action on every resource in one context, so resources go together that
    are asked the same actions in the same context.
    """
    actions_of: defaultdict[tuple[str, Context], set[str]] = defaultdict(set)
    for action, resource, context in questions:
        actions_of[resource, context].add(action)
    alike: defaultdict[tuple[frozenset[str], Context], list[str]] = defaultdict(list)
    for (resource, context), actions in sorted(actions_of.items()):
        alike[frozenset(actions), context].append(resource)
    for (together, context), resources in alike.items():
        ordered = sorted(together)
        for start in range(0, len(ordered), AT_ONCE):
            for first in range(0, len(resources), AT_ONCE):
                some, where = ordered[start : start + AT_ONCE], resources[first : first + AT_ONCE]
                yield some, where, context
