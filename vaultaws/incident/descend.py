"""The trail followed: what was made with a suspect key, and with what that made, to the end.

CloudTrail takes two look-ups a second. A few keys are asked for one by one; for many, every call
that makes credentials is read once, and the rest is done here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.incident.crew import Crew
from vaultaws.incident.making import MAKING, Made, opened, session_of, suspect_of
from vaultaws.incident.model import Suspect
from vaultaws.model import CredentialType, Event
from vaultaws.trail.evidence import Lookup
from vaultaws.trail.expect import GLOBAL_REGION
from vaultaws.trail.records import Reader

ONE_BY_ONE: Final = 40
"""Up to so many keys are asked for one by one."""
MOST_KEYS: Final = 2_000
AROUND: Final = timedelta(minutes=2)
"""How far CloudTrail's time of an issuance may lie from Vault's."""
HISTORY: Final = timedelta(days=89)
DELIVERY: Final = timedelta(minutes=15)
"""How late CloudTrail may be ("typically within 15 minutes", its user guide)."""
DIGESTS_AT_ONCE: Final = 8

Watch = Callable[[str], None]


Digest = Callable[[str], str]
"""What Vault's audit log writes for a key id."""


@dataclass(frozen=True)
class Trail:
    """How CloudTrail and IAM are asked. `keys_of` gives the key ids of an IAM user."""

    lookup: Lookup
    regions: tuple[str, ...]
    keys_of: Callable[[str], Iterable[str]]
    root_user: str = ""
    root_key_id: str = ""
    digest: Digest | None = None
    watch: Watch = lambda _: None

    @property
    def places(self) -> tuple[str, ...]:
        """IAM and STS's global endpoint are recorded in us-east-1, which is always asked."""
        return tuple(dict.fromkeys((GLOBAL_REGION, *filter(None, self.regions))))


@dataclass(frozen=True)
class Followed:
    """What the trail told: the suspects, better known now, and those that came of them."""

    suspects: tuple[Suspect, ...]
    descendants: tuple[Suspect, ...] = ()
    acts: tuple[str, ...] = ()
    cut_short: bool = False
    look_ups: int = 0


@dataclass
class _Events:
    """Events of the trail, by the key that made them. Every question is asked once."""

    trail: Trail
    start: datetime
    end: datetime
    swept: bool = False
    look_ups: int = 0
    _reader: Reader = field(default_factory=Reader)
    _by_key: defaultdict[str, list[Made]] = field(default_factory=lambda: defaultdict(list))
    _asked: set[str] = field(default_factory=set)

    def sweep(self) -> None:
        """Read every call that makes credentials, in all regions side by side."""
        self.swept = True
        places = self.trail.places
        with Crew(len(places), "trail") as pool:
            list(pool.map(self._sweep_region, places))

    def of(self, key: str) -> list[Made]:
        """What was done with a key."""
        if not self.swept and key not in self._asked:
            self._asked.add(key)
            for region in self.trail.places:
                self.ask("AccessKeyId", key, self.start, self.end, region)
        return self._by_key[key]

    def ask(
        self, attribute: str, value: str, start: datetime, end: datetime, region: str
    ) -> list[Made]:
        self.look_ups += 1
        self.trail.watch(f"following the trail, {self.look_ups} look-ups")
        records = self.trail.lookup(attribute, value, start=start, end=end, region=region)
        return [made for record in records if (made := self._take(record)) is not None]

    def _sweep_region(self, region: str) -> None:
        for name in MAKING:
            self.ask("EventName", name, self.start, self.end, region)

    def _take(self, record: object) -> Made | None:
        """One record, kept by its key; None when it was met before or is none."""
        fresh = self._reader.take([record])
        if not fresh:
            return None
        made = Made(fresh[0], session_of(record))
        self._by_key[made.event.access_key_id].append(made)
        return made

    def minted_by(self, trail: Trail) -> Iterator[Made]:
        """What Vault's own user made."""
        for made_with in list(self._by_key.values()):
            for made in made_with:
                if _is_vaults(made.event, trail):
                    yield made


