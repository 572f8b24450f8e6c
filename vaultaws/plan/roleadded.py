"""A declared file with one more role: the text it will have, read as the loader will. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaultaws.config import syntax
from vaultaws.config.build import Builder
from vaultaws.config.faults import DeclaredFileError
from vaultaws.config.policies import PolicyFiles
from vaultaws.config.reading import Reading
from vaultaws.config.schema import Config
from vaultaws.errors import UsageError, visible
from vaultaws.plan.adopt_text import rewrite


def with_role(text: str, name: str, table: Mapping[str, Any], file: Path) -> str:
    """The file's text with the table [roles.NAME]; the same text where it stands there already.

    Raises UsageError when a role of that name says something else, ConfigError when the file is
    written in a way that cannot be edited.
    """
    data = tomllib.loads(text)
    roles = data.get("roles", {})
    if name in roles and roles[name] != table:
        raise UsageError(
            f"the role {visible(name)} is declared already",
            why=f"{visible(str(file))} says something else of it; nothing was written",
            do="name another role, or change that table yourself",
        )
    return rewrite(text, {**data, "roles": {**roles, name: dict(table)}})


def demand_sound(text: str, file: Path, policies: Mapping[Path, str]) -> Config:
    """Read the text as the loader will, with policy files that are yet to be written.

    Raises DeclaredFileError with every fault.
    """
    reading, held = Reading(file, text), PolicyFiles()
    for path, document in policies.items():
        held.hold(path, document)
    data = syntax.parse(text)
    reading.hide_secrets(data)
    config = Builder(reading, held).config(data)
    if faults := reading.faults():
        raise DeclaredFileError.of(faults)
    return config
