"""The kill switch for STS tokens: deny what was issued before a moment, then prove it dead.

AWS cannot revoke a token. A policy on its principal can deny all that was issued before a
moment, by aws:TokenIssueTime (IAM user guide, "Revoking IAM role temporary security
credentials"). The key is absent from requests signed by a long-term key, and an operator without
IfExists does not match an absent key: so Vault's own IAM user keeps working while every
federation and session token it minted before the moment is dead.

The deny goes into an inline policy; without room there, into a managed policy; without room
there either, into the permissions boundary. Writes of one process to one holder take turns, and
each is read back: of two that write at once, the later moment stays.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from vaultaws.aws import cutplaces
from vaultaws.aws.cutdocs import Denies, deny_document, moment_of, round_up, session_of
from vaultaws.aws.cutplaces import Place, Standing
from vaultaws.aws.errors import DENIED
from vaultaws.aws.holder import CutPlace, Holder, HolderKind
from vaultaws.aws.identity import caller_identity
from vaultaws.aws.managed import Account
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials

__all__ = [
    "POLICY_NAME",
    "Cut",
    "CutPlace",
    "Cutter",
    "Holder",
    "HolderKind",
    "SessionCut",
    "Stronger",
    "deny_document",
    "deny_tokens_issued_before",
    "is_cut",
    "lift",
    "moment_of",
    "round_up",
]

POLICY_NAME: Final = "vaultaws-cut-tokens"
_FULL: Final = "LimitExceeded"
_SETTLING: Final = 3
_turns: Final[defaultdict[tuple[Holder, str], threading.Lock]] = defaultdict(threading.Lock)
_taking_turns: Final = threading.Lock()


@dataclass(frozen=True)
class Cut:
    """A deny in force: tokens of `holder` issued before `moment` are refused. `before` is the
    ARN of the permissions boundary that was there before ours."""

    holder: Holder
    policy_name: str
    moment: datetime
    where: CutPlace = CutPlace.INLINE
    before: str = ""


@dataclass(frozen=True)
class SessionCut:
    """A deny in force on one STS session alone, named by its aws:userid."""

    holder: Holder
    policy_name: str
    userid: str
    where: CutPlace = CutPlace.INLINE
    before: str = ""


@dataclass(frozen=True)
class Stronger:
    """What a stronger cut put in force, and where it could not: place to reason."""

    holder: Holder
    policy_name: str
    moment: datetime
    places: tuple[CutPlace, ...]
    failed: tuple[tuple[CutPlace, str], ...] = ()
    before: str = ""


class Cutter:
    """Sets, reads and lifts denies with one operator's credentials."""

    def __init__(self, credentials: Credentials | None = None, region: str | None = None) -> None:
        iam = client("iam", credentials=credentials, region=region)
        account = Account(partial(caller_identity, credentials, region or iam.meta.region_name))
        self._places = cutplaces.places(iam, account)

    def cut(self, holder: Holder, moment: datetime, policy_name: str = POLICY_NAME) -> Cut:
        """Deny tokens issued before `moment`. A later deny already in force stays.

        Raises AwsError; with code LimitExceeded when no place has room.
        """
        where, standing = self._deny(holder, policy_name, Denies(round_up(moment)))
        return Cut(
            holder,
            policy_name,
            standing.denies.moment or round_up(moment),
            where,
            standing.before,
        )

    def cut_session(
        self, holder: Holder, userid: str, policy_name: str = POLICY_NAME
    ) -> SessionCut:
        """Deny one session of `holder` alone, by its aws:userid; those denied before stay so.

        Raises UsageError for what names no single session; AwsError as `cut` does.
        """
        where, standing = self._deny(holder, policy_name, session_of(userid))
        return SessionCut(holder, policy_name, userid, where, standing.before)

    def stronger(
        self, holder: Holder, moment: datetime, policy_name: str = POLICY_NAME
    ) -> Stronger:
        """Deny in every place at once, and deny the calls that would take a deny away.

        For a suspect who removes denies: each removal alone leaves the others in force, and
        none of the holder's temporary credentials, of whatever age, may change IAM. Long-term
        keys are not touched. Raises AwsError when no place took it.
        """
        wanted = Denies(round_up(moment), guarded=True)
        done: dict[CutPlace, Standing] = {}
        faults: list[tuple[CutPlace, AwsError]] = []
        with _turn(holder, policy_name):
            for place in self._places:
                try:
                    done[place.kind] = _settled(place, holder, policy_name, wanted)
                except AwsError as fault:
                    faults.append((place.kind, fault))
        if not done:
            raise _worst([fault for _, fault in faults], holder)
        moments = [found.denies.moment for found in done.values() if found.denies.moment]
        return Stronger(
            holder,
            policy_name,
            max(moments),
            tuple(done),
            tuple((kind, f"{fault.what}: {fault.why}") for kind, fault in faults),
            next((found.before for found in done.values() if found.before), ""),
        )

    def find(self, holder: Holder, policy_name: str = POLICY_NAME) -> Cut | None:
        """The deny in force on `holder`, the latest one; None without one.

        Raises AwsError when a place cannot be read and no other holds one.
        """
        found = [
            Cut(holder, policy_name, standing.denies.moment, kind, standing.before)
            for kind, standing in self._standing(holder, policy_name)
            if standing.denies.moment is not None
        ]
        return max(found, key=lambda cut: cut.moment, default=None)

    def find_session(
        self, holder: Holder, userid: str, policy_name: str = POLICY_NAME
    ) -> SessionCut | None:
        """The deny in force on one session; None without one. Raises AwsError as `find` does."""
        for kind, standing in self._standing(holder, policy_name):
            if userid in standing.denies.sessions:
                return SessionCut(holder, policy_name, userid, kind, standing.before)
        return None

    def lift(self, holder: Holder, policy_name: str = POLICY_NAME) -> bool:
        """Remove all that `policy_name` denies, in every place; False when there was nothing.

        The boundary that was there before comes back. Every place is tried; the first failure
        is raised at the end, as AwsError.
        """
        lifted, faults = False, []
        with _turn(holder, policy_name):
            for place in self._places:
                try:
                    lifted = place.remove(holder, policy_name) or lifted
                except AwsError as fault:
                    faults.append(fault)
        if faults:
            raise faults[0]
        return lifted

    def _deny(self, holder: Holder, policy_name: str, wanted: Denies) -> tuple[CutPlace, Standing]:
        """Put it into the first place with room, which may hold it already."""
        faults = []
        with _turn(holder, policy_name):
            for place in self._places:
                try:
                    return place.kind, _settled(place, holder, policy_name, wanted)
                except AwsError as fault:
                    if fault.code != _FULL and fault.code not in DENIED:
                        raise
                    faults.append(fault)
        raise _worst(faults, holder)

    def _standing(self, holder: Holder, policy_name: str) -> list[tuple[CutPlace, Standing]]:
        found, faults = [], []
        for place in self._places:
            try:
                standing = place.read(holder, policy_name)
            except AwsError as fault:
                faults.append(fault)
                continue
            if standing is not None:
                found.append((place.kind, standing))
        if faults and not found:
            raise faults[0]
        return found


