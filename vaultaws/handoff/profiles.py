"""Profiles in the text of ~/.aws/config: found, written, removed. Pure.

ConfigUpdater reads the text into blocks and gives back each block as it was. A section's block
holds the comments that stand before the next one, so a removal keeps them. A profile of ours has
the key `vaultaws_role`, which every SDK passes over; names and command lines are not trusted.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from configupdater import ConfigUpdater, Section

MARK: Final = "vaultaws_role"
PROCESS: Final = "credential_process"
DEFAULT: Final = "default"
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
    found = ((name, _options(section)) for name, section in _profiles(_read(text)))
    return tuple(
        Profile(name, options[MARK], options.get(PROCESS, ""), _rest(options))
        for name, options in found
        if MARK in options
    )


def names(text: str) -> frozenset[str]:
    """The names of all profiles. Raises ConfigError."""
    return frozenset(name for name, _ in _profiles(_read(text)))


def written(text: str, profile: Profile, *, force: bool = False) -> str:
    """The text with the profile in it; the same text when it says so already.

    Keys of a profile of ours that are not said anew stay. With `force` a profile of another hand
    becomes ours, and what of it would win over ours goes. Raises UsageError for such a profile
    without it, ConfigError for a text that cannot be read.
    """
    document = _read(text)
    section = dict(_profiles(document)).get(profile.name)
    if section is None:
        return _appended(text, profile)
    _demand_ours(profile.name, _options(section), force=force)
    for key in _STRONGER if force else ():
        if key in section:
            del section[key]
    for key, value in profile.keys:
        _put(section, key, value)
    return _checked(str(document))


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
    rest, byte for byte. Raises UsageError when it is not there, or not ours without `force`."""
    document = _read(text)
    section = dict(_profiles(document)).get(name)
    if section is None:
        raise UsageError(
            f"there is no profile {name}",
            why="the file has none by that name",
            do="vaultaws profile list",
        )
    _demand_ours(name, _options(section), force=force)
    kept = (_after(block) if block is section else str(block) for block in document.iter_blocks())
    return _checked("".join(kept))


def _demand_ours(name: str, options: Mapping[str, str], *, force: bool) -> None:
    if MARK not in options and not force:
        raise UsageError(
            f"the profile {name} was not written by vaultaws",
            why="its credentials come from elsewhere; nothing was changed",
            do="choose another name, or use --force to take it over",
        )


def _appended(text: str, profile: Profile) -> str:
    """A section at the end, after a blank line."""
    head = DEFAULT if profile.name == DEFAULT else f"profile {profile.name}"
    lines = [f"[{head}]", *(f"{key} = {value}" for key, value in profile.keys)]
    end = "" if not text or text.endswith("\n") else "\n"
    gap = "" if not text.strip() or text.endswith("\n\n") else "\n"
    return _checked(text + end + gap + "\n".join(lines) + "\n")


def _put(section: Section, key: str, value: str) -> None:
    """Say a key, where it stands or below the last one. What is said already is not touched."""
    if key not in section:
        last = list(section.options())[-1:]
        if last:
            section[last[0]].add_after.option(key, value)
        else:
            section.set(key, value)
    elif section[key].value != value:
        section[key].value = value


def _after(section: Section) -> str:
    """What stands in a section's block behind its last key and a blank line: it belongs to what
    comes next."""
    from configupdater import Comment, Option

    blocks = list(section.iter_blocks())
    last = max((at for at, block in enumerate(blocks) if isinstance(block, Option)), default=-1)
    tail = blocks[last + 1 :]
    first = next((at for at, block in enumerate(tail) if isinstance(block, Comment)), len(tail))
    return "".join(str(block) for block in tail[first:])


def _profiles(document: ConfigUpdater) -> Iterator[tuple[str, Section]]:
    """The profiles with their names, as the SDKs read their heads. Raises ConfigError."""
    seen: set[str] = set()
    for section in document.iter_sections():
        name = _name_in(section.name)
        if not name:
            continue
        if name in seen:
            raise _broken(f"the profile {name} is there twice")
        seen.add(name)
        yield name, section


def _name_in(head: str) -> str:
    """The profile's name in a section's head; empty for a section of another kind."""
    if head == DEFAULT:
        return DEFAULT
    try:
        words = shlex.split(head)
    except ValueError:
        return ""
    return words[1] if len(words) == 2 and words[0] == "profile" else ""


def _options(section: Section) -> dict[str, str]:
    return {key: option.value or "" for key, option in section.items()}


def _rest(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, options[key]) for key in SETTINGS if key in options)


def _read(text: str) -> ConfigUpdater:
    """Read as the AWS CLI does: what it cannot read is not touched. Raises ConfigError."""
    from configupdater import ConfigUpdater

    _checked(text)
    document = ConfigUpdater()
    try:
        document.read_string(text)
    except configparser.Error as fault:
        raise _broken(_where(fault)) from fault
    if str(document) != text:
        raise _broken("it cannot be read and written back unchanged")
    return document


def _checked(text: str) -> str:
    """The text, when the parser of the AWS CLI and botocore takes it. Raises ConfigError."""
    if text.startswith("\ufeff"):
        raise _broken("it begins with a byte order mark, which the AWS CLI cannot read either")
    try:
        configparser.RawConfigParser().read_string(text)
    except configparser.Error as fault:
        raise _broken(_where(fault)) from fault
    return text


def _where(fault: configparser.Error) -> str:
    """What is wrong, with the line; the line itself may hold a secret."""
    errors: list[tuple[int, str]] = getattr(fault, "errors", [])
    line = errors[0][0] if errors else getattr(fault, "lineno", None)
    words = {
        "DuplicateSectionError": f"the section {getattr(fault, 'section', '')} is there twice",
        "DuplicateOptionError": f"the key {getattr(fault, 'option', '')} is there twice",
        "MissingSectionHeaderError": "a key stands before the first section",
    }.get(type(fault).__name__, "neither a section, a key nor a comment")
    return f"line {line}: {words}" if line else words


def _broken(why: str) -> ConfigError:
    return ConfigError(
        "the AWS configuration file cannot be edited",
        why=why,
        do="correct it by hand; nothing was changed",
    )
