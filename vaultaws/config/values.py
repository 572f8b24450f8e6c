"""Readers of single values: what TOML gave becomes what the schema holds, or a BadValueError."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from vaultaws.config import durations
from vaultaws.config.faults import dotted, quoted, shown
from vaultaws.model import CredentialType, Pairs

LARGEST = 2**31 - 1  # what the engine's whole numbers hold everywhere
MOUNT_PATH = re.compile(r"[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*")
ENGINE_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.@\-]*[A-Za-z0-9_])?")
"""Names of roles: Vault's sdk/framework, GenericNameWithAtRegex."""
ACCESS_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.\-]*[a-z0-9_])?")
"""Part of an ACL policy's name, which Vault keeps in lower case."""
SERVERS_OWN = ("auth", "audit", "cubbyhole", "identity", "sys")
"""First parts of paths where no engine can be mounted (Vault, vault/mount.go)."""
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a text read otherwise than it is (CVE-2021-42574)."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a value, what to do; `at` is the path inside the value."""

    what: str
    do: str
    at: tuple[str, ...] = ()


class BadValueError(ValueError):
    """A value that cannot be used, with all that is wrong in it."""

    def __init__(self, *wrong: Wrong) -> None:
        super().__init__("; ".join(each.what for each in wrong))
        self.wrong = wrong


@dataclass(frozen=True)
class Kind:
    """A kind of value: how the reference calls it, and how it is read."""

    words: str
    read: Callable[[Any], Any]


def bad(what: str, do: str) -> NoReturn:
    """Refuse a value."""
    raise BadValueError(Wrong(what, do))


def string(value: Any) -> str:
    """Any string; line breaks and tabs may stand in it."""
    if not isinstance(value, str):
        bad(f"{shown(value)} is not a string", 'put it in quotes: "…"')
    return _clean(value, allowed="\n\r\t")


def word(value: Any) -> str:
    """A string on one line, with something in it."""
    text = _clean(string(value))
    if not text.strip():
        bad("it is empty", "give it a value, or leave the key out")
    return text


def line(value: Any) -> str:
    """A string on one line; empty takes away what the server has."""
    return _clean(string(value))


def _clean(text: str, allowed: str = "") -> str:
    """Refuse what a terminal obeys: control characters, and those that turn the direction."""
    if text.isprintable():
        return text
    for char in text:
        if unicodedata.category(char) in ("Cc", "Zl", "Zp") and char not in allowed:
            bad(f"{quoted(text)} has a control character", "take it out")
        if char in DIRECTIONS:
            bad(f"{quoted(text)} has a character that turns the direction", "take it out")
    return text


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        bad(f"{shown(value)} is not true or false", "write true or false, without quotes")
    return value


def whole(lowest: int) -> Callable[[Any], int]:
    """A reader of whole numbers from `lowest` up."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            bad(f"{shown(value)} is not a whole number", "write a number without quotes")
        if not lowest <= value <= LARGEST:
            bad(f"{shown(value)} is out of range", f"write a number from {lowest} to {LARGEST:,}")
        return value

    return read


def span(value: Any) -> int:
    """A span of time longer than nothing, in seconds."""
    seconds = span_or_none(value)
    if seconds == 0:
        bad("it must be longer than 0 s", "write a span such as 15m, or leave the key out")
    return seconds


def span_or_none(value: Any) -> int:
    """A span of time in seconds; 0 takes away what the server has."""
    remedy = 'write a span such as "15m", "1h30m" or 900, which is seconds'
    if isinstance(value, bool) or not isinstance(value, str | int):
        bad(f"{shown(value)} is not a span of time", remedy)
    if isinstance(value, int):
        if value < 0:
            bad(f"{shown(value)} is negative", remedy)
        if value > durations.LONGEST_SECONDS:
            bad(f"{shown(value)} is longer than 100 years", remedy)
        return value
    if value.strip().startswith("-"):
        bad(f"{shown(value)} is negative", remedy)
    try:
        return durations.parse(value)
    except ValueError:
        long = durations.SHAPE.fullmatch(value.strip().lower())
        why = "is longer than 100 years" if long else "is not a span of time"
        bad(f"{shown(value)} {why}", remedy)


def one_of(*choices: str) -> Callable[[Any], str]:
    """A reader of one of a few words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            bad(f"{shown(value)} is not one of {', '.join(choices)}", nearest(value, choices))
        return value

    return read


def credential_type(value: Any) -> CredentialType:
    return CredentialType(one_of(*CredentialType)(value))


