"""What was done in AWS against a credential, by whomever: denies on its principal, the end of its
key. Pure.

A deny counts while the policy that has it stands, and only where it denies everything: to whatever
the principal does, to tokens issued before a moment, or to single sessions. Where two calls on one
policy are of the same second, the one that denies less counts as the later.

Source: IAM user guide, "Revoking IAM role temporary security credentials": a token of an assumed
role is denied on the role, one of GetFederationToken or GetSessionToken on the user that asked.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vaultaws.aws.cutdocs import Denies, denies_of
from vaultaws.aws.holder import Holder, HolderKind
from vaultaws.model import Event, JsonObject
from vaultaws.trail.verdicts import VAULTS_OWN, Cut, Verdict

PUT: Final = {"PutUserPolicy": HolderKind.USER, "PutRolePolicy": HolderKind.ROLE}
DELETE: Final = {"DeleteUserPolicy": HolderKind.USER, "DeleteRolePolicy": HolderKind.ROLE}
ATTACH: Final = {"AttachUserPolicy": HolderKind.USER, "AttachRolePolicy": HolderKind.ROLE}
DETACH: Final = {"DetachUserPolicy": HolderKind.USER, "DetachRolePolicy": HolderKind.ROLE}
SWITCH, REMOVE = "UpdateAccessKey", "DeleteAccessKey"
_ON_POLICIES: Final = PUT | DELETE | ATTACH | DETACH
NAMES: Final = frozenset({*_ON_POLICIES, SWITCH, REMOVE})
"""The calls that deny, or take a deny away."""
DENY_ALL: Final = ":iam::aws:policy/AWSDenyAll"
"""How the ARN of AWS's own policy ends that denies everything."""
DENY: Final = "Deny"
"""A policy without this word denies nothing."""
_OF_USERS: Final = frozenset({"GetFederationToken", "GetSessionToken"})
_OF_ROLES: Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_SWITCHED_OFF: Final = "Inactive"
_BARE: Final = frozenset({"Sid", "Effect", "Action", "Resource"})
_NO_DENIES: Final = Denies()


@dataclass(frozen=True)
class _Deny:
    """What a policy denies; with `everything` there is no condition."""

    everything: bool = False
    denies: Denies = _NO_DENIES


_NOTHING: Final = _Deny()


@dataclass(frozen=True)
class _Step:
    """A call on one policy, and what that denies from then on."""

    event: Event
    deny: _Deny = _NOTHING


@dataclass(frozen=True)
class _Held:
    """A credential as a deny meets it. `is_token` is False for a user's own key, which has no
    issue time; `account` is empty where it is not known."""

    holder: Holder
    account: str
    issued: datetime
    is_token: bool
    sessions: frozenset[str] = frozenset()

    def is_denied(self, step: _Step) -> bool:
        found = step.deny
        if found.everything:
            return True
        moment = found.denies.moment
        is_older = moment is not None and self.issued < moment
        return self.is_token and (is_older or bool(self.sessions & found.denies.sessions))


