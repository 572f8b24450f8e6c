"""`mfa assume`: from a key, over an MFA session, role by role to the one that is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

from vaultaws.aws.sts import (
    CHAINED_SECONDS,
    LONGEST_ROLE_SECONDS,
    Minted,
    Proof,
    RoleWish,
    Sts,
)
from vaultaws.clock import Clock
from vaultaws.errors import ConfigError, UsageError
from vaultaws.mfa.caching import SessionCache
from vaultaws.mfa.chains import FROM_ENVIRONMENT, Chain, Hop, chain_to
from vaultaws.mfa.login import SESSION_SECONDS, check_seconds, session_profile
from vaultaws.mfa.names import own_session_name
from vaultaws.mfa.profiles import LONG_TERM, Book, environment_keys, keys_of
from vaultaws.mfa.proving import Prover
from vaultaws.mfa.shortterm import kept
from vaultaws.model import Credentials, Principal

OF_SESSIONS: Final = "mfa-session"
OF_ROLES: Final = "mfa-role"
_ROLE_NAME: Final = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/.+")


@dataclass(frozen=True)
class AssumeWish:
    """What the command line says; `profile` None leaves it to AWS's own settings."""

    role: str
    profile: str | None = None
    duration_seconds: int | None = None
    session_name: str = ""
    external_id: str = ""
    device: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class Base:
    """Where a chain begins. `long_term`: a key that can open an MFA session; `proven`: one that
    has one already. `profile` gives the settings of the calls."""

    credentials: Credentials
    long_term: bool
    proven: bool = False
    profile: str | None = None


@dataclass(frozen=True)
class Assumed:
    """A role's session. `hit`: it was kept from an earlier run."""

    credentials: Credentials
    role_arn: str
    arn: str
    region: str = ""
    hit: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """What is outside: the files as read, the environment, codes, the cache, AWS, time."""

    book: Book
    environ: Mapping[str, str]
    prover: Prover
    cache: SessionCache
    clock: Clock
    identify: Callable[[Credentials], Principal]
    find: Callable[[str], Credentials]
    """AWS's own search for the credentials of a profile that has no keys in the files."""


def plan(book: Book, wish: AssumeWish, environ: Mapping[str, str], fallback: str) -> Chain:
    """Settle the way to the role: profiles, device, life. Pure. `fallback` is AWS's own profile."""
    _check_role(book, wish.role)
    chain = chain_to(book, wish.role, base_profile(wish.profile, environ, fallback))
    last = chain.last
    seconds = wish.duration_seconds if wish.duration_seconds is not None else last.seconds
    if seconds is not None:
        check_seconds(seconds, LONGEST_ROLE_SECONDS)
    last = replace(
        last,
        seconds=seconds,
        session_name=wish.session_name or last.session_name,
        external_id=wish.external_id or last.external_id,
    )
    serial = wish.device or chain.serial or environ.get("MFA_DEVICE", "")
    return replace(chain, hops=(*chain.hops[:-1], last), serial=serial)


def base_profile(said: str | None, environ: Mapping[str, str], fallback: str) -> str:
    """Whose key it begins with: the profile said, else keys in the environment, else `fallback`.

    As in AWS's own tools a profile that is named goes before keys in the environment.
    """
    if said is not None:
        return said
    named = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    from_environment = not named and environment_keys(environ) is not None
    return FROM_ENVIRONMENT if from_environment else fallback


def _check_role(book: Book, role: str) -> None:
    if "role_arn" in book.profile(role) or _ROLE_ARN.fullmatch(role):
        return
    if role.startswith("arn:") or not _ROLE_NAME.fullmatch(role):
        raise UsageError(
            f'"{role}" names no role',
            why="a role is an ARN (arn:aws:iam::ACCOUNT:role/NAME), a name, or a profile",
            do="vaultaws mfa roles",
        )


def capped(chain: Chain) -> tuple[Chain, tuple[str, ...]]:
    """The chain with what AWS bounds, and a note when that shortens what was asked. Pure.

    A role assumed with another role's session lasts an hour at most (IAM user guide, "Role
    chaining").
    """
    first, *behind = chain.hops
    long = [hop.seconds for hop in behind if hop.seconds and hop.seconds > CHAINED_SECONDS]
    short = (
        replace(hop, seconds=CHAINED_SECONDS) if hop.seconds in long else hop for hop in behind
    )
    notes = (f"a role behind a role lasts 1 h at most, not {each} s" for each in long)
    return replace(chain, hops=(first, *short)), tuple(notes)


def assume(chain: Chain, world: World, *, fresh: bool = False) -> Assumed:
    """Return a session of the chain's last role, kept or new. `fresh` takes nothing kept.

    Raises what AWS, the code's source or the files say; nothing is kept then.
    """
    chain, notes = capped(chain)
    base = base_of(chain.base, world, fresh=fresh)

    def make() -> Minted:
        return _climb(chain, base, world, fresh=fresh)

    minted, hit = world.cache.obtain(
        OF_ROLES, role_parts(chain, base.credentials, world.environ), make, fresh=fresh
    )
    role = _role_of(minted.arn) or chain.last.arn
    return Assumed(minted.credentials, role, minted.arn, chain.region, hit, notes)