def words(value: Any) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list):
        bad(f"{shown(value)} is not a list of strings", 'write ["…", "…"]')
    return tuple(text for _, text in _each(((str(i), item) for i, item in enumerate(value)), word))


def names(value: Any) -> tuple[str, ...]:
    """A list of strings, each said once."""
    found = words(value)
    seen: set[str] = set()
    twice: list[Wrong] = []
    for index, name in enumerate(found):
        if name in seen:
            twice.append(Wrong(f"{quoted(name)} is said twice", "say it once", (str(index),)))
        seen.add(name)
    if twice:
        raise BadValueError(*twice)
    return found


def networks(value: Any) -> tuple[str, ...]:
    """A list of CIDR blocks, each said once."""
    import ipaddress

    found = names(value)
    wrong: list[Wrong] = []
    for index, block in enumerate(found):
        try:
            ipaddress.ip_network(block)
        except ValueError as fault:
            wrong.append(Wrong(str(fault), 'write a block such as "10.0.0.0/8"', (str(index),)))
    if wrong:
        raise BadValueError(*wrong)
    return found


def pairs(value: Any) -> Pairs:
    """A table of strings, sorted by key."""
    if not isinstance(value, Mapping):
        bad(f"{shown(value)} is not a table of strings", 'write { key = "value" }')
    for key in value:
        _clean(key)
    return tuple(sorted(_each(value.items(), string)))


def members(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Paths of auth methods, or `entities`, with the names there."""
    if not isinstance(value, Mapping):
        bad(f"{shown(value)} is not a table", 'write { userpass = ["ada"] }')
    found = _each(value.items(), names)
    wrong: list[Wrong] = []
    for path, _ in found:
        said = path.strip("/")
        if said.startswith("auth/"):
            short = quoted(said.removeprefix("auth/"))
            wrong.append(Wrong("the path begins with auth/", f"write {short}", (path,)))
        elif not MOUNT_PATH.fullmatch(said):
            do = "write the path of an auth method, or entities"
            wrong.append(Wrong(f"{dotted((path,))} is not a path", do, (path,)))
    if wrong:
        raise BadValueError(*wrong)
    return tuple(sorted((path.strip("/"), held) for path, held in found))


def mount_path(value: Any) -> str:
    path = word(value).strip("/")
    if not MOUNT_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        bad(f"{shown(value)} is not a mount path", "write letters, digits, - _ . and / such as aws")
    if path.partition("/")[0] in SERVERS_OWN:
        bad(
            f"{shown(value)} is not a mount path for an engine",
            "it is the server's own; choose another",
        )
    return path


def credentials(value: Any) -> str:
    """Where Vault's own key comes from."""
    text = word(value)
    kind, _, name = text.partition(":")
    if text not in ("env", "prompt", "server") and not (kind == "profile" and name):
        bad(f"{shown(text)} is not a place", "write env, profile:NAME, prompt or server")
    return text


def option_values(value: Mapping[str, Any]) -> Pairs:
    """Options of an audit device, which the server keeps as strings."""
    return tuple(sorted(_each(value.items(), _option)))


def _option(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else string(value)


def nearest(value: Any, known: Iterable[str]) -> str:
    """A remedy: the known word that is meant, or the known words."""
    words = tuple(known)
    meant = close(value, words) if isinstance(value, str) else None
    return f'did you mean "{meant}"?' if meant else f"known: {', '.join(words)}"


@lru_cache(maxsize=256)
def close(text: str, known: tuple[str, ...]) -> str | None:
    """The known word that is most like `text`, None when none is. Slow among many words."""
    import difflib

    return next(iter(difflib.get_close_matches(text[:100].lower(), known, n=1)), None)


def _each(items: Iterable[tuple[str, Any]], read: Callable[[Any], Any]) -> list[tuple[str, Any]]:
    """Read all items; what is wrong in any of them is told together."""
    found: list[tuple[str, Any]] = []
    wrong: list[Wrong] = []
    for key, item in items:
        try:
            found.append((key, read(item)))
        except BadValueError as error:
            wrong.extend(Wrong(each.what, each.do, (key, *each.at)) for each in error.wrong)
    if wrong:
        raise BadValueError(*wrong)
    return found


STRING = Kind("string", string)
LINE = Kind("string", line)
WORD = Kind("string", word)
STRINGS = Kind("list of strings", words)
NAMES = Kind("list of names", names)
NETWORKS = Kind("list of CIDR blocks", networks)
PAIRS = Kind("table of strings", pairs)
SPAN = Kind("span", span)
SPAN_OR_NONE = Kind("span, or 0", span_or_none)
BOOLEAN = Kind("true or false", boolean)