def deny_tokens_issued_before(
    holder: Holder,
    moment: datetime,
    *,
    policy_name: str = POLICY_NAME,
    credentials: Credentials | None = None,
) -> Cut:
    """Deny every token of `holder` issued before `moment`; see `Cutter.cut`."""
    return Cutter(credentials).cut(holder, moment, policy_name)


def lift(
    holder: Holder, *, policy_name: str = POLICY_NAME, credentials: Credentials | None = None
) -> bool:
    """Remove the deny; False when there was none."""
    return Cutter(credentials).lift(holder, policy_name)


def is_cut(
    holder: Holder,
    issued_at: datetime,
    *,
    policy_name: str = POLICY_NAME,
    credentials: Credentials | None = None,
) -> bool:
    """True when a deny in force covers a token of `holder` issued at `issued_at`."""
    standing = Cutter(credentials).find(holder, policy_name)
    return standing is not None and issued_at < standing.moment


@contextmanager
def _turn(holder: Holder, policy_name: str) -> Iterator[None]:
    with _taking_turns:
        turn = _turns[holder, policy_name]
    with turn:
        yield


def _settled(place: Place, holder: Holder, policy_name: str, wanted: Denies) -> Standing:
    """Write until what is read back covers all that was seen. IAM may still show the state
    before a write: what is read never takes away, so a stale answer does no harm."""
    standing = place.read(holder, policy_name)
    if standing is not None and standing.denies.covers(wanted):
        return standing
    wanted = wanted | standing.denies if standing else wanted
    written = place.write(holder, policy_name, wanted)
    for _ in range(_SETTLING):
        again = place.read(holder, policy_name)
        if again is None or wanted.covers(again.denies):
            break
        if again.denies.covers(wanted):
            return again
        wanted |= again.denies
        written = place.write(holder, policy_name, wanted)
    return written


def _worst(faults: list[AwsError], holder: Holder) -> AwsError:
    """What a person can mend comes first; else there is no room anywhere."""
    return next((fault for fault in faults if fault.code != _FULL), _no_room(holder))


def _no_room(holder: Holder) -> AwsError:
    return AwsError(
        f"there is no room for the deny on {holder}",
        why="its inline policies, its managed policies and its boundary are at their limits",
        do=f"detach one managed policy of the {holder.kind}, then try again; or cut all of its "
        "tokens instead of single sessions",
        code=_FULL,
    )
