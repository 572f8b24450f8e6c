"""Which roles, one behind the other, lead from a key to the role that is wanted.

Source: AWS CLI user guide, "Use an IAM role in the AWS CLI": role_arn, source_profile,
credential_source, mfa_serial, external_id, role_session_name, duration_seconds, region. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from vaultaws.errors import ConfigError
from vaultaws.handoff.inifile import Section
from vaultaws.mfa.profiles import LONG_TERM, Book

MOST_HOPS: Final = 8
ENVIRONMENT: Final = "Environment"
FROM_ENVIRONMENT: Final = ""
"""The base of a chain whose keys are those of the environment."""


@dataclass(frozen=True)
class Hop:
    """One role to assume. `arn` may still be a bare role name of one's own account."""

    arn: str
    profile: str = ""
    session_name: str = ""
    seconds: int | None = None
    external_id: str = ""


@dataclass(frozen=True)
class Chain:
    """The roles from the base up, and the device that proves who is at the base.

    `base` is the profile whose key begins it. `serial` is empty where no profile names a device.
    """

    base: str
    hops: tuple[Hop, ...]
    serial: str = ""
    region: str = ""
    process: str = ""

    @property
    def last(self) -> Hop:
        return self.hops[-1]


def chain_to(book: Book, role: str, base: str) -> Chain:
    """The chain to `role`: a profile with role_arn, an ARN, or a role's name.

    For the last two `base` is the profile it begins at, which may itself be a role's.
    Raises ConfigError for profiles that lead nowhere or in a circle.
    """
    if "role_arn" in book.profile(role):
        return _through_profiles(book, role)
    hop = Hop(role)
    if base == FROM_ENVIRONMENT:
        return Chain(FROM_ENVIRONMENT, (hop,))
    if "role_arn" in book.profile(base):
        behind = _through_profiles(book, base)
        return replace(behind, hops=(*behind.hops, hop))
    return _complete(book, base, (hop,), ())


def _through_profiles(book: Book, name: str) -> Chain:
    """Follow source_profile down to a key, then tell it from there up."""
    hops: list[Hop] = []
    seen: list[Section] = []
    names: list[str] = []
    while True:
        section = book.profile(name)
        if name in names:
            raise _wrong(
                names[-1], f"source_profile leads in a circle: {' → '.join(names)} → {name}"
            )
        names.append(name)
        if len(names) > MOST_HOPS:
            raise _wrong(names[0], f"source_profile leads over more than {MOST_HOPS} profiles")
        hops.append(_hop(name, section))
        seen.append(section)
        if section.get("credential_source"):
            base = _base_of_source(name, section)
            break
        base = section.get("source_profile", "")
        if not base:
            raise _wrong(name, "it has role_arn and neither source_profile nor credential_source")
        if not (book.has(base) or book.has(f"{base}{LONG_TERM}")):
            raise _wrong(name, f"its source_profile {base} does not exist")
        if base == name or "role_arn" not in book.profile(base):
            break
        name = base
    return _complete(book, base, tuple(reversed(hops)), tuple(reversed(seen)))


def _base_of_source(name: str, section: Section) -> str:
    if section.get("source_profile"):
        raise _wrong(name, "it has both source_profile and credential_source")
    if section["credential_source"] != ENVIRONMENT:
        raise _wrong(name, f"credential_source {section['credential_source']} proves no person")
    return FROM_ENVIRONMENT


def _complete(book: Book, base: str, hops: tuple[Hop, ...], sections: tuple[Section, ...]) -> Chain:
    """Add device, region and program: what stands nearest to the base counts for the device."""
    own = (
        () if base == FROM_ENVIRONMENT else (book.profile(f"{base}{LONG_TERM}"), book.profile(base))
    )
    near = (*sections, *own)
    far = (*reversed(sections), *reversed(own))
    return Chain(
        base,
        hops,
        serial=_first(near, "mfa_serial") or _first(near, "aws_mfa_device"),
        region=_first(far, "region"),
        process=_first(near, "mfa_process"),
    )


def _first(sections: tuple[Section, ...], key: str) -> str:
    return next((section[key] for section in sections if section.get(key)), "")


def _hop(name: str, section: Section) -> Hop:
    given = section.get("duration_seconds", "")
    if given and not (given.isascii() and given.isdigit()):
        raise _wrong(name, f"duration_seconds is not a whole number: {given}")
    return Hop(
        arn=section["role_arn"],
        profile=name,
        session_name=section.get("role_session_name", ""),
        seconds=int(given) if given else None,
        external_id=section.get("external_id", ""),
    )


def _wrong(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"the profile {name} leads to no credentials",
        why=why,
        do="correct the profile in ~/.aws/config",
    )
