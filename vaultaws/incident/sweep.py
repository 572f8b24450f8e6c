"""IAM against the case: how every long-term key stands, and users that no lease explains.

All users are listed once; only those that are still there are looked at further.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from vaultaws.aws.identity import AccessKey, IamUser
from vaultaws.errors import AwsError
from vaultaws.incident.crew import Crew
from vaultaws.incident.facts import KeySeen, KeySight, Stray
from vaultaws.incident.likeness import Likeness
from vaultaws.incident.model import Case, StepKind, StepState, Suspect
from vaultaws.incident.verdict import is_token
from vaultaws.model import Pairs

AT_ONCE: Final = 8
IN_FLIGHT: Final = timedelta(minutes=2)
"""A user younger than this may be of an issuance that Vault has not answered yet."""
_AROUND: Final = timedelta(minutes=2)
_CONSOLE: Final = frozenset({"CreateLoginProfile", "UpdateLoginProfile"})
_ENDING: Final = (StepKind.STOP_USER, StepKind.DELETE_USER)


class Iam(Protocol):
    """IAM's users and keys (`incident.cloud.PacedCloud`). Every method raises AwsError."""

    def users(self) -> Iterable[IamUser]: ...
    def access_keys(self, user: str) -> tuple[AccessKey, ...]: ...
    def tags(self, user: str) -> Pairs: ...
    def key_owner(self, access_key_id: str) -> str: ...


@dataclass(frozen=True)
class Swept:
    """What IAM has. `whole` is False where it could not be listed; `why` tells that. `unclear`
    counts users like the engine's of which nothing tells whether a lease stands behind them."""

    keys: Mapping[str, KeySeen]
    strays: tuple[Stray, ...] = ()
    whole: bool = True
    why: str = ""
    unclear: int = 0


@dataclass(frozen=True)
class Looks(Likeness):
    """How users of the engine look, and who explains one.

    `explained` tells whether a live lease stands behind a user of that name, role and keys, None
    where nothing can tell.
    """

    explained: Callable[[str, str, Sequence[str]], bool | None]


def sweep(case: Case, iam: Iam, looks: Looks, now: datetime) -> Swept:
    """Look at every long-term key of the case, and for users that look like the engine's."""
    wanted = [suspect for suspect in case.suspects if is_token(suspect) is False]
    try:
        users = {user.name: user for user in iam.users()}
    except AwsError as fault:
        why = f"{fault.what}: {fault.why}"
        seen = {each.name: KeySeen(KeySight.UNKNOWN, why=why) for each in wanted}
        return Swept(seen, whole=False, why=why)
    with Crew(AT_ONCE, "sweep") as pool:
        found = pool.map(lambda suspect: _key_seen(case, iam, users, suspect), wanted)
        keys = {suspect.name: seen for suspect, seen in zip(wanted, found, strict=True)}
        candidates = _candidates(case, users.values(), looks, now)
        candidates += _by_tags(case, iam, users.values(), looks, pool)
        judged = list(pool.map(lambda pair: _stray(iam, looks, *pair), candidates))
    strays = [stray for stray, explained in judged if explained is False]
    unclear = sum(1 for _, explained in judged if explained is None)
    return Swept(keys, tuple(sorted(strays, key=lambda stray: stray.name)), unclear=unclear)


def _key_seen(case: Case, iam: Iam, users: Mapping[str, IamUser], suspect: Suspect) -> KeySeen:
    try:
        return _seen(case, iam, users, suspect)
    except AwsError as fault:
        return KeySeen(KeySight.UNKNOWN, why=f"{fault.what}: {fault.why}")


def _seen(case: Case, iam: Iam, users: Mapping[str, IamUser], suspect: Suspect) -> KeySeen:
    key, name = suspect.access_key_id, suspect.user
    if not name and key:
        name = iam.key_owner(key)
        if not name:
            return KeySeen(KeySight.GONE, _ended_at(case, suspect), "IAM knows its key no more")
    if not name:
        return _unnamed(case, users.values(), suspect)
    if name not in users:
        return KeySeen(KeySight.GONE, _ended_at(case, suspect, name), "its IAM user is gone")
    return _of_user(case, suspect, name, iam.access_keys(name))


def _of_user(case: Case, suspect: Suspect, name: str, keys: Sequence[AccessKey]) -> KeySeen:
    """Of a user that the engine made every key counts, of any other the suspect's own."""
    key, since = suspect.access_key_id, _ended_at(case, suspect, name)
    is_vaults_own = bool(suspect.role) and not suspect.parent_key
    mine = [each for each in keys if is_vaults_own or not key or each.id == key]
    if any(each.active for each in mine):
        on = next(each.id for each in mine if each.active)
        return KeySeen(KeySight.ON, why=f"key {on} of {name} is switched on in IAM")
    if suspect.made_by in _CONSOLE and not _is_done(case, StepKind.STOP_USER, name):
        return KeySeen(KeySight.ON, why=f"{name} may sign in to the console")
    if mine or not key:
        return KeySeen(KeySight.OFF, since, f"its user {name} is there, its keys are off")
    return KeySeen(KeySight.GONE, since, f"{name} has that key no more")