def follow(
    trail: Trail,
    suspects: Sequence[Suspect],
    *,
    now: datetime,
    since: datetime | None = None,
    seeds: Sequence[str] = (),
    start: datetime | None = None,
) -> Followed:
    """Follow suspects and seeds to the last of what came of them.

    `since` bounds the search where the suspects' own times do not; `start` sets it outright.
    Raises AwsError and VaultError from the sources.
    """
    many = len(suspects) + len(seeds) > ONE_BY_ONE
    events = _Events(trail, start or _start(suspects, now, since, many=many), now)
    if many:
        events.sweep()
    known = _resolved(trail, events, list(suspects), now)
    descendants: dict[str, Suspect] = {}
    acts: dict[str, None] = {}
    own = {suspect.access_key_id for suspect in known if suspect.access_key_id}
    users = {s.user for s in known if s.user and s.role and not s.parent_key}
    waiting, followed = [*own, *seeds], set[str]()
    while waiting and len(followed) < MOST_KEYS * (10 if many else 1):
        key = waiting.pop(0)
        if key in followed:
            continue
        followed.add(key)
        for made in events.of(key):
            act = opened(made.event)
            if act and not _is_engines_work(trail, made.event, users):
                acts[act] = None
            child = suspect_of(made)
            if child is None or child.access_key_id in own:
                continue
            descendants.setdefault(child.name, child)
            waiting += [child.access_key_id] if child.access_key_id else []
            waiting += _keys_of(trail, child, descendants)
    return Followed(
        tuple(known), tuple(descendants.values()), tuple(acts), bool(waiting), events.look_ups
    )


def _is_engines_work(trail: Trail, event: Event, users: set[str]) -> bool:
    """True for what the engine's own key did to a user that Vault made and this case ends, or that
    is gone: the engine gives rights to each user that it makes, and takes them when it deletes one.

    No other key's act is ever left out, be it one of Vault's own user. Where the engine's key is a
    suspect itself, its acts on such users end with them.
    """
    user = event.request.get("userName")
    if not isinstance(user, str) or not trail.root_key_id:
        return False
    if event.access_key_id != trail.root_key_id:
        return False
    return user in users or not list(trail.keys_of(user))


def origin(trail: Trail, key: str, owner: str, now: datetime) -> Suspect | None:
    """Where a key comes from that no lease of Vault leads to: `owner` is its IAM user, where AWS
    knows one. None when neither its making nor any use of it is in the trail."""
    if owner:
        return Suspect(access_key_id=key, credential_type=CredentialType.IAM_USER, user=owner)
    events = _Events(trail, now - HISTORY, now)
    for region in trail.places:
        for made in events.ask("ResourceName", key, now - HISTORY, now, region):
            found = suspect_of(made)
            if found is not None and found.access_key_id == key:
                return replace(found, parent_key="", made_by=found.made_by)
    used = events.of(key)
    return _by_use(key, used[0].event) if used else None


def _by_use(key: str, event: Event) -> Suspect | None:
    """The principal of a session, from a call that it made."""
    kinds = {
        "AssumedRole": (HolderKind.ROLE, CredentialType.ASSUMED_ROLE),
        "FederatedUser": (HolderKind.USER, CredentialType.FEDERATION_TOKEN),
        "IAMUser": (HolderKind.USER, CredentialType.SESSION_TOKEN),
    }
    if event.identity_type not in kinds or not event.user_name:
        return None
    holder_kind, kind = kinds[event.identity_type]
    return Suspect(
        access_key_id=key,
        credential_type=kind,
        holder=Holder(holder_kind, event.user_name),
        session=event.principal_id if event.identity_type != "IAMUser" else "",
    )


