"""Go's text/template as far as names of users need it: text, pipelines, if and else.

`parse` gives a tree, `render` the text for given fields and functions. What Go would refuse is a
TemplateRefusedError; what Go knows and this does not (range, with, variables …) is a
TemplateNotFollowedError, so that nobody takes silence for an answer.
Source: the documentation of Go's package text/template.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Value = str | int | bool
Function = Callable[..., Value]

_BODY: Final = re.compile(
    r"""(?:-\ )?(?>/\*.*?\*/)?(?>"(?:[^"\\]|\\.)*+"?|`[^`]*`?|(?!\}\}).)*+(?=\}\})""", re.DOTALL
)
"""An action up to its end; braces in strings and comments do not end it."""
_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<number>[+-]?\d+)(?![\w.])
  | (?P<field>(?:\.[A-Za-z_]\w*)+)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<mark>[|()])
  | (?P<other>\S)
    )""",
    re.VERBOSE,
)
_NOT_FOLLOWED: Final = frozenset(
    {"range", "with", "define", "template", "block", "break", "continue"}
)
_DEEPEST: Final = 50
_LONGEST_VALUE: Final = 4096
"""Characters that are kept of a function's answer: far above any name, and small."""


class TemplateRefusedError(ValueError):
    """Go refuses this template, when it reads it or when it runs it."""


class TemplateNotFollowedError(ValueError):
    """Go knows what stands here; this reader does not."""


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Literal:
    value: Value


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Call:
    """A command: a function's name and its arguments."""

    name: str
    arguments: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    """Commands of which each gets the answer of the one before as its last argument."""

    commands: tuple[Operand, ...]


@dataclass(frozen=True)
class If:
    condition: Pipeline
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


Operand = Literal | Field | Call | Pipeline
Node = Text | Pipeline | If


@dataclass
class _Frame:
    """An `if` being read: its condition, its parts, and how many `end`s close with it."""

    condition: Pipeline | None
    then: list[Node] = field(default_factory=list)
    otherwise: list[Node] | None = None
    chained: bool = False

    @property
    def open(self) -> list[Node]:
        return self.then if self.otherwise is None else self.otherwise


def parse(template: str) -> tuple[Node, ...]:
    """Read a template. Functions are looked up when it is run."""
    stack = [_Frame(None)]
    for kind, body in _pieces(template):
        if kind == "text":
            if body:
                stack[-1].open.append(Text(body))
        else:
            _action(body.strip(), stack)
        if len(stack) > _DEEPEST:
            raise TemplateNotFollowedError("it is nested too deeply to follow")
    if len(stack) > 1:
        raise TemplateRefusedError("an if has no end")
    return tuple(stack[0].then)


def names_called(nodes: Sequence[Node | Operand]) -> Iterator[str]:
    """Every function that a template names, whether it would be run or not."""
    for node in nodes:
        match node:
            case If(condition, then, otherwise):
                yield from names_called((condition, *then, *otherwise))
            case Pipeline(commands):
                yield from names_called(commands)
            case Call(name, arguments):
                yield name
                yield from names_called(arguments)
            case _:
                pass


def render(
    nodes: Sequence[Node], fields: Mapping[str, Value], functions: Mapping[str, Function]
) -> str:
    """Run a template."""
    return "".join(_texts(nodes, _Run(fields, functions)))


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    """Texts and actions in turn; `{{- ` and ` -}}` trim the text beside them."""
    end, trim = 0, False
    while (start := template.find("{{", end)) >= 0:
        match = _BODY.match(template, start + 2)
        if match is None:
            raise TemplateRefusedError("an action is not closed with }}")
        left = match[0].startswith("- ")
        text = template[end:start]
        text = text.lstrip() if trim else text
        yield "text", text.rstrip() if left else text
        end, trim = match.end() + 2, match[0].endswith(" -")
        body = match[0].removeprefix("- ").removesuffix(" -").strip()
        if not (body.startswith("/*") and body.endswith("*/")):
            yield "action", body
    rest = template[end:]
    yield "text", rest.lstrip() if trim else rest


def _action(body: str, stack: list[_Frame]) -> None:
    word, _, rest = body.partition(" ")
    if word == "if":
        stack.append(_Frame(_pipeline(rest)))
    elif word == "else":
        _else(rest.strip(), stack)
    elif body == "end":
        _end(stack)
    elif word in _NOT_FOLLOWED:
        raise TemplateNotFollowedError(f"{word} is not followed")
    else:
        stack[-1].open.append(_pipeline(body))


def _else(rest: str, stack: list[_Frame]) -> None:
    frame = stack[-1]
    if frame.condition is None or frame.otherwise is not None:
        raise TemplateRefusedError("an else has no if")
    frame.otherwise = []
    if rest.startswith("if "):
        stack.append(_Frame(_pipeline(rest[3:]), chained=True))
    elif rest:
        raise TemplateRefusedError(f'unexpected "{rest}" after else')


