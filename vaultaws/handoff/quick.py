"""The short way of `vaultaws creds`: a set that is cached is printed by the standard library alone.

It understands the plain forms of the command line, the environment and ~/.vault-token, and nothing
else: whatever it is not sure of, a wrong word included, it leaves to the long way. So it may know
less than the long way, but never something else: both name the same set (held by a property).

Light: it is imported before the command line is.
"""

from __future__ import annotations

import os
import sys

from vaultaws.cache.flight import found_or_turn
from vaultaws.cache.life import this_moment
from vaultaws.cache.looking import look_up, open_places
from vaultaws.handoff.kept import name_of, words_of
from vaultaws.handoff.quickserver import Server, server_of
from vaultaws.handoff.shells import SHELLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

VERB = "creds"
PATIENCE_SECONDS, AT_TERMINAL_SECONDS = 9.0, 2.0
"""How long another process is waited for without a word. The long way waits with words: the first
after 2 s on a terminal, after 10 s elsewhere."""
INTERRUPTED, NOBODY_READS = 130, 1

FORMS = {*SHELLS, "process", "json"}
SERVER_OPTIONS = {"--address", "--agent-address", "--namespace", "--ca-cert", "--ca-path"}
SERVER_OPTIONS |= {"--client-cert", "--client-key", "--tls-server-name"}
OPTIONS = {"--ttl", "--format", "--mount", "--role-arn", "--session-name", "--via", "--region"}
OPTIONS |= {"--audit-log", "--wait", *SERVER_OPTIONS}
FLAGS = {"--no-wait", "--tls-skip-verify"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DIGITS = 9


class Question:
    """What is asked: the name of the set, and the format to print it in."""

    __slots__ = ("form", "key")

    def __init__(self, key: str, form: str) -> None:
        self.key = key
        self.form = form


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> int | None:
    """Print the cached set and return the exit code; None leaves it to the long way.

    While another process is getting the set, wait for it. When it is for this process to get it,
    the lock stays with the process, and the long way finds it taken.
    """
    question = question_of(arguments, environ)
    if question is None or (os.isatty(1) and os.isatty(2)):  # a person gets words besides
        return None
    try:
        fields = _found(question.key, environ)
        text = words_of(fields, question.form) if fields else None
        return None if fields is None or text is None else _print(text, fields["notes"])
    except KeyboardInterrupt:
        _say("\nstopped")
        return INTERRUPTED


def _found(key: str, environ: Mapping[str, str]) -> dict[str, str] | None:
    choice, flight = open_places(environ)
    store = choice.store if choice is not None else None
    if store is None:
        return None
    patience = AT_TERMINAL_SECONDS if os.isatty(2) else PATIENCE_SECONDS
    try:
        return found_or_turn(lambda: look_up(store, key, this_moment()), flight, key, patience)[0]
    except OSError:
        return None


def _print(text: str, notes: str) -> int | None:
    """Print as the long way does. What cannot be written is left to it and its words."""
    try:
        data = text.encode() + b"\n"
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        return NOBODY_READS
    except OSError:
        return None
    for note in filter(None, notes.split("\n")):
        _say(f"· {note}")
    return 0


def _say(text: str) -> None:
    """Words that cannot be heard change nothing, as in the long way."""
    try:
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))
    except OSError:
        return


def question_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Question | None:
    """Read a plain command line; None for any other."""
    if sys.platform == "win32" or arguments[:1] != [VERB]:
        return None
    try:
        words, regions = _words(arguments[1:])
        _seconds(words.get("--wait", "60"))  # how long is no part of the name, but must be a span
        server = server_of(words, environ)
        form = words.get("--format", "env")
        if (
            server is None
            or form not in FORMS
            or words.get("--via", "") not in {"", "creds", "sts"}
        ):
            return None
        return Question(_name(words, regions, server, environ), form)
    except (ValueError, KeyError):
        return None


def _name(
    words: Mapping[str, str], regions: Sequence[str], server: Server, environ: Mapping[str, str]
) -> str:
    return name_of(
        server=server.address,
        namespace=server.namespace,
        token=server.token,
        mount=words.get("--mount") or environ.get("VAULTAWS_MOUNT") or "aws",
        role=words["ROLE"],
        ttl_seconds=_seconds(words["--ttl"]) if "--ttl" in words else None,
        role_arn=words.get("--role-arn", ""),
        session_name=words.get("--session-name", ""),
        via=words.get("--via", ""),
        regions=regions,
        waits="--no-wait" not in words,
    )


def _words(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, flags, and the role. Raises ValueError for what is not plain."""
    words: dict[str, str] = {}
    regions: list[str] = []
    coming = iter(arguments)
    for argument in coming:
        if not argument.startswith("-"):
            name, value = "ROLE", argument
        elif argument in FLAGS:
            name, value = argument, "yes"
        else:
            name, value = _option(argument, coming)
        if not value or name in words:
            raise ValueError
        if name == "--region":
            regions.append(value)
        else:
            words[name] = value
    return words, regions


def _option(argument: str, coming: Iterator[str]) -> tuple[str, str]:
    name, given, value = argument.partition("=")
    if not given:
        value = next(coming, "")
    if name not in OPTIONS or value.startswith("-"):
        raise ValueError
    return name, value


def _seconds(text: str) -> int:
    """A span of one part: 900, 15m. Raises ValueError for any other."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not (number.isascii() and number.isdigit() and len(number) < _DIGITS):
        raise ValueError
    return int(number) * _UNITS[unit]
