"""Placeholders of ready policies: `{{bucket}}` stands for a value of the reader's own.

IAM's own variables are written `${aws:username}` and are AWS's to fill; neither can be taken for
the other. A value is accepted only when it is one such name as AWS has it, in letters that mean
nothing to JSON, to IAM's wildcards (`*`, `?`) or to its variables (`$`): it can narrow a policy,
never widen it. Sources: each service's API reference, the bounds of the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
LEFT: Final = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_]*\s*\}\}")
"""What a person may have written for a placeholder too; `lint` refuses all of it."""


class BadPlaceholderValueError(ValueError):
    """A value that is refused. `name` is the placeholder, `rule` what a value must be."""

    def __init__(self, name: str, why: str, rule: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why
        self.rule = rule


@dataclass(frozen=True)
class Kind:
    """What may stand for a placeholder. `rule` says it in words, `example` is accepted."""

    pattern: re.Pattern[str]
    longest: int
    rule: str
    example: str


def _kind(pattern: str, longest: int, rule: str, example: str) -> Kind:
    return Kind(re.compile(pattern), longest, rule, example)


BUCKET: Final = _kind(
    r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]",
    63,
    "a bucket's name: 3 to 63 of a-z, 0-9, - and .",
    "acme-reports",
)
KEY: Final = _kind(
    r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.=@+-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.=@+-]+)*",
    512,
    "letters, digits and _ . = @ + - with / between the parts, and none at the ends",
    "teams/data/daily",
)
ACCOUNT: Final = _kind(r"[0-9]{12}", 12, "an account's number of 12 digits", "111122223333")
REGION: Final = _kind(r"[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}", 32, "a region's name", "eu-west-2")
ROLE: Final = _kind(
    r"(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}",
    256,
    "a role's name, with its path before it if it has one; no ARN",
    "app-task",
)
NAME: Final = _kind(r"[A-Za-z0-9_-]+", 64, "letters, digits, _ and -", "api")
FAMILY: Final = _kind(r"[A-Za-z0-9_-]+", 255, "letters, digits, _ and -", "api")
STACK: Final = _kind(
    r"[A-Za-z][A-Za-z0-9-]*", 128, "letters, digits and -, a letter first", "network"
)
LOG_GROUP: Final = _kind(
    r"[A-Za-z0-9_./#-]+",
    512,
    "a log group's name: letters, digits and _ . / # -",
    "/aws/lambda/api",
)
REPOSITORY: Final = _kind(
    r"[a-z0-9]+(?:[._/-][a-z0-9]+)*", 256, "a-z and 0-9, single . _ / - between them", "acme/api"
)

KINDS: Final[Mapping[str, Kind]] = {
    "account": ACCOUNT,
    "bucket": BUCKET,
    "cluster": FAMILY,
    "execution_role": ROLE,
    "family": FAMILY,
    "function": NAME,
    "function_role": ROLE,
    "log_group": LOG_GROUP,
    "prefix": KEY,
    "region": REGION,
    "repository": REPOSITORY,
    "role": ROLE,
    "service": FAMILY,
    "service_role": ROLE,
    "stack": STACK,
    "state_bucket": BUCKET,
    "state_key": KEY,
    "task_role": ROLE,
}
"""What each placeholder of the library takes."""


def names(text: str) -> tuple[str, ...]:
    """The placeholders of a text, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def left(text: str) -> tuple[str, ...]:
    """What is still to be filled, as it is written, each once."""
    return tuple(dict.fromkeys(LEFT.findall(text)))


def check(name: str, value: str) -> None:
    """Raise BadPlaceholderValueError when the value may not stand for the placeholder."""
    kind = KINDS[name]
    if not value:
        raise BadPlaceholderValueError(name, "it is empty", kind.rule)
    if len(value) > kind.longest:
        why = f"it has {len(value):,} characters, and at most {kind.longest} are taken"
        raise BadPlaceholderValueError(name, why, kind.rule)
    if not kind.pattern.fullmatch(value):
        raise BadPlaceholderValueError(name, _why_not(value), kind.rule)
    if kind is BUCKET:
        _check_bucket(name, value)


def _why_not(value: str) -> str:
    if found := next((mark for mark in "*?" if mark in value), ""):
        return f"{found} is a wildcard to IAM, and would widen the policy"
    if "$" in value:
        return "$ begins a variable to IAM, and could widen the policy"
    return "it is no such name"


def _check_bucket(name: str, value: str) -> None:
    """S3 user guide, "General purpose bucket naming rules"."""
    reserved = value.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or value.endswith(
        ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
    )
    if reserved or _is_address(value):
        why = "S3 keeps such names to itself" if reserved else "it looks like an IP address"
        raise BadPlaceholderValueError(name, why, BUCKET.rule)


def _is_address(value: str) -> bool:
    try:
        IPv4Address(value)
    except AddressValueError:
        return False
    return True


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder filled. Raises BadPlaceholderValueError for the first value
    that is missing or refused; values for placeholders that the text has not are not looked at."""
    for name in names(text):
        check(name, values.get(name, ""))
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)
