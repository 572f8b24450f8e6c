"""Policy files: IAM policy documents, one JSON object a file. Their grammar is lint's."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from vaultaws.config import files, jsonplaces
from vaultaws.config.faults import Fault
from vaultaws.config.files import Unreadable
from vaultaws.errors import ConfigError
from vaultaws.model import JsonObject

MAX_BYTES = 65_536  # far above any IAM limit; a larger file is not a policy
DEEPEST = 32  # levels; a policy has six
YAML = re.compile(r"\s*(---|#|- |[\"']?[A-Za-z]\w*[\"']?\s*:)")


class PolicyFileError(ConfigError):
    """A policy file that cannot be used. Line and column are 0 when the whole file is meant."""

    def __init__(self, path: Path, found: Unreadable) -> None:
        super().__init__(f"{path} is not a policy", why=found.what, do=found.do)
        self.path = path
        self.line = found.line
        self.column = found.column
        self.missing = found.missing

    @property
    def fault(self) -> Fault:
        """The same as a fault of the policy file."""
        return Fault(self.path, self.line, self.column, "", f"not a policy: {self.why}", self.do)


@dataclass
class PolicyFiles:
    """Policy files as they are read, each once, however many roles name it."""

    _read: dict[Path, JsonObject | PolicyFileError] = field(default_factory=dict)

    def read(self, path: Path) -> JsonObject | PolicyFileError:
        """The document, or why it cannot be used: the very same error each time."""
        if path not in self._read:
            try:
                self._read[path] = load(path)
            except PolicyFileError as error:
                self._read[path] = error
        return self._read[path]

    def hold(self, path: Path, text: str) -> None:
        """Take `text` for what is in a file that is yet to be written."""
        found = parse(text)
        self._read[path] = PolicyFileError(path, found) if isinstance(found, Unreadable) else found


def load(path: Path) -> JsonObject:
    """Read one policy file. Raises PolicyFileError."""
    raw = files.read(path, MAX_BYTES)
    text = files.text(raw) if isinstance(raw, bytes) else raw
    if isinstance(text, Unreadable):
        raise PolicyFileError(path, text)
    found = parse(text)
    if isinstance(found, Unreadable):
        raise PolicyFileError(path, found)
    return found


def parse(text: str) -> JsonObject | Unreadable:
    """Read a policy document, or say what is wrong with the text, and where."""
    if text.startswith("\ufeff"):
        return Unreadable("it begins with a byte order mark", "save it as UTF-8 without BOM", 1, 1)
    if place := jsonplaces.deeper_than(text, DEEPEST):
        return Unreadable("it is nested too deeply", "write a flat policy document", *place)
    try:
        document = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        return _no_json(text, error)
    except _OddError as error:
        return Unreadable(error.what, error.do, *error.place(text))
    except ValueError:
        return Unreadable("it has a number of thousands of digits", "write a policy document")
    return _document(document, text)


class _OddError(Exception):
    """JSON that some readers take and IAM does not: a key said twice, NaN, Infinity."""

    def __init__(self, what: str, do: str, *, key: str = "", word: str = "") -> None:
        super().__init__(what)
        self.what, self.do, self.key, self.word = what, do, key, word

    def place(self, text: str) -> tuple[int, int]:
        if self.word:
            return jsonplaces.word(text, self.word)
        return jsonplaces.repeated(text, self.key)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise _OddError(f'the key "{twice}" stands twice in one object', "say it once", key=twice)
    return found


def _no_number(word: str) -> NoReturn:
    raise _OddError(f"{word} is not JSON", "write a number, or a string", word=word)


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise _OddError("a number is out of range", "write a smaller one", word=word)
    return number


def _no_json(text: str, error: json.JSONDecodeError) -> Unreadable:
    if not text.strip():
        return Unreadable("it is empty", "write a policy document, { … }")
    if error.pos <= len(text) - len(text.lstrip()) + 1 and YAML.match(text):
        return Unreadable("it looks like YAML", "write it as JSON", error.lineno, error.colno)
    what = error.msg[:1].lower() + error.msg[1:]
    return Unreadable(what, "mend the JSON there", error.lineno, error.colno)


def _document(document: object, text: str) -> JsonObject | Unreadable:
    if not isinstance(document, Mapping):
        return Unreadable("it is not a JSON object", "write a policy document, { … }", 1, 1)
    if not document.get("Statement"):
        return Unreadable("it has no Statement", "write at least one statement", 1, 1)
    if "\\ud" in text.lower() and _has_half_a_character(document):
        return Unreadable("it has half of a surrogate pair", "write the character itself")
    return document


def _has_half_a_character(document: object) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
