"""`mfa login`: a session of a profile's long-term key, kept where aws-mfa keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vaultaws.aws.sts import (
    LONGEST_ROLE_SECONDS,
    LONGEST_SESSION_SECONDS,
    SHORTEST_SECONDS,
    Minted,
    Proof,
    RoleWish,
    Sts,
)
from vaultaws.clock import Clock
from vaultaws.errors import ConfigError, UsageError
from vaultaws.handoff.inifile import Section
from vaultaws.mfa.names import own_session_name
from vaultaws.mfa.profiles import LONG_TERM, Book, keys_of
from vaultaws.mfa.proving import Prover
from vaultaws.mfa.shortterm import Kept, kept
from vaultaws.model import Credentials

SESSION_SECONDS: Final = 43_200
ROLE_SECONDS: Final = 3600
OWN_SUFFIX: Final = "-session"
_TEMPORARY: Final = "ASIA"
"""How the ids of temporary keys begin (IAM user guide, "IAM identifiers")."""


class Reason(StrEnum):
    """Why a session is begun, or not."""

    GOOD = "good"
    MISSING = "missing"
    BROKEN = "broken"
    EXPIRED = "expired"
    OTHER_ROLE = "other role"
    FORCED = "forced"


@dataclass(frozen=True)
class LoginWish:
    """What the command line says; empty or None where it says nothing."""

    profile: str
    duration_seconds: int | None = None
    device: str = ""
    into: str = ""
    force: bool = False


@dataclass(frozen=True)
class LongTerm:
    """A long-term key, its device, and what is to come of them."""

    section: str
    key: Credentials
    serial: str
    into: str
    seconds: int
    role_arn: str = ""
    region: str = ""
    process: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Login:
    """The session there is now, and why it was begun."""

    profile: str
    session: Kept
    reason: Reason


def settle(book: Book, wish: LoginWish, environ: Mapping[str, str]) -> LongTerm:
    """Find the long-term key and all that goes with it. Pure. Raises ConfigError or UsageError."""
    section, values, key, into = _long_term(book, wish)
    named = book.profile(wish.profile)
    role_arn = environ.get("MFA_ASSUME_ROLE") or values.get("assume_role", "")
    serial = (
        wish.device
        or environ.get("MFA_DEVICE")
        or values.get("aws_mfa_device")
        or values.get("mfa_serial")
        or named.get("mfa_serial", "")
    )
    if not serial:
        raise no_device(section)
    return LongTerm(
        section=section,
        key=key,
        serial=serial,
        into=into,
        seconds=_seconds(wish, environ, role=bool(role_arn)),
        role_arn=role_arn,
        region=values.get("region") or named.get("region", ""),
        process=values.get("mfa_process") or named.get("mfa_process", ""),
    )


def no_device(section: str) -> ConfigError:
    return ConfigError(
        f"no MFA device is known for {section}",
        why="neither --device, aws_mfa_device nor mfa_serial names one",
        do="see yours: vaultaws mfa device list; without one: vaultaws mfa device create",
    )


def _long_term(book: Book, wish: LoginWish) -> tuple[str, Section, Credentials, str]:
    """aws-mfa's `[NAME-long-term]`, else the keys of NAME itself: those are never written over."""
    name = wish.profile
    for section, usual in ((f"{name}{LONG_TERM}", name), (name, f"{name}{OWN_SUFFIX}")):
        values = book.profile(section)
        key = keys_of(values)
        if key is not None and key.session_token is None:
            into = wish.into or usual
            _check_free(book, section, into)
            return section, values, key, into
    known = ", ".join(each for each in book.names if keys_of(book.profile(each))) or "none"
    raise ConfigError(
        f"the profile {name} has no long-term key",
        why=f"neither [{name}{LONG_TERM}] nor [{name}] holds one; profiles with keys: {known}",
        do=f"aws configure --profile {name}{LONG_TERM}",
    )


def session_profile(book: Book, name: str) -> str:
    """Where `login` keeps the session of a profile unless told otherwise. Pure.

    It is beside a key that stands under the name itself, unless another key's session goes there.
    """
    beside = f"{name}{OWN_SUFFIX}"
    keys = keys_of(book.profile(name))
    own = keys is not None and keys.session_token is None
    taken = any(book.has(f"{each}{LONG_TERM}") for each in (name, beside))
    return beside if own and not taken else name


