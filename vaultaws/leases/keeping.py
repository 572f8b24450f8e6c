"""Credentials kept good for as long as a program works with them, and ended afterwards.

A renewable lease (an IAM user's) is renewed when a third of its life is left. Where that does not
help any more, a fresh set is issued beside it, if that is wanted: the old one is still good then,
and is ended when nobody can hold it any longer.

While it is held a lease is journalled as issued and not as handed over: it belongs to this run,
and when the run is killed the next one revokes it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vaultaws.config.durations import words
from vaultaws.errors import (
    LocalStateError,
    VaultawsError,
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
)
from vaultaws.leases.ending import end_lease
from vaultaws.leases.entries import Step
from vaultaws.leases.issue import Handed
from vaultaws.leases.journal import Journal
from vaultaws.model import Credentials
from vaultaws.vault.protocol import Vault

SHARE: Final = 1 / 3
"""What is left of a life when it is time to renew."""
WARNED_SECONDS: Final = 300.0
LOOKED_SECONDS: Final = 15.0
"""How often the time is looked at: a machine may sleep, and its clock be set."""
AGAIN_SECONDS: Final = (2.0, 5.0, 15.0, 30.0)
TURN_SECONDS: Final = 10.0

Ask = Callable[[], Handed]
Say = Callable[[str], None]
Moved = Callable[[datetime | None], None]


@dataclass(frozen=True)
class Held:
    """One issuance that is held; when `window_seconds` are left it is time to prolong it.

    `over_at` is the end by the clock that nobody sets: monotonic seconds, infinite without an end.
    """

    handed: Handed
    ends_at: datetime | None
    over_at: float
    window_seconds: float
    renewable: bool

    @property
    def lease_id(self) -> str:
        return self.handed.issued.lease.id


@dataclass(frozen=True)
class Ended:
    """What became of a lease at the end. `why` is empty when it is revoked; a token may live on
    in AWS until `token_ends`."""

    lease_id: str
    access_key_id: str
    why: str = ""
    token_ends: datetime | None = None


class Keeper:
    """Keeps one set of credentials. `tend` does what is due; `tended` lets a thread do it.

    `anew` lets fresh sets be issued where renewing does not help; without it the end is only
    said, in good time where `warns`. Errors of Vault and AWS are said and tried again, never
    raised by `tend`. `moved` hears of every end, the first one included.
    """

    def __init__(
        self,
        vault: Vault,
        journal: Journal,
        handed: Handed,
        *,
        anew: Ask | None = None,
        say: Say = lambda _: None,
        moved: Moved = lambda _: None,
        warns: bool = True,
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._clock = journal.clock
        self._anew = anew
        self._say = say
        self._moved = moved
        self._warns = warns
        self._turn = threading.Lock()  # one at a time renews
        self._books = threading.Lock()  # what is held changes as one
        self._current: Held | None = None
        self._retired: list[Held] = []
        self._given: set[str] = set()
        self._failures = 0
        self._next_try: float | None = None  # monotonic seconds
        self._last_failure = ""
        self._said = ""
        self._stopping = threading.Event()
        self._hold(self._fresh(handed))

    def credentials(self) -> Credentials:
        """The set that is good now, with its end; renewed first when it has ended.

        Raises VaultawsError when there is none.
        """
        if self._is_over() and self._turn.acquire(timeout=TURN_SECONDS):
            try:
                self._prolong_if_due()
            finally:
                self._turn.release()
        with self._books:
            held = self._current
            if held is None or self._has_ended(held):
                raise self._gone(held)
            self._given.add(held.lease_id)
        return replace(held.handed.issued.credentials, expires_at=held.ends_at)

    def tend(self) -> float:
        """Do what is due, and return after how many seconds to look again."""
        with self._turn:
            self._sweep()
            self._prolong_if_due()
            return self._pause()

    @contextlib.contextmanager
    def tended(self) -> Iterator[None]:
        """Tend in a thread for as long as the block runs."""
        thread = threading.Thread(target=self._run, name="keep", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def goes_on(self, seconds: float) -> bool:
        """Wait; False at once when the end has come, for waits made on our behalf."""
        return not self._stopping.wait(seconds)

    def end(self) -> tuple[Ended, ...]:
        """End every lease that is held. No failure stops the rest; none is raised."""
        with self._turn, self._books:
            held = [*self._retired, *([self._current] if self._current else [])]
            self._retired, self._current = [], None
        return tuple(self._ended(one) for one in held)

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                pause = self.tend()
            except Exception as fault:  # noqa: BLE001  (the child must not lose its keeper)
                self._say(f"renewing has a fault ({type(fault).__name__}); trying again")
                pause = LOOKED_SECONDS

    # the current set
    def _fresh(self, handed: Handed) -> Held:
        end = handed.issued.ends_at
        left = self._until(end)
        over_at = self._clock.monotonic() + left
        return Held(handed, end, over_at, left * SHARE, handed.issued.lease.renewable)

    def _hold(self, held: Held) -> None:
        with self._books:
            old, self._current = self._current, held
            if old is not None and old.lease_id != held.lease_id:
                self._retired.append(old)
        self._moved(held.ends_at)

    def _until(self, end: datetime | None) -> float:
        return float("inf") if end is None else (end - self._clock.now()).total_seconds()

    def _left(self, held: Held) -> float:
        """Seconds until its end, by the clock that says less: one may be set back, and the other
        may stand still while the machine sleeps."""
        return min(self._until(held.ends_at), held.over_at - self._clock.monotonic())

    def _has_ended(self, held: Held) -> bool:
        return self._left(held) <= 0

    def _is_over(self) -> bool:
        held = self._current
        return held is not None and self._has_ended(held)

    def _can_prolong(self, held: Held) -> bool:
        return held.renewable or self._anew is not None

    def _prolong_if_due(self) -> None:
        held = self._current
        if held is None or held.ends_at is None:
            return
        now, left = self._clock.monotonic(), self._left(held)
        if not self._can_prolong(held):
            self._warn(held, left)
        elif left <= held.window_seconds and (self._next_try is None or now >= self._next_try):
            self._prolong(held)

    def _prolong(self, held: Held) -> None:
        try:
            better = self._renewed(held)
            if self._left(better) <= held.window_seconds and self._anew is not None:
                better = self._fresh(self._anew())
        except VaultawsError as error:
            self._failed(held, error)
            return
        if self._failures and self._left(better) > better.window_seconds:
            self._say(f"{_name(held)} renewed again: good until {_clock_words(better.ends_at)}")
        self._failures, self._next_try, self._last_failure = 0, None, ""
        self._hold(better)

    def _renewed(self, held: Held) -> Held:
        """The same set with a later end. It is not renewable any more where that gave too little:
        the mount's longest life is reached."""
        if not held.renewable:
            return held
        wanted = held.handed.issued.lease.ttl_seconds
        try:
            lease = self._vault.renew_lease(held.lease_id, increment_seconds=wanted)
        except (VaultNotFoundError, VaultRefusedError, VaultDeniedError):
            return replace(held, renewable=False)
        ends = [end for end in (lease.expires_at, held.ends_at) if end is not None]
        over_at = max(held.over_at, self._clock.monotonic() + self._until(lease.expires_at))
        better = replace(held, ends_at=max(ends, default=None), over_at=over_at)
        return replace(better, renewable=self._left(better) > held.window_seconds)

    def _failed(self, held: Held, error: VaultawsError) -> None:
        """Try again, ever more slowly, and say it once while the set is good and once after."""
        if self._stopping.is_set():
            return
        pause = AGAIN_SECONDS[min(self._failures, len(AGAIN_SECONDS) - 1)]
        self._next_try = self._clock.monotonic() + pause
        self._last_failure = f"{error.what}: {error.why}"
        self._failures += 1
        over = self._has_ended(held)
        self._say_once(
            f"failed-{held.lease_id}-{over}",
            f"{_name(held)} could not be renewed ({self._last_failure}); "
            + ("they have ended" if over else f"they are good until {_clock_words(held.ends_at)}")
            + ", trying again",
        )

    def _warn(self, held: Held, left: float) -> None:
        if not self._warns:
            return
        if left <= 0:
            self._say_once(f"over-{held.lease_id}", f"{_name(held)} have ended")
        elif left <= min(held.window_seconds, WARNED_SECONDS):
            self._say_once(
                f"near-{held.lease_id}",
                f"{_name(held)} end in {words(left)} ({_clock_words(held.ends_at)}) and cannot be "
                "renewed; --serve gives fresh ones to work that takes longer",
            )

    def _say_once(self, key: str, text: str) -> None:
        if self._said != key:
            self._said = key
            self._say(text)

    def _pause(self) -> float:
        held = self._current
        if held is None or held.ends_at is None:
            return LOOKED_SECONDS
        if self._next_try is not None:
            return min(max(self._next_try - self._clock.monotonic(), 0.1), LOOKED_SECONDS)
        left, share = self._left(held), held.window_seconds
        due = left - (share if self._can_prolong(held) else min(share, WARNED_SECONDS))
        soonest = min((moment for moment in (due, left) if moment > 0), default=LOOKED_SECONDS)
        return min(max(soonest, 0.1), LOOKED_SECONDS)

    def _gone(self, held: Held | None) -> VaultError:
        when = _clock_words(held.ends_at) if held else "the end of the run"
        return VaultError(
            f"the credentials ended at {when} and could not be renewed",
            why=self._last_failure or "no fresh ones have come yet",
            do="mend the cause; renewing is tried again by itself",
        )

    # the old sets
    def _sweep(self) -> None:
        """End what nobody can hold any more: never given to anybody, or past its end."""
        if self._failures:
            return
        for held in list(self._retired):
            if held.lease_id in self._given and not self._has_ended(held):
                continue
            if self._ended(held).why:
                return  # it is tried again at the next look, and at the end
            with self._books:
                self._retired.remove(held)

    def _ended(self, held: Held) -> Ended:
        """Revoke a lease and write it down; a journal that is full leaves it to the next run.

        The lease of a token that we may not revoke ends with the token, in AWS's time: there is
        nothing for a next run to try.
        """
        credentials = held.handed.issued.credentials
        step, why = Step.REVOKED, ""
        try:
            end_lease(self._vault, self._clock, held.lease_id)
        except VaultNotFoundError:
            step = Step.LAPSED
        except VaultDeniedError as error:
            step = Step.HANDED_OVER
            why = "" if credentials.session_token is not None else f"{error.what}: {error.why}"
        except VaultawsError as error:
            why = f"{error.what}: {error.why}"
        if not why:
            with contextlib.suppress(LocalStateError):
                self._journal.mark(held.handed.intent.id, step)
        token_ends = credentials.expires_at if credentials.session_token is not None else None
        alive = token_ends is not None and self._until(token_ends) > 0
        return Ended(held.lease_id, credentials.access_key_id, why, token_ends if alive else None)


def _name(held: Held) -> str:
    return f"the credentials of {held.handed.issued.role}"


def _clock_words(moment: datetime | None) -> str:
    return f"{moment.astimezone():%H:%M:%S}" if moment is not None else "the end of the lease"
