"""Which profiles have long-term keys in AWS's credentials file. Nothing secret is kept of it."""

from __future__ import annotations

import configparser
from pathlib import Path

from vaultaws.errors import VaultawsError
from vaultaws.handoff import awsfile

KEY = "aws_access_key_id"
TOKEN = "aws_session_token"  # noqa: S105  (a key's name)


def with_keys(path: Path) -> dict[str, bool]:
    """Profiles with an access key in the file, and whether it is a long-term one (no session
    token beside it). Empty for a file that is missing or cannot be read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(awsfile.read(path))
    except (configparser.Error, VaultawsError):
        return {}
    return {
        name: not parser.has_option(name, TOKEN)
        for name in parser.sections()
        if parser.has_option(name, KEY)
    }