def _unnamed(case: Case, users: Iterable[IamUser], suspect: Suspect) -> KeySeen:
    """Of a lease that names neither user nor key, the time of its issuance must do."""
    issued = suspect.issued_at
    if issued is None:
        return KeySeen(KeySight.UNKNOWN, why="neither its user nor its key is known")
    near = [user.name for user in users if abs(user.created_at - issued) <= _AROUND]
    if near:
        why = f"its user is not known; {len(near)} of that time are there ({near[0]})"
        return KeySeen(KeySight.UNKNOWN, why=why)
    return KeySeen(KeySight.GONE, _ended_at(case, suspect), "IAM has no user of that time")


def _ended_at(case: Case, suspect: Suspect, user: str = "") -> datetime | None:
    """When contain put an end to it, by the journal: the first deed that did."""
    ids = [f"{kind}:{user or suspect.user}" for kind in _ENDING]
    ids.append(f"{StepKind.REVOKE_LEASE}:{suspect.lease_id}")
    ids += [
        step.id
        for step in case.steps
        if step.kind is StepKind.REPLACE_STATIC and step.settings.get("user") == user and user
    ]
    times = [
        found.at
        for found in (case.progress.get(step) for step in ids)
        if found is not None and found.state is StepState.DONE and found.at is not None
    ]
    return min(times, default=None)


def _is_done(case: Case, kind: StepKind, target: str) -> bool:
    found = case.progress.get(f"{kind}:{target}")
    return found is not None and found.state is StepState.DONE


def _candidates(
    case: Case, users: Iterable[IamUser], looks: Looks, now: datetime
) -> list[tuple[IamUser, str]]:
    """Users that look like the engine's, of the roles of the case, and are none of its own."""
    known, since = _known(case), _begins(case)
    seen = [
        (user, looks.role_of(user))
        for user in users
        if user.name not in known and since <= user.created_at <= now - IN_FLIGHT
    ]
    return [(user, role) for user, role in seen if role]


def _begins(case: Case) -> datetime:
    """Since when users count: older ones than the first suspect are another matter, unless the
    case is about everything."""
    times = [suspect.issued_at for suspect in case.suspects if suspect.issued_at]
    if case.scope.since is not None:
        return case.scope.since
    if case.scope.everything:
        return datetime.min.replace(tzinfo=UTC)
    return min([case.opened_at, *times]) - _AROUND


def _known(case: Case) -> set[str]:
    return {suspect.user for suspect in case.suspects} | {case.place.root_user}


def _by_tags(
    case: Case, iam: Iam, users: Iterable[IamUser], looks: Looks, pool: Executor
) -> list[tuple[IamUser, str]]:
    """Users with a role's own tags: asked for only where names do not tell, one call a user."""
    tagged = {
        name: set(role.iam_tags)
        for name, role in looks.roles.items()
        if role.iam_tags and name not in looks.patterns
    }
    known, since = _known(case), _begins(case)
    plain = [
        user
        for user in users
        if tagged and user.name not in known and user.created_at >= since
        if not looks.role_of(user)
    ]
    found = zip(plain, pool.map(lambda user: _tags(iam, user), plain), strict=True)
    return [
        (user, name) for user, tags in found for name, wanted in tagged.items() if wanted <= tags
    ]


def _tags(iam: Iam, user: IamUser) -> set[tuple[str, str]]:
    try:
        return set(iam.tags(user.name))
    except AwsError:
        return set()


def _stray(iam: Iam, looks: Looks, user: IamUser, role: str) -> tuple[Stray, bool | None]:
    """The user as it would be told, and whether a live lease explains it."""
    try:
        keys = iam.access_keys(user.name)
    except AwsError:
        keys = ()
    ids = tuple(key.id for key in keys)
    active = any(key.active for key in keys)
    stray = Stray(user.name, user.created_at, ids, active, role)
    return stray, looks.explained(user.name, role, ids)


def scope_roles(case: Case, roles: Collection[str]) -> set[str]:
    """The roles whose users the sweep looks for: those of the suspects and of the scope; all
    where everything is meant."""
    if case.scope.everything:
        return set(roles)
    named = {suspect.role for suspect in case.suspects if suspect.role}
    return named | ({case.scope.role} if case.scope.role else set())
