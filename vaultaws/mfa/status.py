"""`mfa status`: the sessions that are known here. Reads files and cache, asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vaultaws.aws.account import account_of_key
from vaultaws.errors import VaultawsError
from vaultaws.mfa.assume import OF_ROLES, OF_SESSIONS, capped, role_parts, session_parts
from vaultaws.mfa.caching import SessionCache
from vaultaws.mfa.chains import FROM_ENVIRONMENT, Chain, chain_to
from vaultaws.mfa.login import session_profile
from vaultaws.mfa.profiles import LONG_TERM, Book, environment_keys, keys_of
from vaultaws.mfa.shortterm import kept
from vaultaws.model import Credentials


class Where(StrEnum):
    """Where a session is kept."""

    FILE = "credentials file"
    CACHE = "cache"


@dataclass(frozen=True)
class Known:
    """One session. `who` is the device or the role's session, as far as it is written down."""

    profile: str
    account: str
    who: str
    ends_at: datetime
    where: Where
    role_arn: str = ""


def known_sessions(
    book: Book, cache: SessionCache, environ: Mapping[str, str]
) -> tuple[Known, ...]:
    """Every session of the file, ended ones too, then those kept for the profiles."""
    found = [*_in_file(book), *_for_keys(book, cache, environ), *_for_roles(book, cache, environ)]
    return tuple(dict.fromkeys(found))


def _in_file(book: Book) -> list[Known]:
    found = []
    for name, section in book.credentials.items():
        session = kept(section)
        if session is None:
            continue
        long_term = book.profile(f"{name}{LONG_TERM}")
        device = long_term.get("aws_mfa_device") or book.profile(name).get("mfa_serial", "")
        account = account_of_key(session.credentials.access_key_id)
        who = session.role_arn or device
        found.append(Known(name, account, who, session.ends_at, Where.FILE, session.role_arn))
    return found


def _for_keys(book: Book, cache: SessionCache, environ: Mapping[str, str]) -> list[Known]:
    """MFA sessions that `assume` keeps, by the devices that the profiles name."""
    found = []
    devices = {
        device
        for name in book.names
        for key in ("mfa_serial", "aws_mfa_device")
        if (device := book.profile(name).get(key, ""))
    }
    for name in book.names:
        key = keys_of(book.profile(name))
        if key is None or key.session_token is not None:
            continue
        for serial in sorted(devices):
            parts = session_parts(key.access_key_id, serial, environ)
            minted = cache.look(OF_SESSIONS, parts)
            if minted is not None and minted.credentials.expires_at is not None:
                account = account_of_key(key.access_key_id)
                end = minted.credentials.expires_at
                found.append(Known(name, account, serial, end, Where.CACHE))
    return found


def _for_roles(book: Book, cache: SessionCache, environ: Mapping[str, str]) -> list[Known]:
    found = []
    for name in book.names:
        if "role_arn" not in book.profile(name):
            continue
        try:
            chain = capped(chain_to(book, name, FROM_ENVIRONMENT))[0]
        except VaultawsError:
            continue  # a profile that leads nowhere has no session
        for base in _bases(book, chain, environ):
            minted = cache.look(OF_ROLES, role_parts(chain, base, environ))
            if minted is not None and minted.credentials.expires_at is not None:
                account = account_of_key(minted.credentials.access_key_id)
                end, role = minted.credentials.expires_at, chain.last.arn
                found.append(Known(name, account, minted.arn, end, Where.CACHE, role))
    return found


def _bases(book: Book, chain: Chain, environ: Mapping[str, str]) -> list[Credentials]:
    if chain.base == FROM_ENVIRONMENT:
        keys = environment_keys(environ)
        return [keys] if keys is not None else []
    names = dict.fromkeys(
        (session_profile(book, chain.base), chain.base, f"{chain.base}{LONG_TERM}")
    )
    return [keys for name in names if (keys := keys_of(book.profile(name))) is not None]
