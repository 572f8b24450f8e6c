"""Profiles in the text of ~/.aws/config: found, written, removed. Pure.

A profile of ours has the key `vaultaws_role`, which every SDK passes over; names and command lines
are not trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vaultaws.errors import UsageError
from vaultaws.handoff.inifile import (
    DEFAULT,
    Section,
    edited,
    parse,
    profile_name,
    unreadable,
    without,
)

MARK: Final = "vaultaws_role"
PROCESS: Final = "credential_process"
SETTINGS: Final = ("region", "output")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@/+-]*")
_ROLE: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.@-]*[A-Za-z0-9_])?")
_VALUE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_NAME: Final = 128


@dataclass(frozen=True)
class Profile:
    """One profile that asks vaultaws. `settings` are more keys of it, such as region."""

    name: str
    role: str
    command: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """All that is written, in order."""
        return ((PROCESS, self.command), (MARK, self.role), *self.settings)


def check_name(name: str) -> str:
    """The name, when all SDKs read it alike. Raises UsageError."""
    if _NAME.fullmatch(name) and len(name) <= _LONGEST_NAME:
        return name
    raise UsageError(
        f"{name!r} cannot be the name of a profile",
        why="the SDKs agree on letters, digits and _ . @ / + - only",
        do="vaultaws profile write ANOTHER-NAME --role ROLE",
    )


def check_role(role: str) -> str:
    """The role, when it has the shape of a role's name: one with a hyphen before it would be read
    as an option. Raises UsageError."""
    if _ROLE.fullmatch(role):
        return role
    raise UsageError(
        f"{role!r} is no name of a role",
        why="roles have letters, digits and _ . @ -",
        do="vaultaws roles list",
    )


def check_setting(key: str, value: str) -> str:
    """The value of a key such as region. Raises UsageError."""
    if _VALUE.fullmatch(value):
        return value
    raise UsageError(
        f"{value!r} cannot be a profile's {key}",
        why="it has letters, digits, _ and - only",
        do=f"write it like --{key} " + ("eu-west-2" if key == "region" else "json"),
    )


def ours(text: str) -> tuple[Profile, ...]:
    """The profiles that vaultaws wrote, in the file's order. Raises ConfigError."""
    return tuple(
        Profile(name, options[MARK], options.get(PROCESS, ""), _rest(options))
        for name, (_, options) in _profiles(text).items()
        if MARK in options
    )


def names(text: str) -> frozenset[str]:
    """The names of all profiles. Raises ConfigError."""
    return frozenset(_profiles(text))


def written(text: str, profile: Profile, *, force: bool = False) -> str:
    """The text with the profile in it; the same text when it says so already.

    Keys of a profile of ours that are not said anew stay. With `force` a profile of another hand
    becomes ours, and what of it would win over ours goes. Raises UsageError for such a profile
    without it, ConfigError for a text that cannot be read.
    """
    head = DEFAULT if profile.name == DEFAULT else f"profile {profile.name}"
    found = _profiles(text).get(profile.name)
    if found is not None:
        head = _demand_ours(profile.name, *found, force=force)
    away = dict.fromkeys(_STRONGER if force else ())
    return edited(text, head, {**away, **dict(profile.keys)})


_STRONGER: Final = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
)
"""Keys that SDKs heed before credential_process (botocore, order of its providers)."""


def removed(text: str, name: str, *, force: bool = False) -> str:
    """The text without the profile. The comments before the next section stay, and so does the
    rest, byte for byte. Raises UsageError when it is not there, or not ours without `force`, and
    ConfigError for a text that cannot be read."""
    found = _profiles(text).get(name)
    if found is None:
        raise UsageError(
            f"there is no profile {name}",
            why="the file has none by that name",
            do="vaultaws profile list",
        )
    return without(text, _demand_ours(name, *found, force=force))


def _demand_ours(name: str, head: str, options: Section, *, force: bool) -> str:
    """The head of a profile that may be changed. Raises UsageError."""
    if MARK in options or force:
        return head
    raise UsageError(
        f"the profile {name} was not written by vaultaws",
        why="its credentials come from elsewhere; nothing was changed",
        do="choose another name, or use --force to take it over",
    )


def _profiles(text: str) -> dict[str, tuple[str, Section]]:
    """Each profile by its name: its section's head, and what it says. Raises ConfigError."""
    found: dict[str, tuple[str, Section]] = {}
    for head, options in parse(text).items():
        name = profile_name(head)
        if name in found:
            raise unreadable(f"the profile {name} is there twice")
        if name:
            found[name] = head, options
    return found


def _rest(options: Section) -> tuple[tuple[str, str], ...]:
    return tuple((key, options[key]) for key in SETTINGS if key in options)
