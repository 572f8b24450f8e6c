"""The profiles of ~/.aws/credentials and ~/.aws/config, as botocore joins them. Read only.

Source: AWS SDKs and Tools guide, "Shared config and credentials files"; aws-mfa's layout
`[NAME-long-term]`, `[NAME]`. botocore itself is not loaded: most runs find a session that is good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vaultaws.handoff import awsfile
from vaultaws.handoff.inifile import DEFAULT, Section, Sections, parse, profile_name
from vaultaws.model import Credentials, Secret

LONG_TERM: Final = "-long-term"


@dataclass(frozen=True)
class Places:
    """Where the two files are."""

    credentials: Path
    config: Path


@dataclass(frozen=True)
class Book:
    """Both files: sections of the credentials file, and profiles of the config file by name."""

    credentials: Sections = field(default_factory=dict)
    config: Sections = field(default_factory=dict)

    def profile(self, name: str) -> Section:
        """Everything said of a profile; the credentials file wins. Empty when it is unknown."""
        return {**self.config.get(name, {}), **self.credentials.get(name, {})}

    def has(self, name: str) -> bool:
        return name in self.credentials or name in self.config

    @property
    def names(self) -> tuple[str, ...]:
        """Every profile, those of the credentials file first."""
        return tuple(dict.fromkeys((*self.credentials, *self.config)))


def places_of(environ: Mapping[str, str], home: Path | None) -> Places:
    """AWS's own variables, else ~/.aws. Raises LocalStateError where there is no home."""
    return Places(awsfile.credentials_path(environ, home), awsfile.config_path(environ, home))


def chosen_profile(environ: Mapping[str, str]) -> str:
    """The profile AWS's own settings name."""
    return environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or DEFAULT


def read_book(places: Places) -> Book:
    """Read both files; one that is missing is empty. Raises ConfigError, never with a value."""
    config = {
        name: section
        for raw, section in parse(awsfile.read(places.config), places.config).items()
        if (name := profile_name(raw))
    }
    credentials = parse(awsfile.read(places.credentials), places.credentials)
    return Book(credentials, config)


def keys_of(section: Section) -> Credentials | None:
    """The keys that stand in a section, or None when they are not whole."""
    key, secret = section.get("aws_access_key_id", ""), section.get("aws_secret_access_key", "")
    if not (key and secret):
        return None
    token = section.get("aws_session_token") or section.get("aws_security_token")
    return Credentials(key, Secret(secret), Secret(token) if token else None)


def environment_keys(environ: Mapping[str, str]) -> Credentials | None:
    """The keys in the environment, or None."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    token = environ.get("AWS_SESSION_TOKEN", "")
    if not (key and secret):
        return None
    return Credentials(key, Secret(secret), Secret(token) if token else None)
