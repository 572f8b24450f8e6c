"""Where Terraform keeps things in a directory: configuration, states, plans, logs; each searched.

Read as they are, in pieces: backups, crash logs, states that could not be saved, and what is inside
a saved plan, which is a zip archive.
"""

from __future__ import annotations

import codecs
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from vaultaws.infra.scan import Sight, sights

NAMES: Final = (
    "*.tf",
    "*.tf.*",
    "*.tofu",
    "*.tofu.*",
    "*.hcl",
    "*.tfvars",
    "*.tfvars.*",
    "*.json",
    "*.txt",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfbackend",
    "*.tfplan",
    "*.plan",
    "*.log",
    "*.log.*",
    ".terraformrc",
    "terraform.rc",
    "terraformrc",
    "*.out",
)
SKIPPED: Final = frozenset({".git", "node_modules"})
"""Folders of programs, wherever they are."""
DATA: Final = ".terraform"
PROVIDERS: Final = "providers"
"""Within Terraform's own folder: binaries that `terraform init` checks."""
PROVIDER: Final = "terraform-provider-*.zip"
"""The same, packed: what a mirror of providers holds."""
MARK: Final = b"PK\x03\x04"


@dataclass(frozen=True)
class Found:
    """Something that looks like a key, and where: `file` may name a part of an archive."""

    file: str
    sight: Sight


@dataclass(frozen=True)
class Searched:
    """What came of a search: how many files were read, what stands in them, what could not be."""

    files: int
    found: tuple[Found, ...]
    unread: tuple[tuple[str, str], ...] = ()
    archives: tuple[Path, ...] = ()
    """The saved plans among the files."""


def search(directory: Path, more: Sequence[Path] = (), known: Sequence[str] = ()) -> Searched:
    """Search all of Terraform's files below a directory, and `more`."""
    found: list[Found] = []
    unread: list[tuple[str, str]] = []
    files = list(dict.fromkeys((*_files(directory, unread), *more)))
    for path in files:
        name = _name(path, directory)
        try:
            found.extend(_in_file(path, name, known))
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            unread.append((name, why or type(error).__name__))
    archives = tuple(path for path in files if _is_archive(path))
    return Searched(len(files), tuple(found), tuple(unread), archives)


def _name(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)


def _files(directory: Path, unread: list[tuple[str, str]]) -> Iterator[Path]:
    def shut(error: OSError) -> None:
        unread.append((_name(Path(str(error.filename)), directory), error.strerror or "not read"))

    for place, folders, names in os.walk(directory, onerror=shut):
        programs = SKIPPED | {PROVIDERS} if Path(place).name == DATA else SKIPPED
        folders[:] = sorted(set(folders) - programs)
        for name in sorted(each for each in names if not fnmatch(each, PROVIDER)):
            path = Path(place) / name
            is_named = any(fnmatch(name, one) for one in NAMES)
            if path.is_file() and (is_named or _is_archive(path)):
                yield path
            elif is_named and path.is_symlink() and not path.exists():
                unread.append((_name(path, directory), "it leads nowhere"))


def _is_archive(path: Path) -> bool:
    """A saved plan may have any name."""
    try:
        with path.open("rb") as file:
            return file.read(len(MARK)) == MARK
    except OSError:
        return False


def _in_file(path: Path, name: str, known: Sequence[str]) -> Iterator[Found]:
    if not zipfile.is_zipfile(path):
        yield from in_text(path.read_bytes(), name, known)
    if not _is_archive(path):
        return
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            yield from in_text(archive.read(part), f"{name} ({part})", known)


def key_in_plan(text: bytes, known: Sequence[str] = ()) -> tuple[str, str] | None:
    """Where `terraform show -json` of a plan has what looks like a key (the address of a resource,
    where it is in one) and what it is; None where it has none."""
    found = sights(text.decode("utf-8", errors="replace"), known)
    if not found:
        return None
    for each in json.loads(text).get("resource_changes") or []:
        if inside := sights(json.dumps(each["change"]), known):
            return each["address"], inside[0].kind
    return "a variable or an output", found[0].kind


def in_text(text: bytes, name: str, known: Sequence[str] = ()) -> Iterator[Found]:
    """All that looks like a key in a text or, byte for byte, in what is no text."""
    is_wide = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-8", "utf-16") if is_wide else ("utf-8",):
        for sight in sights(text.decode(encoding, errors="replace"), known):
            yield Found(name, sight)
