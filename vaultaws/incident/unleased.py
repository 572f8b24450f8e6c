"""IAM against Vault's leases: users that no lease explains, leases whose user IAM has no more.

All users are listed once; keys are asked for only of those that names and times leave over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from vaultaws.aws.identity import IamUser
from vaultaws.errors import AwsError
from vaultaws.incident.likeness import Likeness
from vaultaws.incident.matching import ByTime, Matched, by_names, match
from vaultaws.incident.naming import Names, prefixes, stem
from vaultaws.incident.userkeys import Keys, Reads
from vaultaws.leases.inventory import Holding, LeaseState
from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.ledger import Record
from vaultaws.leases.words import count
from vaultaws.model import AuditIssuance
from vaultaws.vault.bulk import ask_all

IN_FLIGHT: Final = timedelta(minutes=2)
"""A user younger than this may be of an issuance that Vault has not answered yet, and a lease's may
not be in every listing of IAM yet."""
_AROUND_SECONDS: Final = (0, -1, 1, -2, 2, *range(-3, -11, -1))
"""The engine takes the time of a name first; the lease comes with AWS's answers to four calls."""
MOST_ASKED: Final = 10
"""Of how many users the keys are read to tell whether one is a lease's."""


class Iam(Reads, Protocol):
    """IAM's users and keys (`incident.cloud.PacedCloud`). Every method raises AwsError."""

    def key_owner(self, access_key_id: str) -> str: ...


@dataclass(frozen=True)
class Ways:
    """How a lease and a user are told to belong together.

    `own` are names of users that need no lease: Vault's own, those of static roles. `elsewhere` are
    roles whose namesakes on other mounts make users that look alike. `digest` writes a key as the
    audit log does.
    """

    mount: str
    likeness: Likeness
    template: str = ""
    issuances: Mapping[str, AuditIssuance] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    digest: Callable[[str], str] | None = None
    elsewhere: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    is_vaults_account: bool = True
    """Whether the users are known to be of the account that Vault works in."""

    def starts(self, held: Holding) -> tuple[str, ...]:
        """How the name of the lease's user begins, likeliest first; empty where nothing tells."""
        asked, at = self._asked(held)
        if not asked or at is None:
            return ()
        return prefixes(self.template, held.role, asked, at, _AROUND_SECONDS)

    def stem(self, held: Holding) -> str:
        """How the names of users begin that were made for the same person, up to the time."""
        asked, _ = self._asked(held)
        return stem(self.template, held.role, asked) if asked else ""

    def _asked(self, held: Holding) -> tuple[str, datetime | None]:
        """The login that asked for the lease, and when it was answered."""
        if (entry := self.issuances.get(held.lease_id)) is not None:
            return entry.display_name, entry.time
        record = self.records.get(held.lease_id)
        return (record.intent.display_name, held.issued_at) if record is not None else ("", None)


@dataclass(frozen=True)
class Seen:
    """The holdings with what IAM says of their users, and the users that no lease explains."""

    holdings: tuple[Holding, ...]
    leaseless: tuple[Leaseless, ...] = ()
    notes: tuple[str, ...] = ()
    user_notes: tuple[str, ...] = ()
    """Those of the notes that tell of users."""


def look(
    iam: Iam, listed: Sequence[IamUser], holdings: Sequence[Holding], ways: Ways, now: datetime
) -> Seen:
    """Hold the users that IAM listed against the leases. What IAM refuses is in the notes."""
    leases = [held for held in holdings if held.state is LeaseState.LIVE and not held.is_sts]
    mine = [user for user in listed if user.name not in ways.own]
    against = _Against(iam, ways, mine, leases)
    matched, gone = against.settled(now)
    left = [user for user in matched.users if user.created_at <= now - IN_FLIGHT]
    judged = [(user, against.is_leaseless(user, matched)) for user in left]
    users = tuple(against.told(user) for user, is_one in judged if is_one)
    there = {*matched.named, *against.pinned}
    told = tuple(_user_notes([is_one for _, is_one in judged], users))
    return Seen(
        tuple(_with_user(held, there, gone) for held in holdings),
        tuple(sorted(users, key=lambda user: (user.role, user.created_at, user.name))),
        (*told, *_lease_notes(list(gone.values()))),
        told,
    )


