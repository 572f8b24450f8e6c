"""The base operators: one value of the request against the values of the policy.

Sources: IAM user guide, "Policy elements: Condition operators"; dates are the W3C's profile of
ISO 8601 or seconds since 1970. Only string and ARN operators read policy variables ("Policy
variables and tags").
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

from vaultaws.policy.match import (
    ARN_PARTS,
    Fragment,
    Mode,
    expression,
    fill,
    literal_template,
    template,
)
from vaultaws.policy.values import Context

ValueTest = Callable[[str, Context], bool | None]
"""One request value against all policy values: None when a value cannot be read."""

Values = tuple[str, ...]

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Operator:
    """How to make the test from the policy's values, and whether its answer is turned round."""

    build: Callable[[Values, bool], ValueTest]
    negated: bool = False


def _any_of(answers: list[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def _equal_strings(values: Values, variables: bool, *, ignore_case: bool = False) -> ValueTest:
    fold = str.lower if ignore_case else str
    templates = [literal_template(value, variables=variables) for value in values]
    fixed = frozenset(fold("".join(map(str, parts))) for parts in templates if _is_fixed(parts))
    open_ones = [parts for parts in templates if not _is_fixed(parts)]

    def test(actual: str, context: Context) -> bool:
        folded = fold(actual)
        if folded in fixed:
            return True
        filled = (fill(parts, context, escape=False) for parts in open_ones)
        return any(text is not None and fold(text) == folded for text in filled)

    return test


def _like(values: Values, variables: bool, *, mode: Mode = Mode.TEXT) -> ValueTest:
    templates = [template(value, mode, variables=variables) for value in values]

    def test(actual: str, context: Context) -> bool:
        filled = (fill(parts, context, escape=True) for parts in templates)
        return any(
            source is not None and expression(source).fullmatch(actual) is not None
            for source in filled
        )

    return test


def _is_fixed(parts: tuple[Fragment, ...]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _arn_like(values: Values, variables: bool) -> ValueTest:
    readable = tuple(value for value in values if _is_arn(value))
    test_readable = _like(readable, variables, mode=Mode.ARN)
    otherwise = False if len(readable) == len(values) else None

    def test(actual: str, context: Context) -> bool | None:
        if not _is_arn(actual):
            return None
        return test_readable(actual, context) or otherwise

    return test


def _is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= ARN_PARTS - 1


def _compared(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool], values: Values, _: bool
) -> ValueTest:
    wanted = [read(value) for value in values]

    def test(actual: str, _context: Context) -> bool | None:
        found = read(actual)
        if found is None:
            return None
        return _any_of([None if want is None else compare(found, want) for want in wanted])

    return test


@lru_cache(maxsize=1024)
def read_number(text: str) -> Decimal | None:
    """An integer or decimal number; None for anything else."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=1024)
def read_date(text: str) -> Decimal | None:
    """Seconds since 1970 of a W3C date or of a plain number; None for anything else.

    Four digits are a year. Without a zone it is UTC.
    """
    parts = _DATE.fullmatch(text)
    if parts is None:
        return read_number(text)
    day = f"{parts['year']}-{parts['month'] or '01'}-{parts['day'] or '01'}"
    try:
        moment = datetime.fromisoformat(f"{day}T{parts['clock'] or '00:00'}{parts['zone'] or 'Z'}")
    except ValueError:
        return None
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole = elapsed.days * 86_400 + elapsed.seconds
    return whole + Decimal(elapsed.microseconds) / 1_000_000


def _read_bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _read_bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=1024)
def _read_network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _within(found: Network, wanted: Network) -> bool:
    return (
        found.version == wanted.version
        and found.prefixlen >= wanted.prefixlen
        and found.network_address in wanted
    )


def _numeric(compare: Callable[[Any, Any], bool], *, negated: bool = False) -> Operator:
    return Operator(partial(_compared, read_number, compare), negated)


def _date(compare: Callable[[Any, Any], bool], *, negated: bool = False) -> Operator:
    return Operator(partial(_compared, read_date, compare), negated)


_equal_bools = partial(_compared, _read_bool, operator.eq)
_equal_any_case = partial(_equal_strings, ignore_case=True)
_in_network = partial(_compared, _read_network, _within)

OPERATORS: Final[dict[str, Operator]] = {
    "stringequals": Operator(_equal_strings),
    "stringnotequals": Operator(_equal_strings, negated=True),
    "stringequalsignorecase": Operator(_equal_any_case),
    "stringnotequalsignorecase": Operator(_equal_any_case, negated=True),
    "stringlike": Operator(_like),
    "stringnotlike": Operator(_like, negated=True),
    "numericequals": _numeric(operator.eq),
    "numericnotequals": _numeric(operator.eq, negated=True),
    "numericlessthan": _numeric(operator.lt),
    "numericlessthanequals": _numeric(operator.le),
    "numericgreaterthan": _numeric(operator.gt),
    "numericgreaterthanequals": _numeric(operator.ge),
    "dateequals": _date(operator.eq),
    "datenotequals": _date(operator.eq, negated=True),
    "datelessthan": _date(operator.lt),
    "datelessthanequals": _date(operator.le),
    "dategreaterthan": _date(operator.gt),
    "dategreaterthanequals": _date(operator.ge),
    "bool": Operator(_equal_bools),
    "binaryequals": Operator(partial(_compared, _read_bytes, operator.eq)),
    "ipaddress": Operator(_in_network),
    "notipaddress": Operator(_in_network, negated=True),
    "arnequals": Operator(_arn_like),
    "arnlike": Operator(_arn_like),
    "arnnotequals": Operator(_arn_like, negated=True),
    "arnnotlike": Operator(_arn_like, negated=True),
}
"""By name in lower case: IAM does not mind the case of an operator."""
