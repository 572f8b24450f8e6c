"""What IAM itself says a user may do: SimulatePrincipalPolicy.

It weighs identity policies and the boundary with the context it is given (IAM API reference).
It takes no wildcard in an action's name, and leaves out trust policies and service control
policies' finer points: so it is a second opinion, not the last word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import ContextEntryTypeDef

Question = tuple[str, str]
"""An action without wildcards, and the resource it is asked on."""

AT_ONCE: Final = 50
"""Actions, and resources, in one request."""


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

    def __init__(self, credentials: Credentials | None = None, region: str | None = None) -> None:
        self._iam: IAMClient = client("iam", credentials=credentials, region=region)

    def ask(
        self, principal_arn: str, questions: Iterable[Question], context: Mapping[str, str]
    ) -> dict[Question, Opinion]:
        """Ask all questions of one principal. Raises AwsError; a question IAM skips has no key."""
        entries: list[ContextEntryTypeDef] = [
            {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for name, value in context.items()
        ]
        found: dict[Question, Opinion] = {}
        for actions, resources in batches(questions):
            pages = self._iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal_arn,
                ActionNames=actions,
                ResourceArns=resources,
                ContextEntries=entries,
            )
            with translated("simulate the user's policies"):
                for page in pages:
                    for result in page["EvaluationResults"]:
                        asked = result["EvalActionName"], result.get("EvalResourceName", "*")
                        missing = tuple(result.get("MissingContextValues", ()))
                        found[asked] = Opinion(result["EvalDecision"], missing)
        return found


def batches(questions: Iterable[Question]) -> Iterator[tuple[list[str], list[str]]]:
    """Requests that ask each question once and nothing else. Pure.

    A request asks every action on every resource, so resources go together that are asked the
    same actions.
    """
    actions_of: defaultdict[str, set[str]] = defaultdict(set)
    for action, resource in questions:
        actions_of[resource].add(action)
    alike: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for resource, actions in sorted(actions_of.items()):
        alike[frozenset(actions)].append(resource)
    for together, resources in alike.items():
        ordered = sorted(together)
        for start in range(0, len(ordered), AT_ONCE):
            for first in range(0, len(resources), AT_ONCE):
                yield ordered[start : start + AT_ONCE], resources[first : first + AT_ONCE]
