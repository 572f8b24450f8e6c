"""Sessions kept between runs, in the cache that every credential set of ours is kept in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from vaultaws.aws.sts import Minted
from vaultaws.cache.key import cache_key
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from vaultaws.cache.cache import Cache
    from vaultaws.cache.entry import Entry
    from vaultaws.clock import Clock


class SessionCache(Protocol):
    """Keeps sessions; of several who want the same one, one makes it."""

    def look(self, kind: str, parts: Mapping[str, str]) -> Minted | None:
        """A session that is good for a while yet, or None."""
        ...

    def obtain(
        self, kind: str, parts: Mapping[str, str], make: Callable[[], Minted], *, fresh: bool
    ) -> tuple[Minted, bool]:
        """The session that is kept (True), else a new one; `fresh` replaces the one kept."""
        ...


class SharedSessions:
    """Sessions in the shared cache."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    def look(self, kind: str, parts: Mapping[str, str]) -> Minted | None:
        entry = self._cache.look(cache_key(kind, **parts))
        return _minted(entry) if entry is not None else None

    def obtain(
        self, kind: str, parts: Mapping[str, str], make: Callable[[], Minted], *, fresh: bool
    ) -> tuple[Minted, bool]:
        key = cache_key(kind, **parts)
        name = f"{kind}/{key}"
        if fresh:
            self._cache.forget([name])

        def entry() -> Entry:
            issued_at = self._clock.now().timestamp()
            return _entry(make(), name, issued_at)

        found, hit = self._cache.obtain(key, entry)
        return _minted(found), hit


def _entry(minted: Minted, name: str, issued_at: float) -> Entry:
    from vaultaws.cache.entry import Entry

    credentials = minted.credentials
    ends_at = credentials.expires_at
    return Entry(
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        session_token=credentials.session_token,
        issued_at=issued_at,
        expires_at=ends_at.timestamp() if ends_at is not None else None,
        lease_id=name,
        arn=minted.arn,
    )


def _minted(entry: Entry) -> Minted:
    ends_at = datetime.fromtimestamp(entry.expires_at, UTC) if entry.expires_at else None
    credentials = Credentials(
        entry.access_key_id, entry.secret_access_key, entry.session_token, ends_at
    )
    return Minted(credentials, entry.arn)
