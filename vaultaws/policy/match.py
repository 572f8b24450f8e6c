"""Wildcards and policy variables: patterns of actions, ARNs and strings.

A pattern is cut once into tokens and turned into one regular expression. A pattern with variables
becomes a template that is filled in per request; the text a variable brings is literal, a star in
a tag is a star. Every star but the last is matched at its earliest place and never tried again
(an atomic group), so no policy can make the matcher run away.

Sources: IAM user guide, "Policy elements: Resource" (wildcards in ARNs), "Policy variables and
tags", "Condition operators" (string and ARN operators).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from vaultaws.policy.values import Context, Truth

ARN_PARTS: Final = 6

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_BODY: Final = re.compile(r"\s*([A-Za-z0-9_./:=+@-]+)\s*(?:,\s*'([^']*)'\s*)?")
_ESCAPES: Final = frozenset("*?$")


class Mode(Enum):
    """How far a wildcard reaches.

    TEXT: over anything. RESOURCE: within its colon-separated segment, but a star that ends a
    segment reaches on. ARN: within its segment. In an ARN's sixth segment stars reach anything.
    """

    TEXT = "text"
    RESOURCE = "resource"
    ARN = "arn"


class Wild(Enum):
    STAR = "*"
    MARK = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`. An unreadable one has no key and never has a value."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """The key's only value, else the default; None when there is neither."""
        values = context.get(self.key, ())
        return values[0] if len(values) == 1 else self.default


Token = str | Wild | Variable
Fragment = str | Variable


def tokenise(pattern: str, *, variables: bool) -> tuple[Token, ...]:
    """Cut a pattern. Variables are read only in documents of version 2012-10-17."""
    if not variables:
        return tuple(_wildcards(pattern))
    found: list[Token] = []
    end = 0
    for match in _VARIABLE.finditer(pattern):
        found.extend(_wildcards(pattern[end : match.start()]))
        found.append(_variable(match[1]))
        end = match.end()
    found.extend(_wildcards(pattern[end:]))
    return tuple(found)


def _wildcards(text: str) -> Iterator[Token]:
    for piece in re.split(r"([*?])", text):
        if piece in {"*", "?"}:
            yield Wild(piece)
        elif piece:
            yield piece


def _variable(body: str) -> Token:
    if body in _ESCAPES:
        return body
    match = _VARIABLE_BODY.fullmatch(body)
    return Variable(match[1].lower(), match[2]) if match else Variable("")


class _Builder:
    """Turns tokens into fragments of one regular expression.

    `chunks` are split at the stars that reach anything; the pieces of a chunk at the stars that
    stay in their segment.
    """

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._colons = ARN_PARTS - 1 if mode is Mode.TEXT else 0
        self.chunks: list[list[list[Fragment]]] = [[[]]]

    @property
    def _free(self) -> bool:
        return self._colons >= ARN_PARTS - 1

    def add(self, token: Token, following: Token | None) -> None:
        piece = self.chunks[-1][-1]
        if isinstance(token, Variable):
            piece.append(token)
        elif isinstance(token, str):
            piece.append(re.escape(token))
            self._colons += token.count(":")
        elif token is Wild.MARK:
            piece.append("." if self._free else "[^:]")
        elif self._free or self._reaches_on(following):
            self.chunks.append([[]])
        else:
            self.chunks[-1].append([])

    def _reaches_on(self, following: Token | None) -> bool:
        ends_segment = following is None or (
            isinstance(following, str) and following.startswith(":")
        )
        return self._mode is Mode.RESOURCE and ends_segment

    def fragments(self) -> Iterator[Fragment]:
        first, *others = self.chunks
        yield from _pieces(first, last=not others)
        for chunk in others[:-1]:
            yield "(?>.*?"
            yield from _pieces(chunk, last=False)
            yield ")"
        if others:
            yield ".*"
            yield from _pieces(others[-1], last=True)


def _pieces(chunk: list[list[Fragment]], *, last: bool) -> Iterator[Fragment]:
    first, *others = chunk
    yield from first
    for index, piece in enumerate(others, start=1):
        if last and index == len(others):
            yield "[^:]*"
            yield from piece
        else:
            yield "(?>[^:]*?"
            yield from piece
            yield ")"


@lru_cache(maxsize=8192)
def template(pattern: str, mode: Mode, *, variables: bool) -> tuple[Fragment, ...]:
    """The pattern as fragments of a regular expression, neighbouring texts joined."""
    parts = tokenise(pattern, variables=variables)
    builder = _Builder(mode)
    for index, token in enumerate(parts):
        builder.add(token, parts[index + 1] if index + 1 < len(parts) else None)
    return _joined(builder.fragments())


@lru_cache(maxsize=8192)
def literal_template(pattern: str, *, variables: bool) -> tuple[Fragment, ...]:
    """The pattern for operators that know no wildcards: `*` stands for itself."""
    return _joined(
        token.value if isinstance(token, Wild) else token
        for token in tokenise(pattern, variables=variables)
    )


def _joined(fragments: Iterable[Fragment]) -> tuple[Fragment, ...]:
    joined: list[Fragment] = []
    for fragment in fragments:
        if isinstance(fragment, str) and joined and isinstance(joined[-1], str):
            joined[-1] += fragment
        else:
            joined.append(fragment)
    return tuple(joined)


def fill(parts: tuple[Fragment, ...], context: Context, *, escape: bool) -> str | None:
    """Put values in place of variables; None when one has no value."""
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        value = part.value(context)
        if value is None:
            return None
        texts.append(re.escape(value) if escape else value)
    return "".join(texts)


@lru_cache(maxsize=8192)
def expression(source: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Compile, or fetch, the expression; it must match the whole text."""
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@dataclass(frozen=True, slots=True)
class PatternSet:
    """Patterns of which one must match."""

    anything: bool
    exact: frozenset[str]
    expressions: tuple[re.Pattern[str], ...]
    templates: tuple[tuple[Fragment, ...], ...]

    def matches(self, text: str, context: Context) -> Truth:
        """UNKNOWN when nothing matched and a variable had no value."""
        if self.anything or text in self.exact:
            return Truth.YES
        if any(pattern.fullmatch(text) for pattern in self.expressions):
            return Truth.YES
        unknown = False
        for parts in self.templates:
            source = fill(parts, context, escape=True)
            if source is None:
                unknown = True
            elif expression(source).fullmatch(text):
                return Truth.YES
        return Truth.UNKNOWN if unknown else Truth.NO


def pattern_set(patterns: Iterable[str], mode: Mode, *, variables: bool) -> PatternSet:
    """Compile patterns of one element."""
    exact: set[str] = set()
    expressions: list[re.Pattern[str]] = []
    templates: list[tuple[Fragment, ...]] = []
    anything = False
    for pattern in patterns:
        if pattern == "*":
            anything = True
        elif not {"*", "?", "$"}.intersection(pattern):
            exact.add(pattern)
        else:
            parts = template(pattern, mode, variables=variables)
            if all(isinstance(part, str) for part in parts):
                expressions.append(expression("".join(map(str, parts))))
            else:
                templates.append(parts)
    return PatternSet(anything, frozenset(exact), tuple(expressions), tuple(templates))


def action_set(patterns: Iterable[str]) -> PatternSet:
    """Compile the patterns of Action or NotAction; ask them with an action in lower case."""
    return pattern_set((pattern.lower() for pattern in patterns), Mode.TEXT, variables=False)