class Cuts:
    """The denies that events (those of `NAMES` that succeeded) put up and took away."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._policies: defaultdict[Holder, defaultdict[str, list[_Step]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._keys: defaultdict[str, list[_Step]] = defaultdict(list)
        for event in events:
            self._take(event)

    def names_sessions(self, verdict: Verdict) -> bool:
        """True where it matters which session the credential is."""
        held = _held(verdict)
        if held is None or held.holder not in self._policies:
            return False
        policies = self._policies[held.holder].values()
        return any(step.deny.denies.sessions for steps in policies for step in steps)

    def judged(self, verdict: Verdict, sessions: Collection[str] = ()) -> Verdict:
        """The verdict, with the deny that stands against it, or since when none does any more.

        `sessions` are what its calls show as its aws:userid.
        """
        held = _held(verdict)
        if held is None:
            return verdict
        held = replace(held, sessions=frozenset(sessions))
        runs = [_run(self._keys.get(verdict.access_key_id, ()), lambda step: step.deny.everything)]
        runs += [
            _run([step for step in steps if _is_here(step, held)], held.is_denied)
            for steps in self._policies.get(held.holder, {}).values()
        ]
        standing = [since for since, _ in runs if since is not None]
        if standing:
            first = min(standing, key=lambda event: (event.time, event.event_id))
            return replace(verdict, cut=_cut(first, held))
        gone = [event for _, event in runs if event is not None and event.time >= held.issued]
        last = max(gone, key=lambda event: (event.time, event.event_id), default=None)
        return replace(verdict, lifted=last.time) if last else verdict

    def _take(self, event: Event) -> None:
        kind = _ON_POLICIES.get(event.name)
        if kind is not None:
            holder = Holder(kind, event.target)
            self._policies[holder][event.part].append(_Step(event, _written(event)))
        elif event.name in {SWITCH, REMOVE}:
            is_off = event.name == REMOVE or event.policy_document == _SWITCHED_OFF
            self._keys[event.part].append(_Step(event, _Deny(everything=is_off)))


def _written(event: Event) -> _Deny:
    """What the policy denies after the call."""
    if event.name in ATTACH:
        return _Deny(everything=event.part.endswith(DENY_ALL))
    if event.name not in PUT or DENY not in event.policy_document:
        return _NOTHING
    try:
        document = json.loads(event.policy_document)
    except (ValueError, RecursionError):
        return _NOTHING
    if not isinstance(document, dict):
        return _NOTHING
    return _Deny(_denies_everything(document), denies_of(document) or _NO_DENIES)


def _denies_everything(document: JsonObject) -> bool:
    """True where one statement denies all, without a condition: no other can allow again."""
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return any(
        isinstance(one, dict)
        and one.get("Effect") == DENY
        and set(one) <= _BARE
        and all(one.get(part) in ("*", ["*"]) for part in ("Action", "Resource"))
        for one in listed
    )


def _held(verdict: Verdict) -> _Held | None:
    """Whose policies count for a credential; None where CloudTrail does not tell."""
    event = verdict.minted
    if event is None or verdict.standing in VAULTS_OWN:
        return None
    account = event.account
    if event.name in _OF_ROLES:
        kind, name, account = HolderKind.ROLE, event.target.rsplit("/", 1)[-1], _account(event)
    elif event.name in _OF_USERS and event.identity_type == "IAMUser":
        kind, name = HolderKind.USER, event.user_name
    elif event.name == "CreateAccessKey":
        kind, name = HolderKind.USER, event.target
    else:
        return None
    is_token = event.name != "CreateAccessKey"
    return _Held(Holder(kind, name), account, event.time, is_token) if name else None


def _account(event: Event) -> str:
    """The account of the role that was assumed (ARN arn:PARTITION:iam::ACCOUNT:role/…)."""
    parts = event.target.split(":")
    return parts[4] if len(parts) > 5 else ""


def _is_here(step: _Step, held: _Held) -> bool:
    """False where the call was in another account."""
    return not held.account or step.event.account in {"", held.account}


def _run(
    steps: Iterable[_Step], is_denied: Callable[[_Step], bool]
) -> tuple[Event | None, Event | None]:
    """The call since which a policy denies without a break, or the one that ended that."""
    told = [(step.event.time, not is_denied(step), step.event.event_id, step) for step in steps]
    since = gone = None
    for _, is_open, _, step in sorted(told, key=lambda one: one[:3]):
        if not is_open:
            since, gone = since or step.event, None
        elif since is not None:
            since, gone = None, step.event
    return since, gone


def _cut(event: Event, held: _Held) -> Cut:
    is_key = event.name in {SWITCH, REMOVE}
    return Cut(
        max(event.time, held.issued),
        policy="" if is_key else event.part,
        principal="" if is_key else str(held.holder),
        event_id=event.event_id,
        event_name=event.name,
    )