def _check_free(book: Book, section: str, into: str) -> None:
    """Refuse to write a session where something else stands that it would destroy or hide."""
    if any(mark in into for mark in "[]\r\n") or not into.strip():
        raise UsageError(
            "a session cannot be kept under that name",
            why="a profile's name has no brackets and no line breaks",
            do="--into NAME",
        )
    there = book.credentials.get(into, {})
    key = there.get("aws_access_key_id", "")
    own_key = bool(key) and not (key.startswith(_TEMPORARY) or there.get("aws_session_token"))
    if into == section or own_key:
        what = "it holds a long-term key, which would be lost"
    elif book.config.get(into, {}).get("role_arn"):
        what = "it is a role in ~/.aws/config, which would be hidden"
    else:
        return
    raise UsageError(
        f"the session is not written to the profile {into}", why=what, do="--into ANOTHER-NAME"
    )


def _seconds(wish: LoginWish, environ: Mapping[str, str], *, role: bool) -> int:
    seconds = wish.duration_seconds
    if seconds is None and (given := environ.get("MFA_STS_DURATION")):
        if not given.isascii() or not given.isdigit():
            raise UsageError(
                "MFA_STS_DURATION is not a number of seconds",
                why=f'it says "{given}"',
                do="give seconds, or leave it unset",
            )
        seconds = int(given)
    if seconds is None:
        return ROLE_SECONDS if role else SESSION_SECONDS
    check_seconds(seconds, LONGEST_ROLE_SECONDS if role else LONGEST_SESSION_SECONDS)
    return seconds


def check_seconds(seconds: int, longest: int) -> None:
    """Raise UsageError for a life that AWS gives no such session."""
    if not SHORTEST_SECONDS <= seconds <= longest:
        raise UsageError(
            f"AWS gives no session of {seconds} seconds",
            why=f"it lasts from {SHORTEST_SECONDS} to {longest} seconds",
            do=f"--duration {min(max(seconds, SHORTEST_SECONDS), longest)}",
        )


def state_of(
    book: Book, plan: LongTerm, clock: Clock, *, force: bool = False
) -> tuple[Reason, Kept | None]:
    """Whether the session in the file will do, by aws-mfa's own rules. Pure."""
    section = book.credentials.get(plan.into, {})
    found = kept(section)
    if force:
        return Reason.FORCED, None
    if not section:
        return Reason.MISSING, None
    if found is None:
        return Reason.BROKEN, None
    if found.role_arn != plan.role_arn:
        return Reason.OTHER_ROLE, None
    if found.ends_at <= clock.now():
        return Reason.EXPIRED, None
    return Reason.GOOD, found


class Doors:
    """The ways out of here: the file read and written, AWS, codes, time."""

    def __init__(
        self,
        *,
        read: Callable[[], Book],
        write: Callable[[str, Credentials, str], None],
        prover: Prover,
        clock: Clock,
    ) -> None:
        self.read = read
        self.write = write
        self.prover = prover
        self.clock = clock


def login(
    plan: LongTerm, doors: Doors, *, force: bool = False, told: Callable[[Reason], None]
) -> Login:
    """Leave a good session in the file, asking for a code only when there is none.

    `told` hears why a session is begun, before a code is asked for. Of several at once one asks;
    the others find its session. Raises what AWS, the code's source or the file says; then nothing
    is written.
    """
    book = doors.read()
    reason, found = state_of(book, plan, doors.clock, force=force)
    if found is not None:
        return Login(plan.into, found, reason)
    before = _key_id(book, plan)

    def another() -> Login | None:
        now = doors.read()
        state, session = state_of(now, plan, doors.clock)
        if session is None or (force and _key_id(now, plan) == before):
            told(reason)
            return None
        return Login(plan.into, session, state)

    def begin(proof: Proof) -> Login:
        minted = _minted(plan, proof)
        doors.write(plan.into, minted.credentials, plan.role_arn)
        ends_at = minted.credentials.expires_at or doors.clock.now()
        return Login(plan.into, Kept(minted.credentials, ends_at, plan.role_arn), reason)

    return doors.prover.once(plan.serial, begin, another)


def _key_id(book: Book, plan: LongTerm) -> str:
    return book.credentials.get(plan.into, {}).get("aws_access_key_id", "")


def _minted(plan: LongTerm, proof: Proof) -> Minted:
    sts = Sts(plan.key, region=plan.region, profile=plan.section)
    if not plan.role_arn:
        return sts.session(plan.seconds, proof)
    wish = RoleWish(plan.role_arn, own_session_name(), plan.seconds)
    return sts.assume(wish, proof)
