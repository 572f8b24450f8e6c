"""The names that the engine gives to what it issues, from its `username_template`.

The engine runs the template for Type IAM (users and role sessions, 64 characters at most, with the
login's display name and the role's name) or Type STS (federated users, 32 at most, with neither);
secret_access_keys.go. Its functions: sdk/helper/template of Vault.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vaultaws.lint.gotemplate import (
    Function,
    Node,
    TemplateNotFollowedError,
    TemplateRefusedError,
    Value,
    names_called,
    parse,
    render,
    shown,
)

DEFAULT_TEMPLATE: Final = (
    '{{ if (eq .Type "STS") }}{{ printf "vault-%s-%s"  (unix_time) (random 20) | truncate 32 }}'
    '{{ else }}{{ printf "vault-%s-%s-%s" (printf "%s-%s" (.DisplayName) (.PolicyName) | '
    "truncate 42) (unix_time) (random 20) | truncate 64 }}{{ end }}"
)
"""What the engine uses without one (path_config_root.go)."""
USER_LENGTH: Final = 64
FEDERATED_LENGTH: Final = 32
SAMPLE_PERSON: Final = "token-ada"
_UNNAMED: Final = re.compile(r"[^a-zA-Z0-9+=,.@_-]")
_SHA_TAIL: Final = 8
_MAX_LENGTH: Final = 100_000
_LONGEST_RANDOM: Final = 1024  # longer is too long for every name, and needs not be made
_PRINTF: Final = re.compile(
    r"%(?P<flags>[-+0# ]*)(?P<size>\d{0,3}(?:\.\d{1,3})?)(?P<verb>.)", re.DOTALL
)


@dataclass(frozen=True)
class Sample:
    """What is random or of the moment in a name: a seed letter, and a time."""

    letter: str = "x"
    unix_seconds: int = 1_700_000_000


def user_name(
    template: str, role: str, *, person: str = SAMPLE_PERSON, sample: Sample | None = None
) -> str:
    """The name of an IAM user, or of a role session. Raises the template's errors."""
    fields = {"Type": "IAM", "DisplayName": _named(person), "PolicyName": _named(role)}
    return _run(template, fields, sample or Sample())


def federated_name(template: str, sample: Sample | None = None) -> str:
    """The name of a federated user. Raises the template's errors."""
    fields = {"Type": "STS", "DisplayName": "", "PolicyName": ""}
    return _run(template, fields, sample or Sample())


def is_always_new(template: str, role: str) -> bool:
    """Whether two issuances to one person in one second get two names."""
    fields = {"Type": "IAM", "DisplayName": SAMPLE_PERSON, "PolicyName": _named(role)}
    return _run(template, fields, Sample("x")) != _run(template, fields, Sample("y"))


def _run(template: str, fields: Mapping[str, Value], sample: Sample) -> str:
    return render(_parsed(template or DEFAULT_TEMPLATE), fields, _functions(sample))


@lru_cache(maxsize=32)
def _parsed(template: str) -> tuple[Node, ...]:
    if len(template) >= _MAX_LENGTH:
        raise TemplateRefusedError("it has 100,000 characters or more")
    nodes = parse(template)
    known = _functions(Sample())
    for name in names_called(nodes):
        if name in _UNFOLLOWED:
            raise TemplateNotFollowedError(f"{name} is not followed")
        if name not in known:
            raise TemplateRefusedError(f'there is no function "{name}"')
    return nodes


def _named(text: str) -> str:
    return _UNNAMED.sub("_", text)


@lru_cache(maxsize=8)
def _functions(sample: Sample) -> Mapping[str, Function]:
    return {
        **_BUILTINS,
        **_ENGINE,
        "random": lambda length: sample.letter * _positive(length),
        "uuid": lambda: sample.letter * 36,
        "unix_time": lambda: str(sample.unix_seconds),
        "unix_time_millis": lambda: f"{sample.unix_seconds}000",
        "timestamp": _text,
    }


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _positive(value: Value) -> int:
    number = _whole(value)
    if number < 0:
        raise TemplateRefusedError(f"a length of {number} is out of bounds")
    return min(number, _LONGEST_RANDOM)


def _truncate(longest: Value, text: Value) -> str:
    if _whole(longest) <= 0:
        raise TemplateRefusedError("truncate needs a length above 0")
    return _text(text)[: _whole(longest)]


def _truncate_sha256(longest: Value, text: Value) -> str:
    length, whole = _whole(longest), _text(text)
    if length <= _SHA_TAIL:
        raise TemplateRefusedError("truncate_sha256 needs a length above 8")
    if len(whole) <= length:
        return whole
    head = length - _SHA_TAIL
    return whole[:head] + _sha256(whole[head:])[:_SHA_TAIL]


def _sha256(text: Value) -> str:
    return hashlib.sha256(_text(text).encode()).hexdigest()


def _base64(text: Value) -> str:
    return base64.b64encode(_text(text).encode()).decode()


def _printf(layout: Value, *arguments: Value) -> str:
    given = list(arguments)

    def put(match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        if not given:
            raise TypeError(verb)
        return _formatted(match["flags"] + match["size"], verb, given.pop(0))

    text = _PRINTF.sub(put, _text(layout))
    if given:
        raise TypeError(layout)
    return text


def _formatted(shape: str, verb: str, value: Value) -> str:
    if verb in {"d", "x"} and not isinstance(value, bool) and isinstance(value, int):
        return f"%{shape}{verb}" % value
    if verb == "v" or (verb == "s" and isinstance(value, str)):
        return f"%{shape}s" % shown(value)
    raise TemplateNotFollowedError(f"printf with %{verb} is not followed")


def _and(*values: Value) -> Value:
    return next((value for value in values if not value), values[-1])


def _or(*values: Value) -> Value:
    return next((value for value in values if value), values[-1])


def _equal(first: Value, *others: Value) -> bool:
    if not others or any(type(other) is not type(first) for other in others):
        raise TypeError(first)
    return first in others


def _ordered(test: Callable[[int], bool]) -> Function:
    """lt, le, gt, ge: `test` gets -1, 0 or 1."""

    def compare(one: Value, other: Value) -> bool:
        if type(one) is not type(other) or isinstance(one, bool):
            raise TypeError(one)
        return test((one > other) - (one < other))  # type: ignore[operator]  # of one type

    return compare


_BUILTINS: Final[Mapping[str, Function]] = {
    "and": _and,
    "or": _or,
    "not": lambda value: not value,
    "eq": _equal,
    "ne": lambda one, other: not _equal(one, other),
    "lt": _ordered(lambda sign: sign < 0),
    "le": _ordered(lambda sign: sign <= 0),
    "gt": _ordered(lambda sign: sign > 0),
    "ge": _ordered(lambda sign: sign >= 0),
    "len": lambda text: len(_text(text)),
    "print": lambda *values: "".join(map(shown, values)),
    "printf": _printf,
}
_UNFOLLOWED: Final = frozenset({"call", "html", "index", "js", "println", "slice", "urlquery"})
_ENGINE: Final[Mapping[str, Function]] = {
    "truncate": _truncate,
    "truncate_sha256": _truncate_sha256,
    "uppercase": lambda text: _text(text).upper(),
    "lowercase": lambda text: _text(text).lower(),
    "replace": lambda find, put, text: _text(text).replace(_text(find), _text(put)),
    "sha256": _sha256,
    "base64": _base64,
}
