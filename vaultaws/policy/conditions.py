"""Condition operators (IAM user guide, "Policy elements: Condition operators").

Rules worth knowing:
- several values: one must match; a negated operator matches when none does (NOR);
- a missing key: no match, but negated operators match; IfExists and ForAllValues match;
  ForAnyValue does not;
- a value that cannot be read (a number that is none, a broken date), on either side: no match,
  negated or not;
- an operator that is not known, or a plain operator on several values: UNKNOWN, so that an Allow
  does not apply and a Deny does. A condition that is plainly not met still takes the statement out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from vaultaws.policy.document import Condition
from vaultaws.policy.operators import OPERATORS, ValueTest
from vaultaws.policy.values import Context, Truth

ConditionTest = Callable[[Context], Truth]

_OPERATOR: Final = re.compile(r"(?:(forallvalues|foranyvalue):)?([a-z]+?)(ifexists)?")


def compile_condition(condition: Condition, *, variables: bool) -> ConditionTest:
    """Make the test for one operator and key. `variables` is true in version 2012-10-17."""
    key = condition.key.lower()
    parsed = _OPERATOR.fullmatch(condition.operator.lower())
    if parsed is None:
        return _unknown
    quantifier, name, if_exists = parsed.groups()
    if name == "null":
        return _null_test(key, condition.values) if not (quantifier or if_exists) else _unknown
    operator = OPERATORS.get(name)
    if operator is None:
        return _unknown
    test = operator.build(condition.values, variables)
    if quantifier is None:
        return _plain(key, test, negated=operator.negated, if_exists=bool(if_exists))
    every = quantifier == "forallvalues"
    return _quantified(key, test, operator.negated, every=every, if_exists=bool(if_exists))


def is_known(operator: str) -> bool:
    """Whether IAM has such a condition operator."""
    parsed = _OPERATOR.fullmatch(operator.lower())
    if parsed is None:
        return False
    quantifier, name, if_exists = parsed.groups()
    return name in OPERATORS or (name == "null" and not quantifier and not if_exists)


def _unknown(_context: Context) -> Truth:
    return Truth.UNKNOWN


def _truth(value: bool) -> Truth:
    return Truth.YES if value else Truth.NO


def _null_test(key: str, values: tuple[str, ...]) -> ConditionTest:
    wanted = {value.lower() for value in values}

    def test(context: Context) -> Truth:
        missing = not any(context.get(key, ()))
        return _truth(("true" if missing else "false") in wanted)

    return test


def _plain(key: str, test: ValueTest, *, negated: bool, if_exists: bool) -> ConditionTest:
    when_missing = _truth(negated or if_exists)
    wanted = not negated

    def plain(context: Context) -> Truth:
        values = context.get(key, ())
        if not values:
            return when_missing
        if len(values) > 1:
            return Truth.UNKNOWN
        return _truth(test(values[0], context) is wanted)

    return plain


def _quantified(
    key: str, test: ValueTest, negated: bool, *, every: bool, if_exists: bool
) -> ConditionTest:
    when_missing = _truth(every or if_exists)
    wanted = not negated
    combine = all if every else any

    def quantified(context: Context) -> Truth:
        values = context.get(key, ())
        if not any(values):
            return when_missing
        return _truth(combine(test(value, context) is wanted for value in values))

    return quantified
