"""Which file each role's inline policy is written to, and what is in it. Pure.

A document that several roles share is one file. A file that is there already and means the same
stays; one that says something else is only written when the roles that name it all change alike.
A file that no role of ours names is never written.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from vaultaws.config.policies import parse
from vaultaws.model import JsonObject, Role
from vaultaws.policy.equal import as_json, equal

FOLDER: Final = "policies"
LONGEST_NAME: Final = 100  # characters of a file's name before .json; file systems take 255 bytes
DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are no files on Windows (Microsoft, "Naming files, paths and namespaces")."""


@dataclass(frozen=True)
class Named:
    """What the roles of the file that is there name: role → (path as written, document)."""

    roles: Mapping[str, tuple[str, JsonObject]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Paths that something else than a role names: they are never written."""


@dataclass
class Assignment:
    """Where the policy of each role is, by the role's name, and the texts to write by path."""

    paths: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    _by_document: dict[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def put(self, role: str, document: JsonObject, path: str, *, write: bool) -> None:
        """Say where a role's policy is, and whether it is to be written there."""
        self.paths[role] = path
        self._by_document.setdefault(as_json(document), path)
        self._used.add(key(path))
        if write:
            self.texts[path] = text_of(document)

    def shared(self, document: JsonObject) -> str | None:
        """The file that has this very document already."""
        return self._by_document.get(as_json(document))

    def is_used(self, path: str) -> bool:
        """True when the file is some other document's, in any case of letters."""
        return key(path) in self._used


def assign(roles: Iterable[Role], named: Named, there: Mapping[str, str | None]) -> Assignment:
    """Find a file for each inline policy.

    `there` has the files in the folder of policies by path, with their text; None where it
    cannot be read.
    """
    found = Assignment()
    documents = {
        role.name: role.policy_document for role in roles if role.policy_document is not None
    }
    changed: list[str] = []
    for name, document in documents.items():
        old = named.roles.get(name)
        if old is not None and equal(old[1], document):
            found.put(name, document, old[0], write=False)
        else:
            changed.append(name)
    rewritable = _rewritable(changed, documents, named, found)
    files = {key(path): text for path, text in there.items()}
    for name in changed:
        document = documents[name]
        path = rewritable.get(name) or found.shared(document)
        if path is not None:
            found.put(name, document, path, write=name in rewritable)
            continue
        path, is_there = _free(name, document, found, files)
        found.put(name, document, path, write=not is_there)
    return found


def _rewritable(
    changed: list[str],
    documents: Mapping[str, JsonObject],
    named: Named,
    found: Assignment,
) -> dict[str, str]:
    """The changed roles whose file is theirs alone and is to say the same for all of them."""
    users: dict[str, list[str]] = {}
    for name in changed:
        if name in named.roles:
            users.setdefault(key(named.roles[name][0]), []).append(name)
    others = {key(path) for path in named.others}
    return {
        name: named.roles[name][0]
        for path, names in users.items()
        if is_inside(path) and path not in others and not found.is_used(path)
        if len({as_json(documents[name]) for name in names}) == 1
        for name in names
    }


def key(path: str) -> str:
    """One spelling of a path, for file systems where case means nothing."""
    return posixpath.normpath(path).casefold()


def is_inside(path: str) -> bool:
    """True for a path below the file's own directory."""
    parts = PurePosixPath(path).parts
    return "\\" not in path and not PurePosixPath(path).is_absolute() and ".." not in parts


def _free(
    role: str, document: JsonObject, found: Assignment, there: Mapping[str, str | None]
) -> tuple[str, bool]:
    """A file's path for a role's policy, and whether it is there already with this document."""
    for path in _candidates(role):  # it has more than there are files
        if found.is_used(path):
            continue
        if key(path) not in there:
            break
        if _is_document(there[key(path)], document):
            return path, True
    return path, False


def _candidates(role: str) -> Iterator[str]:
    name, number = file_name(role), 1
    while True:
        yield f"{FOLDER}/{name if number == 1 else f'{name}-{number}'}.json"
        number += 1


def _is_document(text: str | None, document: JsonObject) -> bool:
    held = parse(text) if text is not None else None
    return isinstance(held, Mapping) and as_json(held) == as_json(document)


def file_name(role: str) -> str:
    """A name of a file for a role: the role's own where that is safe everywhere."""
    safe = re.sub(r"[^A-Za-z0-9_.@-]+", "-", role).strip(".-")[:LONGEST_NAME]
    if safe and safe == role and not DEVICES.fullmatch(role):
        return role
    safe = f"role-{safe}" if not safe or DEVICES.fullmatch(safe) else safe
    return f"{safe.rstrip('-')}-{hashlib.sha256(role.encode(errors='replace')).hexdigest()[:8]}"


def text_of(document: JsonObject) -> str:
    """A policy as people read it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
