"""Edits of ~/.aws/credentials: what is not meant stays byte for byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vaultaws.errors import LocalStateError
from vaultaws.handoff import awsfile
from vaultaws.handoff.inifile import edited


def set_section(
    path: Path, section: str, values: Mapping[str, str | None], environ: Mapping[str, str]
) -> None:
    """Give `[section]` these values in the file, None takes a key away; made when missing.

    The file is 0600 afterwards. Raises ConfigError or LocalStateError; then nothing has changed.
    """

    def edit(text: str) -> str:
        return edited(text, section, values, path)

    awsfile.change(path, edit, environ, private=True)


def check(path: Path, section: str) -> None:
    """Raise ConfigError or LocalStateError where `set_section` would: before a code is spent."""
    directory = awsfile.real_file(path).parent
    if not os.access(directory, os.W_OK | os.X_OK):
        raise LocalStateError(
            f"{path} cannot be written",
            why=f"{directory} may not be changed",
            do="mend the permissions there, or use --no-write",
        )
    edited(awsfile.read(path), section, {}, path)
