"""Access keys by id: long-term ones, which moto's IAM keeps, and those of STS sessions.

What requests see of a key lags behind IAM by the propagation delay: a new key is unknown at
first, a deleted or deactivated one lives on.
"""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from moto.iam.models import AccessKeyLastUsed

from vaultaws.local.aws.call import Caller, CallerKind
from vaultaws.local.aws.hooks import Propagation
from vaultaws.local.aws.moto_door import LOCK, Moto
from vaultaws.model import Secret

GRACE: Final = timedelta(hours=1)
"""How long an expired session is remembered, to be called expired rather than unknown."""

MAX_SESSIONS: Final = 50_000


@dataclass(frozen=True)
class Key:
    """An access key as authentication needs it. `token` and `caller.session` belong to STS's."""

    caller: Caller
    secret: Secret
    active: bool = True
    token: Secret | None = None

    @property
    def expires_at(self) -> datetime | None:
        return self.caller.session.expires_at if self.caller.session else None


class Keys:
    """The index of keys of one account."""

    def __init__(
        self, moto: Moto, propagation: Propagation, *, max_sessions: int = MAX_SESSIONS
    ) -> None:
        self._max_sessions = max_sessions
        self._moto = moto
        self._propagation = propagation
        self._sessions: dict[str, Key] = {}
        self._ends: list[tuple[datetime, str]] = []
        self._root: dict[str, Key] = {}
        self._lock = threading.Lock()

    def find(self, access_key_id: str, now: datetime) -> Key | None:
        """The key as requests see it at `now`, or None. An inactive one is returned as such."""
        session = self._sessions.get(access_key_id)
        if session is not None:
            return session if self._has_owner(session.caller, now) else None
        current = self.current(access_key_id)
        return self._propagation.seen(subject(access_key_id), current, now)

    def current(self, access_key_id: str) -> Key | None:
        """The long-term key as IAM has it, without delay."""
        root = self._root.get(access_key_id)
        if root is not None:
            return root
        with LOCK:
            found = self._moto.iam.access_keys.get(access_key_id)
            user = self._moto.iam.users.get(found.user_name) if found is not None else None
        if user is None:
            return None
        caller = Caller(
            kind=CallerKind.IAM_USER,
            account_id=self._moto.account_id,
            arn=user.arn,
            principal_id=user.id,
            access_key_id=access_key_id,
            user_name=user.name,
        )
        return Key(caller, Secret(found.secret_access_key), active=found.status == "Active")

    def _has_owner(self, caller: Caller, now: datetime) -> bool:
        """A session dies with the user or role behind it."""
        owner_id, name = owner_of(caller)
        if owner_id == caller.account_id:
            return True
        exists = self._exists(caller.kind, owner_id, name)
        return self._propagation.seen(f"principal:{owner_id}", exists, now)

    def _exists(self, kind: CallerKind, owner_id: str, name: str) -> bool:
        iam = self._moto.iam
        if kind is CallerKind.ASSUMED_ROLE:
            return owner_id in iam.roles
        user = iam.users.get(name)
        if user is not None and user.id == owner_id:
            return True
        return any(other.id == owner_id for other in list(iam.users.values()))

    def add_session(self, caller: Caller, secret: Secret, token: Secret, now: datetime) -> None:
        """Remember a session until its end and GRACE; the first to end go first when full."""
        if caller.session is None:
            msg = "a session key has a session"
            raise ValueError(msg)
        with self._lock:
            self._sessions[caller.access_key_id] = Key(caller, secret, token=token)
            heapq.heappush(self._ends, (caller.session.expires_at, caller.access_key_id))
            while self._ends and (
                self._ends[0][0] + GRACE < now or len(self._ends) > self._max_sessions
            ):
                del self._sessions[heapq.heappop(self._ends)[1]]

    def add_root(self, caller: Caller, secret: Secret) -> None:
        """Remember a key of the account's root."""
        self._root[caller.access_key_id] = Key(caller, secret)

    @property
    def session_count(self) -> int:
        return len(self._sessions)

    def touch(self, access_key_id: str, service: str, region: str, now: datetime) -> None:
        """Note the use of a long-term key, for GetAccessKeyLastUsed."""
        key: Any = self._moto.iam.access_keys.get(access_key_id)
        if key is not None:
            key.last_used = AccessKeyLastUsed(now.replace(tzinfo=None), service, region)


def owner_of(caller: Caller) -> tuple[str, str]:
    """The id and name of the user or role whose rights the caller acts on.

    The root's id is the account's number.
    """
    if caller.kind in {CallerKind.IAM_USER, CallerKind.ROOT}:
        return caller.principal_id, caller.user_name
    return caller.issuer_principal_id, caller.issuer_user_name


def subject(access_key_id: str) -> str:
    """The key's name towards `Propagation`."""
    return f"key:{access_key_id}"
