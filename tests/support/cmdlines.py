"""Command lines of ours in a shell's text, held against the real command line's own parser."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

import click

from vaultaws.cli.main import vaultaws

_HEREDOC: Final = re.compile(r"<<-?\s*(['\"]?)(\w+)\1(.*?\n).*?^\2$", re.DOTALL | re.MULTILINE)
_COMMENT: Final = re.compile(r"(^|\s)#[^\n]*")
_REDIRECTION: Final = re.compile(r"(?<=\s)\d?(?:>>?|<)\s*(?:&\d|[^\s;|&()]+)")
_SEPARATORS: Final = "();|&\n"
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
_WORDS_BEFORE: Final = frozenset(
    {"if", "then", "else", "do", "while", "until", "!", "time", "exec"}
)
_PLACEHOLDER: Final = "WHAT-IT-PRINTS"


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `vaultaws …` in a shell's text, those in $(…) and <(…) included."""
    plain = _HEREDOC.sub(r"\3", text.replace("\\\n", " "))
    plain = _COMMENT.sub(r"\1", plain)
    plain, inner = _without_substitutions(plain)
    for part in inner:
        yield from commands(part)
    words: list[str] = []
    for token in [*_tokens(_REDIRECTION.sub("", plain)), "\n"]:
        if not set(token) <= set(_SEPARATORS) or not token:
            words.append(token)
            continue
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in _WORDS_BEFORE):
            words.pop(0)
        if words and words[0] == "vaultaws":
            yield words[1:]
        words = []


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    return list(lexer)


def _without_substitutions(text: str) -> tuple[str, list[str]]:
    """The text with a word in the place of each $(…) and <(…), and what stood in them."""
    inner: list[str] = []
    while found := re.search(r"[$<]\(", text):
        depth, at = 1, found.end()
        while depth and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        inner.append(text[found.end() : at - 1])
        text = text[: found.start()] + _PLACEHOLDER + text[at:]
    return text, inner


def fault(arguments: Sequence[str]) -> str:
    """What the command line would refuse in these arguments, before it does anything; or ''."""
    try:
        command, context, rest = _leaf(arguments)
        if isinstance(command, click.Group):
            return f"{' '.join(arguments)}: a verb is missing"
        command.make_context(context.info_name, rest, parent=context.parent)
    except click.exceptions.Exit:  # --help
        return ""
    except click.BadParameter as error:
        kind = error.param.type if error.param is not None else None
        given = not isinstance(error, click.MissingParameter)
        if given and isinstance(kind, click.Path):  # the words are right, the file is elsewhere
            return fault_of_mention(arguments)
        return f"{' '.join(arguments)}: {error.format_message()}"
    except click.ClickException as error:
        return f"{' '.join(arguments)}: {error.format_message()}"
    return ""


def fault_of_mention(arguments: Sequence[str]) -> str:
    """The same for a command that a sentence names: arguments may be missing, options may not
    be made up."""
    try:
        command, _, rest = _leaf(arguments)
    except click.ClickException as error:
        return f"{' '.join(arguments)}: {error.format_message()}"
    if isinstance(command, click.Group):
        return ""
    known = {"-h", "--help"}.union(*((*one.opts, *one.secondary_opts) for one in command.params))
    ours = rest[: rest.index("--")] if "--" in rest else rest
    given = {word.partition("=")[0] for word in ours if word.startswith("-")}
    return f"{' '.join(arguments)}: no such option" if given - known else ""


def _leaf(arguments: Sequence[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The command that the words lead to, and what is left for it. Raises UsageError."""
    command: click.Command = vaultaws
    context, rest = click.Context(command, info_name="vaultaws"), list(arguments)
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(rest)
        if not rest:
            break
        found = command.get_command(context, rest[0])
        if found is None:
            raise click.UsageError(f"there is no {rest[0]}")
        command, context = found, click.Context(found, info_name=rest[0], parent=context)
        rest = rest[1:]
    return command, context, rest
