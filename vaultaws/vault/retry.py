"""When a request may be sent again, and how long to wait first. Pure."""

from __future__ import annotations

from typing import Final

_FIRST_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 5.0
_READS: Final = frozenset({"GET", "HEAD"})
_MINTING: Final = frozenset({"creds", "sts"})
_LOOKUP: Final = "sys/leases/lookup"


def may_repeat(method: str, path: str) -> bool:
    """True for reads that change nothing.

    A read of `creds/` or `sts/` mints a credential: sent twice, the first one would be
    orphaned, so it never qualifies, wherever the word stands in the path. A LIST mints nothing.
    Looking a lease up is a PUT only because its id goes in the body.
    """
    if method.upper() == "LIST" or (method.upper() == "PUT" and path == _LOOKUP):
        return True
    return method.upper() in _READS and not mints(method, path)


def mints(method: str, path: str) -> bool:
    """True for requests that issue a credential."""
    return method.upper() != "LIST" and not _MINTING.isdisjoint(path.split("/"))


def is_passing(status: int) -> bool:
    """True for statuses that a second try may cure: behind, busy, or failing."""
    return status in {412, 429} or (status >= 500 and status != 501)


def pause_seconds(attempt: int, retry_after: float | None, chance: float) -> float:
    """Seconds before try number `attempt` + 1 (the first is 1). `chance` is in [0, 1).

    Doubles from a quarter second up to 5 s, half of it by chance; a server's Retry-After
    counts as a floor, within the same bound.
    """
    ceiling = min(_FIRST_SECONDS * 2.0 ** min(attempt - 1, 10), _LONGEST_SECONDS)
    jittered = ceiling * (0.5 + chance / 2)
    return min(max(jittered, retry_after or 0.0), _LONGEST_SECONDS)
