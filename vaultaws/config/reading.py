"""One file while it is read: what was found wrong so far, and the steps that all tables share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultaws.config import secrets, values
from vaultaws.config.faults import Fault, dotted, quoted
from vaultaws.config.places import KeyPath, Places
from vaultaws.config.tables import NEEDED, Table
from vaultaws.config.values import BadValueError

OPTIONS = values.Kind("strings", values.option_values)
GUESSES = 20  # different names; guessing among thousands is slow, and few faults are shown
NO_SECRET = "no secret is ever written here"  # noqa: S105  (a sentence)


@dataclass(frozen=True)
class Draft:
    """A fault whose place is yet to be found. `elsewhere` is one in another file that it is."""

    path: KeyPath
    what: str
    do: str
    elsewhere: Fault | None = None


@dataclass
class Reading:
    """A file being read. Nothing is raised: faults gather, and reading goes on."""

    file: Path
    text: str = ""
    drafts: list[Draft] = field(default_factory=list)
    placed: list[Fault] = field(default_factory=list)
    _hidden: set[KeyPath] = field(default_factory=set)
    _guesses: set[str] = field(default_factory=set)

    def fault(self, path: KeyPath, what: str, do: str) -> None:
        """Note a fault at a key."""
        self.drafts.append(Draft(path, what, do))

    def fault_elsewhere(self, path: KeyPath, fault: Fault) -> None:
        """Note a fault of another file, which the key at `path` names."""
        self.drafts.append(Draft(path, fault.what, fault.do, fault))

    def fault_at(self, place: tuple[int, int], key: str, what: str, do: str) -> None:
        """Note a fault whose place is known; zeros mean the whole file."""
        self.placed.append(Fault(self.file, *place, key, what, do))

    def faults(self) -> tuple[Fault, ...]:
        """All that was found, with its places, in the order of the lines."""
        if not self.drafts:
            return tuple(self.placed)
        places = Places.of(self.text)
        found: list[tuple[tuple[int, int], Fault]] = [
            ((fault.line, fault.column), fault) for fault in self.placed
        ]
        for draft in self.drafts:
            place = places.place(draft.path)
            here = Fault(self.file, *place, dotted(draft.path), draft.what, draft.do)
            found.append((place, draft.elsewhere or here))
        return tuple(fault for _, fault in sorted(found, key=lambda each: each[0]))

    def hide_secrets(self, data: Mapping[str, Any]) -> None:
        """Find what looks like a secret; it is a fault, and is not looked at again."""
        left: list[tuple[KeyPath, Any]] = [((), data)]
        while left:
            path, value = left.pop()
            if path and _is_secret(path, value):
                self.fault(path, NO_SECRET, _remedy(path))
                self._hidden.update(path[:length] for length in range(1, len(path) + 1))
            elif isinstance(value, Mapping):
                left.extend(((*path, key), inner) for key, inner in value.items())
            elif isinstance(value, list):
                left.extend(((*path, str(index)), inner) for index, inner in enumerate(value))
        if any(secrets.in_words(line.partition("#")[2]) for line in self.text.splitlines()):
            self._secrets_in_comments()

    def _secrets_in_comments(self) -> None:
        for comment in Places.of(self.text).comments().values():
            if secrets.in_words(comment.text):
                self.fault_at(comment.place, "", f"a comment: {NO_SECRET}", _remedy(comment.path))

    def table(self, data: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
        """The table at a key of `data`, empty when it is absent or something else."""
        found = data.get(path[-1], {})
        if isinstance(found, Mapping):
            return found
        if path not in self._hidden:
            self.fault(path, "it is not a table", f"write [{dotted(path)}] and its keys below it")
        return {}

    def fields(self, table: Mapping[str, Any], path: KeyPath, known: Table) -> dict[str, Any]:
        """Read the keys of a table; what is unknown, wrong or missing is a fault."""
        found: dict[str, Any] = {}
        for name, value in table.items():
            key = known.get(name)
            if key is None:
                self.unknown((*path, name), "unknown key", known)
            elif (*path, name) not in self._hidden:
                self._read(found, (*path, name), key.field or name, key.kind, value)
        for name, key in known.items():
            if key.default == NEEDED and name not in table:
                self.fault(path, f"no {name}", f"add {name}: {key.meaning}")
        return found

    def options(self, table: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """Read a table of free keys into `options`."""
        found: dict[str, Any] = {}
        said = {key: value for key, value in table.items() if (*path, key) not in self._hidden}
        self._read(found, path, "options", OPTIONS, said)
        return found

    def name(self, path: KeyPath, shape: re.Pattern[str], do: str) -> None:
        """Check the last key of a path, which names something on the server."""
        if not shape.fullmatch(path[-1]):
            self.fault(path, f"{quoted(path[-1])} is not a name that the server takes", do)

    def unknown(self, path: KeyPath, what: str, known: Iterable[str]) -> None:
        """Note a key that nobody knows, with the one that was meant."""
        if path not in self._hidden:
            self.fault(path, what, values.nearest(self._guessed(path[-1]), known))

    def undeclared(self, path: KeyPath, kind: str, name: str, known: Mapping[str, Any]) -> None:
        """Note a name that the file does not declare, with the one that was meant."""
        meant = values.close(name, tuple(known)) if self._guessed(name) else None
        do = f"did you mean {quoted(meant)}?" if meant else "declare it first"
        self.fault(path, f"no {kind} {quoted(name)} in this file", do)

    def _guessed(self, name: str) -> str | None:
        """The name while guesses are left, None after them; the same name is guessed once."""
        if len(self._guesses) < GUESSES:
            self._guesses.add(name)
        return name if name in self._guesses else None

    def _read(
        self, found: dict[str, Any], path: KeyPath, name: str, kind: values.Kind, value: Any
    ) -> None:
        try:
            found[name] = kind.read(value)
        except BadValueError as error:
            for wrong in error.wrong:
                self.fault((*path, *wrong.at), wrong.what, wrong.do)


def _remedy(path: KeyPath) -> str:
    if path[:1] == ("root",):
        return "take it out; [root] credentials says where Vault's own key comes from"
    return "take it out, and replace the secret: it has been seen"


def _is_secret(path: KeyPath, value: Any) -> bool:
    if secrets.looks_secret(path[-1]) or (isinstance(value, str) and secrets.looks_secret(value)):
        return True
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    return value != "" and secrets.is_secret_name(path[-1])