def _end(stack: list[_Frame]) -> None:
    while True:
        frame = stack.pop()
        if frame.condition is None:
            raise TemplateRefusedError("an end has no if")
        node = If(frame.condition, tuple(frame.then), tuple(frame.otherwise or ()))
        stack[-1].open.append(node)
        if not frame.chained:
            return


class _Tokens:
    """The tokens of one action, read from left to right."""

    def __init__(self, text: str) -> None:
        self._items = [
            (match.lastgroup or "", match[match.lastgroup or 0]) for match in _scan(text)
        ]
        self._depth = 0

    def peek(self) -> tuple[str, str]:
        return self._items[0] if self._items else ("end", "")

    def take(self) -> tuple[str, str]:
        return self._items.pop(0) if self._items else ("end", "")

    def deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateNotFollowedError("it is nested too deeply to follow")


def _scan(text: str) -> Iterator[re.Match[str]]:
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match["other"]:
            if match is not None and match["other"] in {"$", ":", "=", ",", ".", "'"}:
                raise TemplateNotFollowedError(f'"{match["other"]}" is not followed')
            raise TemplateRefusedError(f'unexpected "{text[position:].strip()[:20]}"')
        yield match
        position = match.end()


def _pipeline(text: str) -> Pipeline:
    tokens = _Tokens(text)
    found = _commands(tokens)
    if tokens.peek()[0] != "end":
        raise TemplateRefusedError(f'unexpected "{tokens.peek()[1]}"')
    return found


def _commands(tokens: _Tokens) -> Pipeline:
    commands = [_command(tokens)]
    while tokens.peek() == ("mark", "|"):
        tokens.take()
        commands.append(_command(tokens))
    if not all(isinstance(command, Call) for command in commands[1:]):
        raise TemplateRefusedError("a pipe leads to something that is not a function")
    return Pipeline(tuple(commands))


def _command(tokens: _Tokens) -> Operand:
    first = _operand(tokens)
    arguments = []
    while tokens.peek()[0] != "end" and tokens.peek()[1] not in {"|", ")"}:
        arguments.append(_operand(tokens))
    if isinstance(first, Call):
        return Call(first.name, tuple(arguments))
    if arguments:
        raise TemplateRefusedError("an argument is given to something that is not a function")
    return first


def _operand(tokens: _Tokens) -> Operand:
    kind, text = tokens.take()
    match kind:
        case "string":
            return Literal(_unquoted(text))
        case "number":
            return Literal(int(text))
        case "field":
            return Field(text.removeprefix("."))
        case "name":
            return Literal(text == "true") if text in {"true", "false"} else Call(text)
        case "mark" if text == "(":
            return _parenthesised(tokens)
        case _:
            raise TemplateRefusedError(f'unexpected "{text}"' if text else "a value is missing")


def _parenthesised(tokens: _Tokens) -> Pipeline:
    tokens.deeper()
    inner = _commands(tokens)
    if tokens.take() != ("mark", ")"):
        raise TemplateRefusedError("a parenthesis is not closed")
    return inner


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        raise TemplateRefusedError(f"{text} is not a string") from None
    return str(value)


@dataclass(frozen=True)
class _Run:
    fields: Mapping[str, Value]
    functions: Mapping[str, Function]

    def value(self, operand: Operand, *piped: Value) -> Value:
        match operand:
            case Literal(value):
                return value
            case Field(name):
                if name not in self.fields:
                    raise TemplateRefusedError(f"there is no field .{name}")
                return self.fields[name]
            case Pipeline(commands):
                return self._piped(commands)
            case Call(name, arguments):
                return self._called(name, [*map(self.value, arguments), *piped])

    def _piped(self, commands: tuple[Operand, ...]) -> Value:
        value = self.value(commands[0])
        for command in commands[1:]:
            value = self.value(command, value)
        return value

    def _called(self, name: str, arguments: list[Value]) -> Value:
        function = self.functions.get(name)
        if function is None:
            raise TemplateRefusedError(f'there is no function "{name}"')
        try:
            value = function(*arguments)
        except (TemplateRefusedError, TemplateNotFollowedError):
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError):
            raise TemplateRefusedError(f"{name} does not take these arguments") from None
        return value[:_LONGEST_VALUE] if isinstance(value, str) else value


def _texts(nodes: Sequence[Node], run: _Run) -> Iterator[str]:
    for node in nodes:
        match node:
            case Text(value):
                yield value
            case If(condition, then, otherwise):
                yield from _texts(then if run.value(condition) else otherwise, run)
            case Pipeline():
                yield shown(run.value(node))


def shown(value: Value) -> str:
    """A value as Go prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