class _Against:
    """The users of one listing against the leases of one mount."""

    def __init__(
        self, iam: Iam, ways: Ways, users: Sequence[IamUser], leases: Sequence[Holding]
    ) -> None:
        self._iam, self._ways, self._users = iam, ways, users
        self._leases, self._starts = leases, {held.lease_id: ways.starts(held) for held in leases}
        self._by_time = ByTime(leases, lambda held: held.issued_at)
        self._keys = Keys(iam, ways.digest)
        self.pinned: dict[str, str] = {}
        """User names by lease id, told by the key."""

    def matched(self) -> Matched:
        """Match by names and times, then let keys of users that are left over correct it."""
        while True:
            taken = set(self.pinned.values())
            users = [user for user in self._users if user.name not in taken]
            leases = [held for held in self._leases if held.lease_id not in self.pinned]
            named = by_names(users, leases, lambda held: self._starts[held.lease_id])
            matched = match(
                users,
                leases,
                self._ways.likeness,
                named,
                stem=self._ways.stem,
                has_key=self._keys.can_tell,
            )
            self._keys.ask([user.name for user in matched.users])
            found = {
                held.lease_id: user.name
                for user in matched.users
                for held in self._by_time.near(user.created_at)
                if held.lease_id not in self.pinned and self._keys.is_of(user.name, held)
            }
            if not found:
                return matched
            self.pinned |= found

    def is_leaseless(self, user: IamUser, matched: Matched) -> bool | None:
        """False where it is gone, None where a lease may stand behind it that nothing tells."""
        if self._keys.is_gone(user.name):
            return False
        role = self._ways.likeness.role_of(user)
        maybe = [
            held
            for held in self._by_time.near(user.created_at)
            if held.lease_id not in self.pinned and self._could_be(held, user, role, matched)
            if self._keys.is_of(user.name, held) is None
        ]
        return None if maybe or role in self._ways.elsewhere else True

    def _could_be(self, held: Holding, user: IamUser, role: str, matched: Matched) -> bool:
        if held.lease_id in matched.named:
            return user.name.startswith(self._starts[held.lease_id])
        return held.role == role or self._ways.likeness.fits(user, held.role)

    def told(self, user: IamUser) -> Leaseless:
        """The user as a listing has it."""
        likeness, fault = self._ways.likeness, self._keys.fault(user.name)
        role = likeness.role_of(user)
        return Leaseless(
            name=user.name,
            mount=self._ways.mount,
            role=role,
            created_at=user.created_at,
            person=likeness.person_of(user, role),
            keys=self._keys.of(user.name),
            unseen=fault.why if fault is not None else "",
        )

    def settled(self, now: datetime) -> tuple[Matched, dict[str, bool | None]]:
        """What is matched, and of each lease that no user was found for whether its user is gone:
        None where another user may be the lease's and nothing tells."""
        while True:
            matched, known = self.matched(), len(self.pinned)
            gone = self._gone(matched, now)
            if len(self.pinned) == known:
                return matched, gone

    def _gone(self, matched: Matched, now: datetime) -> dict[str, bool | None]:
        """Users that are of a lease after all, by their keys, are pinned to it."""
        sure = {*matched.named.values(), *self.pinned.values()}
        free = ByTime(
            [user for user in self._users if user.name not in sure], lambda user: user.created_at
        )
        names = Names(user.name for user in self._users)
        found: dict[str, bool | None] = {}
        lacking = []
        for held in matched.leases:
            if held.is_sts is not False or held.issued_at is None:
                continue
            if held.issued_at <= now - IN_FLIGHT:
                alike = {user.name for user in free.near(held.issued_at)}
                alike |= {
                    name for start in self._starts[held.lease_id] for name in names.starting(start)
                }
                is_there = self._is_among(held, sorted(alike))
                found[held.lease_id] = None if is_there is None else not is_there
                lacking += [held] if is_there is False else []
        owned = zip(lacking, ask_all(self._lacks, lacking), strict=True)
        found |= {held.lease_id: lacks for held, lacks in owned}
        return found

    def _is_among(self, held: Holding, names: Sequence[str]) -> bool | None:
        """Whether one of these users has the lease's key, which then is pinned to it."""
        if len(names) > MOST_ASKED:
            return None
        self._keys.ask(names)
        told = {name: self._keys.is_of(name, held) for name in names}
        if its := next((name for name, is_its in told.items() if is_its), ""):
            self.pinned[held.lease_id] = its
            return True
        return None if None in told.values() else False

    def _lacks(self, held: Holding) -> bool | None:
        """Whether IAM does not know the lease's key either. In an account that may be another one
        that says nothing."""
        if not self._ways.is_vaults_account:
            return None
        try:
            return not (held.access_key_id and self._iam.key_owner(held.access_key_id))
        except AwsError:
            return None


def _with_user(held: Holding, there: Collection[str], gone: Mapping[str, bool | None]) -> Holding:
    if held.lease_id in there:
        return replace(held, user_gone=False)
    return replace(held, user_gone=gone[held.lease_id]) if held.lease_id in gone else held


def _user_notes(judged: Sequence[bool | None], users: Collection[Leaseless]) -> Iterable[str]:
    if unclear := judged.count(None):
        said = count(unclear, "IAM user looks", "IAM users look")
        yield (
            f"{said} like the engine's, and whether a lease stands behind is not known: Vault's"
            " audit log tells (--audit-log), unless another mount has a role of that name"
        )
    unseen = [user for user in users if user.unseen]
    if unseen:
        said = count(len(unseen), "IAM user", "IAM users")
        yield f"the keys of {said} without a lease were not seen: {unseen[0].unseen}"


def _lease_notes(gone: Sequence[bool | None]) -> Iterable[str]:
    if unsure := gone.count(None):
        said = count(unsure, "lease", "leases")
        yield f"whether IAM has the user of {said} is not known: nothing tells it from others"
