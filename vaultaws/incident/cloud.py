"""AWS, as incidents ask it: one operator's credentials, clients made when first needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from vaultaws.aws import moment
from vaultaws.aws.cutoff import Cut, Cutter, Holder, Stronger
from vaultaws.aws.identity import AccessKey, Directory, IamUser
from vaultaws.aws.keys import KeyHands
from vaultaws.aws.moment import Answered
from vaultaws.aws.pace import Pace
from vaultaws.aws.users import Cleared, Stopped, Users
from vaultaws.clock import Clock
from vaultaws.model import Pairs

Answer = TypeVar("Answer")


class PacedCloud:
    """IAM and STS, asked no faster than AWS takes it. Every method raises AwsError."""

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self._clock = clock
        self._pace = pace

    def ask_time(self) -> Answered:
        """Out of turn: the denies wait for it."""
        return moment.ask_time(self._clock)

    def user_exists(self, name: str) -> bool:
        return self._run(lambda: self._directory.user_exists(name))

    def users(self) -> list[IamUser]:
        return self._run(lambda: list(self._directory.users()))

    def key_owner(self, access_key_id: str) -> str:
        return self._run(lambda: self._directory.key_owner(access_key_id))

    def keys_of(self, user: str) -> list[str]:
        return [key.id for key in self.access_keys(user)]

    def access_keys(self, user: str) -> tuple[AccessKey, ...]:
        return self._run(lambda: self._directory.access_keys(user))

    def tags(self, user: str) -> Pairs:
        return self._run(lambda: self._directory.tags(user))

    def find(self, holder: Holder, policy_name: str) -> Cut | None:
        return self._run(lambda: self._cutter.find(holder, policy_name))

    def find_session(self, holder: Holder, userid: str, policy_name: str) -> object | None:
        return self._run(lambda: self._cutter.find_session(holder, userid, policy_name))

    def lift(self, holder: Holder, policy_name: str) -> bool:
        return self._run(lambda: self._cutter.lift(holder, policy_name))

    def switch_off(self, user: str, access_key_id: str) -> None:
        self._run(lambda: self._hands.switch_off(user, access_key_id))

    def stronger(self, holder: Holder, at: datetime, policy_name: str) -> Stronger:
        return self._run(lambda: self._cutter.stronger(holder, at, policy_name))

    def cut(self, holder: Holder, at: datetime, policy_name: str) -> Cut:
        return self._run(lambda: self._cutter.cut(holder, at, policy_name))

    def cut_session(self, holder: Holder, userid: str, policy_name: str) -> object:
        return self._run(lambda: self._cutter.cut_session(holder, userid, policy_name))

    def stop(self, name: str, policy_name: str) -> Stopped:
        return self._users.stop(name, policy_name)

    def restore(self, stopped: Stopped) -> bool:
        return self._users.restore(stopped)

    def clear(self, name: str, *, keep_policy: str = "") -> Cleared:
        return self._users.clear(name, keep_policy=keep_policy)

    def delete(self, name: str) -> None:
        self._users.delete(name)

    def _run(self, call: Callable[[], Answer]) -> Answer:
        return self._pace.run(call)

    @cached_property
    def _directory(self) -> Directory:
        return Directory()

    @cached_property
    def _hands(self) -> KeyHands:
        return KeyHands()

    @cached_property
    def _cutter(self) -> Cutter:
        return Cutter()

    @cached_property
    def _users(self) -> Users:
        return Users(pace=self._pace)
