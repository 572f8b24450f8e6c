"""The profiles of ~/.aws/credentials and ~/.aws/config, as botocore joins them. Read only.

Source: AWS SDKs and Tools guide, "Shared config and credentials files"; aws-mfa's layout
`[NAME-long-term]`, `[NAME]`. botocore itself is not loaded: most runs find a session that is good.
"""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vaultaws.errors import ConfigError
from vaultaws.handoff import awsfile
from vaultaws.model import Credentials, Secret

Section = Mapping[str, str]
Sections = Mapping[str, Section]
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
    return environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"


def read_book(places: Places) -> Book:
    """Read both files; one that is missing is empty. Raises ConfigError, never with a value."""
    config = {
        name: section
        for raw, section in parse(awsfile.read(places.config), places.config).items()
        if (name := _profile_name(raw))
    }
    credentials = parse(awsfile.read(places.credentials), places.credentials)
    return Book(credentials, config)


def parse(text: str, path: Path) -> Sections:
    """The sections of a file. Its lines are never quoted: they may hold secrets."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise unreadable(path, error) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def unreadable(path: Path, error: configparser.Error) -> ConfigError:
    """The error for a file that is not of AWS's form: the line and what is wrong with it."""
    line = getattr(error, "lineno", None)
    faults = getattr(error, "errors", None)
    if line is None and faults:
        line = faults[0][0]
    reasons = {
        "DuplicateSectionError": "a section stands there twice",
        "DuplicateOptionError": "a key stands twice in its section",
        "MissingSectionHeaderError": "a line stands before the first [section]",
    }
    reason = reasons.get(type(error).__name__, "the line is neither [section] nor key = value")
    where = f"{path}:{line}" if line else str(path)
    return ConfigError(f"{where} cannot be read", why=reason, do="correct the line")


def _profile_name(raw: str) -> str:
    """The profile a section of the config file is about; empty for other sections."""
    if raw == "default":
        return raw
    try:
        words = shlex.split(raw)
    except ValueError:
        return ""
    return words[1] if len(words) == 2 and words[0] == "profile" else ""


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
