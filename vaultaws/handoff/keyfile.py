"""Which profiles have long-term keys in AWS's credentials file. Nothing secret is kept of it."""

from __future__ import annotations

from pathlib import Path

from vaultaws.errors import VaultawsError
from vaultaws.handoff import awsfile
from vaultaws.handoff.inifile import parse

KEY = "aws_access_key_id"
TOKEN = "aws_session_token"  # noqa: S105  (a key's name)


def with_keys(path: Path) -> dict[str, bool]:
    """Profiles with an access key in the file, and whether it is a long-term one (no session
    token beside it). Empty for a file that is missing or cannot be read."""
    try:
        sections = parse(awsfile.read(path))
    except VaultawsError:
        return {}
    return {name: TOKEN not in section for name, section in sections.items() if KEY in section}