def _start(
    suspects: Sequence[Suspect], now: datetime, since: datetime | None, *, many: bool
) -> datetime:
    """Where the search begins. A sweep reads all of an account's calls, so it looks back no
    further than the suspects do; without their times, as far as the longest token lives."""
    times = [suspect.issued_at for suspect in suspects if suspect.issued_at]
    earliest = min(times, default=None) or since
    if earliest is not None:
        return max(earliest - AROUND, now - HISTORY)
    return now - (timedelta(hours=36) if many else HISTORY)


def _resolved(
    trail: Trail, events: _Events, suspects: list[Suspect], now: datetime
) -> list[Suspect]:
    """Suspects with the key ids and sessions that the trail and IAM know of them."""
    by_hash = {s.key_hash: s for s in suspects if s.key_hash}
    if not events.swept:
        for start, end in _windows(by_hash.values(), now):
            for region in trail.places:
                attribute, value = _of_vault(trail)
                if value:
                    events.ask(attribute, value, start, end, region)
    minted = [made for made in events.minted_by(trail) if made.event.issued_access_key_id]
    keys = {made.event.issued_access_key_id: made for made in minted}
    found = _digested(trail, by_hash, list(keys))
    return [_known(trail, events, suspect, keys, found) for suspect in suspects]


def _known(
    trail: Trail,
    events: _Events,
    suspect: Suspect,
    keys: dict[str, Made],
    found: dict[str, str],
) -> Suspect:
    key = suspect.access_key_id or found.get(suspect.key_hash, "")
    if not key and suspect.user and not events.swept:
        key = next(iter(trail.keys_of(suspect.user)), "")
    made = keys.get(key)
    if made is None:
        return replace(suspect, access_key_id=key)
    child = suspect_of(made)
    return replace(
        suspect,
        access_key_id=key,
        session=made.session or suspect.session,
        holder=(child.holder if child else None) or suspect.holder,
        other_holders=() if child and child.holder else suspect.other_holders,
        user=suspect.user or (child.user if child else ""),
        issued_at=suspect.issued_at or made.event.time,
    )


def _digested(trail: Trail, wanted: dict[str, Suspect], keys: list[str]) -> dict[str, str]:
    """Key ids by the digest that the audit log has of them."""
    if trail.digest is None or not wanted or not keys:
        return {}
    with Crew(DIGESTS_AT_ONCE, "digest") as pool:
        digests = pool.map(trail.digest, keys)
        return {found: key for key, found in zip(keys, digests, strict=True) if found in wanted}


def _windows(suspects: Iterable[Suspect], now: datetime) -> list[tuple[datetime, datetime]]:
    """Spans around the suspects' issuances, those that touch made one."""
    spans = sorted(
        (suspect.issued_at - AROUND, min(suspect.issued_at + AROUND, now))
        for suspect in suspects
        if suspect.issued_at and not suspect.access_key_id and suspect.issued_at - AROUND < now
    )
    merged: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _of_vault(trail: Trail) -> tuple[str, str]:
    if trail.root_key_id:
        return "AccessKeyId", trail.root_key_id
    return "Username", trail.root_user


def _is_vaults(event: Event, trail: Trail) -> bool:
    by_key = bool(trail.root_key_id) and event.access_key_id == trail.root_key_id
    by_name = bool(trail.root_user) and event.user_name == trail.root_user
    return by_key or (by_name and event.identity_type == "IAMUser")


def _keys_of(trail: Trail, child: Suspect, known: dict[str, Suspect]) -> list[str]:
    """The other keys of a user that a suspect made or changed: each is followed too."""
    if not child.user or child.user == trail.root_user:
        return []
    keys = [key for key in trail.keys_of(child.user) if key not in known]
    for key in keys:
        if key != child.access_key_id:
            made_by = f"a key of {child.user}"
            known[key] = replace(child, access_key_id=key, made_by=child.made_by or made_by)
    return keys
