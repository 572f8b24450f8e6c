"""What would win over the container endpoint in the person's AWS files, put out of the way.

The SDKs look at the [default] profile of both files before they look at the endpoint (SDK
reference guide, "standardized credential providers"). The child gets a copy of the config file
without what chooses credentials there; no secret is copied, and the files stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SECTION: Final = re.compile(r"\[\s*(?:profile\s+)?[\"']?([^\]\"']*?)[\"']?\s*\]")
CHOOSES: Final = re.compile(
    r"(aws_access_key_id|aws_secret_access_key|aws_session_token|credential_|role_|source_profile"
    r"|web_identity_|sso_|login_session|mfa_serial|external_id|duration_seconds)"
)
SECRET: Final = re.compile(r"aws_(access_key_id|secret_access_key|session_token)\b")
CONFIG: Final = "AWS_CONFIG_FILE"
CREDENTIALS: Final = "AWS_SHARED_CREDENTIALS_FILE"


def shadowed(directory: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that hide what would win; the copy goes to `directory`.

    Files that cannot be read hide themselves. Raises OSError when the copy cannot be written.
    """
    found = {"BOTO_CONFIG": os.devnull}
    if any(name == "default" for name, _ in _lines(_read(environ, CREDENTIALS, "credentials"))):
        found[CREDENTIALS] = os.devnull
    config = _read(environ, CONFIG, "config")
    kept = without_choices(config)
    if kept != config:
        copy = directory / "config"
        copy.write_bytes(kept.encode("utf-8", "surrogateescape"))
        found[CONFIG] = str(copy)
    return found


def without_choices(config: str) -> str:
    """The config without what chooses credentials in [default]. Where anything is left out, all
    secrets are, since the text is going to be a second file. Pure."""
    kept, changed = [], False
    dropping = False
    for section, line in _lines(config):
        if not line[:1].isspace():  # an indented line belongs to the one above it
            dropping = section == "default" and bool(CHOOSES.match(line.strip().lower()))
        changed = changed or dropping
        if not dropping:
            kept.append(line)
    if not changed:
        return config
    return "".join(line for line in kept if not SECRET.match(line.strip().lower()))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line with the name of the section it stands in."""
    section = ""
    for line in text.splitlines(keepends=True):
        if head := SECTION.match(line.strip()):
            section = head[1]
        yield section, line


def _read(environ: Mapping[str, str], variable: str, name: str) -> str:
    home = environ.get("HOME", "")
    path = Path(environ.get(variable) or Path(home or "~", ".aws", name)).expanduser()
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return ""