def _role_of(session_arn: str) -> str:
    """ROLE's name and account out of arn:…:sts::ACCOUNT:assumed-role/ROLE/SESSION."""
    parts = session_arn.split(":", 5)
    if len(parts) != 6 or "/" not in parts[5]:
        return ""
    return f"arn:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"


def base_of(name: str, world: World, *, fresh: bool = False) -> Base:
    """Find the credentials a chain begins with. Raises ConfigError or AwsSetupError."""
    if name == FROM_ENVIRONMENT:
        keys = environment_keys(world.environ)
        if keys is None:
            raise ConfigError(
                "there are no AWS credentials to begin with",
                why="the environment holds no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                do="--profile NAME",
            )
        return Base(keys, long_term=keys.session_token is None)
    found = _of_files(name, world, fresh=fresh)
    if found is None and not world.book.has(name):
        raise ConfigError(
            f"there is no profile {name} to begin with",
            why=f"~/.aws has {', '.join(world.book.names) or 'no profile at all'}",
            do="--profile NAME",
        )
    return found or Base(world.find(name), long_term=False, profile=name)


def _of_files(name: str, world: World, *, fresh: bool) -> Base | None:
    """aws-mfa's session if it is good, else a long-term key, else what stands there."""
    own = world.book.profile(name)
    session = kept(world.book.profile(session_profile(world.book, name)))
    good = session is not None and session.ends_at > world.clock.now() and not session.role_arn
    if session is not None and good and not fresh:
        return Base(session.credentials, long_term=False, proven=True, profile=name)
    for section in (f"{name}{LONG_TERM}", name):
        keys = keys_of(world.book.profile(section))
        if keys is not None and keys.session_token is None:
            return Base(keys, long_term=True, profile=section)
    if session is not None and session.ends_at <= world.clock.now():
        raise ConfigError(
            f"the session of the profile {name} has ended",
            why=f"it ended at {session.ends_at:%Y-%m-%dT%H:%M:%SZ}, and no long-term key is there",
            do=f"vaultaws mfa login {name}",
        )
    keys = keys_of(own)
    return Base(keys, long_term=False, profile=name) if keys is not None else None


def _endpoint(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL", "")


def session_parts(key_id: str, serial: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What tells one MFA session from another."""
    return {"key": key_id, "serial": serial, "endpoint": _endpoint(environ)}


def role_parts(chain: Chain, base: Credentials, environ: Mapping[str, str]) -> dict[str, str]:
    """What tells one role's session from another."""
    return {
        "key": base.access_key_id,
        "serial": chain.serial,
        "endpoint": _endpoint(environ),
        "region": chain.region,
        "hops": json.dumps([{**asdict(hop), "profile": ""} for hop in chain.hops]),
    }


def _climb(chain: Chain, base: Base, world: World, *, fresh: bool) -> Minted:
    current, proof_needed = base.credentials, False
    if chain.serial and base.long_term:
        current = mfa_session(chain, base, world, fresh=fresh).credentials
    elif chain.serial and not base.proven:
        proof_needed = True
    minted = Minted(current)
    for hop in chain.hops:
        sts = Sts(minted.credentials, region=chain.region, profile=base.profile)
        wish = _wish(hop, minted.credentials, world)
        if proof_needed:
            minted, proof_needed = _proven(chain.serial, sts, wish, world), False
        else:
            minted = sts.assume(wish)
    return minted


def _proven(serial: str, sts: Sts, wish: RoleWish, world: World) -> Minted:
    def call(proof: Proof) -> Minted:
        return sts.assume(wish, proof)

    return world.prover.once(serial, call, lambda: None)


def mfa_session(chain: Chain, base: Base, world: World, *, fresh: bool = False) -> Minted:
    """The MFA session of a long-term key: kept, or opened with one code for all who want it."""
    sts = Sts(base.credentials, region=chain.region, profile=base.profile)
    parts = session_parts(base.credentials.access_key_id, chain.serial, world.environ)

    def open_session() -> Minted:
        return world.prover.once(
            chain.serial,
            lambda proof: sts.session(SESSION_SECONDS, proof),
            lambda: None if fresh else world.cache.look(OF_SESSIONS, parts),
        )

    return world.cache.obtain(OF_SESSIONS, parts, open_session, fresh=fresh)[0]


def _wish(hop: Hop, caller: Credentials, world: World) -> RoleWish:
    arn = hop.arn
    if not arn.startswith("arn:"):
        who = world.identify(caller)
        arn = f"arn:{who.arn.split(':')[1]}:iam::{who.account}:role/{arn}"
    return RoleWish(arn, hop.session_name or own_session_name(), hop.seconds, hop.external_id)
