"""The end of one lease, tried until it is clear that trying again does not help.

What passes is tried again: AWS throttling or failing behind the server, a server that is sealed,
a standby or away for a moment, and another who revokes the same lease at once. What does not
pass is told with what helps.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import (
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultSealedError,
    VaultStandbyError,
    VaultUnreachableError,
)
from vaultaws.leases.ending import end_lease
from vaultaws.vault.protocol import Vault
from vaultaws.vault.retry import pause_seconds

TRIES: Final = 8
PATIENCE_SECONDS: Final = 30.0
_USER_GONE: Final = re.compile(
    r"NoSuchEntity: The user with name ([\w+=,.@-]{1,64}) cannot be found"
)
_PASSES: Final = re.compile(
    "Throttling|RequestLimitExceeded|TooManyRequests|ServiceUnavailable|ServiceFailure"
    "|InternalFailure|InternalError|ConcurrentModification|EntityTemporarilyUnmodifiable"
    "|RequestError|NoSuchEntity|deadline exceeded|has not caught up|HTTP 429|connection refused"
)
"""In the engine's sentences: AWS's errors that pass. NoSuchEntity of a key or a policy is another
revocation of the same lease, under way."""
_STAYS: Final = ("DeleteConflict", "AccessDenied", "has not revoked it within")
_DOWN: Final = (VaultSealedError, VaultStandbyError, VaultUnreachableError)


class Fate(StrEnum):
    """What became of a lease. FORGOTTEN: its user was gone from IAM before, and the server was
    made to forget the lease."""

    REVOKED = "revoked"
    FORGOTTEN = "forgotten"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True)
class Ended:
    """How the try to end a lease ended. `missing_user` is a user the engine did not find;
    `is_blocked` says that AWS refuses to delete the user; `is_dead` that no user is left, whatever
    became of the lease."""

    fate: Fate
    why: str = ""
    do: str = ""
    missing_user: str = ""
    is_blocked: bool = False
    is_dead: bool = False


class One:
    """Ends leases, one at a time; threads share it, and what it learns of the server."""

    def __init__(
        self, vault: Vault, clock: Clock, *, chance: Callable[[], float] = random.random
    ) -> None:
        self.vault = vault
        self.clock = clock
        self._chance = chance
        self._lock = Lock()
        self._down_since: float | None = None

    def end(self, lease_id: str) -> Ended:
        """End a lease. Raises nothing of the server's."""
        tries = 0
        while True:
            tries += 1
            try:
                end_lease(self.vault, self.clock, lease_id)
            except VaultNotFoundError:
                self._answered()
                return Ended(Fate.GONE)
            except VaultError as error:
                if not self._again(error, tries):
                    return failed(error)
            else:
                self._answered()
                return Ended(Fate.REVOKED)
            self.clock.sleep(pause_seconds(tries, None, self._chance()))

    def _again(self, error: VaultError, tries: int) -> bool:
        """True when another try may help. One server that is down is waited for once, by all."""
        if isinstance(error, _DOWN):
            return self._worth_waiting()
        self._answered()
        if isinstance(error, VaultDeniedError) or _USER_GONE.search(error.why):
            return False
        if any(words in error.why for words in _STAYS):
            return False
        passing = not isinstance(error, VaultRefusedError) or _PASSES.search(error.why) is not None
        return passing and tries < TRIES

    def _answered(self) -> None:
        with self._lock:
            self._down_since = None

    def _worth_waiting(self) -> bool:
        with self._lock:
            now = self.clock.monotonic()
            if self._down_since is None:
                self._down_since = now
            return now - self._down_since < PATIENCE_SECONDS


def failed(error: VaultError) -> Ended:
    """What a refusal comes to."""
    gone = _USER_GONE.search(error.why)
    if gone is not None:
        return Ended(
            Fate.FAILED,
            f"its user {gone[1]} is gone from IAM; of a lease under 5 min old the engine does not "
            "believe it",
            "run it again with AWS keys that may iam:GetUser, or when the lease is 5 min old",
            missing_user=gone[1],
        )
    if "DeleteConflict" in error.why:
        return Ended(
            Fate.FAILED,
            _aws_words(error.why),
            "run it again with --clear-blocks, or remove what blocks the user by hand",
            is_blocked=True,
        )
    return Ended(Fate.FAILED, _aws_words(error.why), error.do)


def _aws_words(why: str) -> str:
    """AWS's sentence out of the engine's, which wraps it in its own and adds request ids."""
    inner = why.partition(" err: ")[2] or why
    return inner.split("; status code:")[0].strip()
