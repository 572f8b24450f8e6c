"""Leases at which the engine fails: their user is gone from IAM already, or AWS will not delete it.

The engine takes a missing user for deleted only when the lease is over 5 minutes old, since IAM is
eventually consistent (builtin/logical/aws, `pathUserRollback`). We ask IAM several times, and of no
user that is just made; then the server is made to forget that one lease.

The engine deletes keys, policies and groups of a user, and fails at what else AWS wants gone first
(hashicorp/vault#16685). Its refusal does not name the user, and the lease does not either. But the
engine has stripped it by then: a user made when the lease was issued, without key, policy and
group, that still holds something. Where there are as many such users as such leases, or fewer,
these are they; where there are more, somebody else's is among them, and none is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from vaultaws.clock import Clock
from vaultaws.errors import VaultawsError, VaultDeniedError
from vaultaws.leases.inventory import Holding
from vaultaws.leases.revoke_one import Ended, Fate, One
from vaultaws.leases.words import count

CERTAIN_AFTER_SECONDS: Final = 20.0
"""How old a lease must be before we believe IAM that its user is gone."""
LOOKS: Final = 3
_BETWEEN_LOOKS_SECONDS: Final = 0.5
_SKEW: Final = timedelta(minutes=5)
"""How far Vault's clock and AWS's may be apart: AWS refuses signatures that are older."""
_NAMED: Final = 3
_WITHOUT_FORCE: Final = (
    "ask for sudo on sys/leases/revoke-force/*, or run it again when the lease is 5 min old"
)

Leases = Mapping[Holding, Ended]
Run = Callable[[Callable[[Holding], Ended], Sequence[Holding]], Sequence[Ended]]
"""Does one thing to many, side by side, and gives the answers in their order."""


class People(Protocol):
    """IAM's users (`vaultaws.aws.users.Users`). Each method raises AwsError."""

    def exists(self, name: str) -> bool:
        """True when IAM has the user now."""
        ...

    def left_behind(self, since: datetime, until: datetime) -> tuple[Stripped, ...]:
        """Users made between these that hold nothing of what the engine clears, and something
        else."""
        ...

    def clear(self, name: str) -> object:
        """Remove all that blocks the user's deletion."""
        ...


class Stripped(Protocol):
    """A user, and what blocks its deletion, in plain words."""

    @property
    def name(self) -> str: ...

    @property
    def blocks(self) -> tuple[str, ...]: ...


def _nobody(_: str) -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class Hard:
    """Sees to hard cases with an operator's AWS keys. `clear` removes what blocks users."""

    people: People
    clear: bool = False
    certain_after_seconds: float = CERTAIN_AFTER_SECONDS
    tell: Callable[[str], None] = _nobody
    """Hears what is done now, for whoever waits."""

    def settle(
        self, one: One, left: Leases, run: Run
    ) -> tuple[dict[Holding, Ended], dict[str, tuple[str, ...]]]:
        """Return what became of the hard cases among `left`, and what was cleared of whom."""
        missing = [held for held, ended in left.items() if ended.missing_user]
        blocked = {held: ended for held, ended in left.items() if ended.is_blocked}
        if missing:
            self.tell(f"asking IAM about {count(len(missing), 'user', 'users')} the engine misses")
        settled = dict(
            zip(
                missing, run(lambda held: self._forget(one, held, left[held]), missing), strict=True
            )
        )
        if not blocked:
            return settled, {}
        unblocked, cleared = self._unblock(one, blocked, run)
        return settled | unblocked, cleared

    def _forget(self, one: One, held: Holding, ended: Ended) -> Ended:
        """Make the server forget the lease of a user that IAM says is gone."""
        _wait_for_age(one.clock, held, self.certain_after_seconds)
        again = one.end(held.lease_id)
        if again.fate is not Fate.FAILED or not again.missing_user:
            return again
        try:
            for look in range(LOOKS):
                if look:
                    one.clock.sleep(_BETWEEN_LOOKS_SECONDS)
                if self.people.exists(again.missing_user):
                    why = f"IAM has the user {again.missing_user}, and the engine does not find it"
                    return replace(again, why=why, do="run it again in a minute")
        except VaultawsError as error:
            return replace(ended, why=f"{ended.why}; IAM was not asked: {error.why}", do=error.do)
        try:
            one.vault.force_revoke_lease(held.lease_id)
        except VaultDeniedError:
            return replace(again, is_dead=True, do=_WITHOUT_FORCE)
        except VaultawsError as error:
            return replace(again, is_dead=True, why=error.why, do=error.do)
        return Ended(
            Fate.FORGOTTEN, f"its user {again.missing_user} was gone from IAM", is_dead=True
        )

    def _unblock(
        self, one: One, blocked: Leases, run: Run
    ) -> tuple[dict[Holding, Ended], dict[str, tuple[str, ...]]]:
        self.tell(f"looking for what blocks {count(len(blocked), 'user', 'users')}")
        try:
            users = self._users_of(blocked)
        except VaultawsError as error:
            return {held: _besides(ended, error) for held, ended in blocked.items()}, {}
        sure = 0 < len(users) <= len(blocked)
        if not (self.clear and sure):
            again = self._command(blocked) if sure else ""
            return {held: _named(ended, users, again) for held, ended in blocked.items()}, {}
        cleared: dict[str, tuple[str, ...]] = {}
        fault: VaultawsError | None = None
        for user in users:
            try:
                self.people.clear(user.name)
            except VaultawsError as error:
                fault = error
            else:
                cleared[user.name] = user.blocks
        ends = dict(
            zip(blocked, run(lambda held: one.end(held.lease_id), list(blocked)), strict=True)
        )
        if fault is not None:
            for held, ended in ends.items():
                ends[held] = _besides(ended, fault) if ended.is_blocked else ended
        return ends, cleared

    @staticmethod
    def _command(blocked: Leases) -> str:
        if len(blocked) > 1:
            return "run it again with --clear-blocks"
        (held,) = blocked
        return f"vaultaws leases revoke {held.lease_id} --clear-blocks"

    def _users_of(self, blocked: Leases) -> tuple[Stripped, ...]:
        times = [held.issued_at for held in blocked if held.issued_at is not None]
        if not times:
            return ()
        return self.people.left_behind(min(times) - _SKEW, max(times) + _SKEW)


def _wait_for_age(clock: Clock, held: Holding, seconds: float) -> None:
    if held.issued_at is None:
        clock.sleep(seconds)
        return
    age = (clock.now() - held.issued_at).total_seconds()
    clock.sleep(min(max(seconds - age, 0.0), seconds))


def _besides(ended: Ended, error: VaultawsError) -> Ended:
    return replace(ended, why=f"{ended.why}; in AWS: {error.why}", do=error.do)


def _named(ended: Ended, users: tuple[Stripped, ...], again: str) -> Ended:
    """Say what blocks, by name; without the command `again` somebody else's may be among them."""
    if not users:
        return ended
    told = "; ".join(f"{user.name}: {', '.join(user.blocks)}" for user in users[:_NAMED])
    more = f"; and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    if again:
        why = f"AWS deletes no user that still holds something ({told}{more})"
        return replace(ended, why=why, do=again)
    return replace(
        ended,
        why=f"{ended.why} (its user is one of {told}{more})",
        do="see which of them is Vault's, remove what blocks it, then run it again",
    )
