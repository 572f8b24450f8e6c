"""The documents of our denies, and how they are read back. Pure.

Three statements, each under a name of its own:
- cut: everything, for tokens issued before a moment (aws:TokenIssueTime);
- sessions: everything, for single sessions (aws:userid);
- guard: the IAM calls that would take a deny away, for any temporary credential of the holder.

Sources: IAM user guide, "AWS global condition context keys" (aws:TokenIssueTime and aws:userid;
the first is absent from requests signed by a long-term key) and "IAM policy elements:
Variables" (what aws:userid holds for each kind of principal).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from vaultaws.aws.holder import Holder
from vaultaws.errors import UsageError
from vaultaws.model import JsonObject

_VERSION: Final = "2012-10-17"
_ISSUE_TIME: Final = "aws:TokenIssueTime"
_USER_ID: Final = "aws:userid"
_CUT: Final = "VaultawsCutTokens"
_SESSIONS: Final = "VaultawsCutSessions"
_GUARD: Final = "VaultawsGuardCut"
_ALL: Final = {"Sid": "VaultawsBoundary", "Effect": "Allow", "Action": "*", "Resource": "*"}
_SESSION: Final = re.compile(r"(?:AROA[A-Z0-9]{12,28}|[0-9]{12}):[A-Za-z0-9_+=,.@-]{2,64}")

GUARDED: Final = (
    "iam:Add*",
    "iam:Attach*",
    "iam:Create*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:Put*",
    "iam:Remove*",
    "iam:Set*",
    "iam:Update*",
    "iam:Upload*",
    "sts:AssumeRole",
    "sts:GetFederationToken",
)
"""What takes a deny away, makes another principal, or becomes one."""


@dataclass(frozen=True)
class Denies:
    """What one policy of ours denies: tokens issued before `moment`, single `sessions` by their
    aws:userid, and with `guarded` the calls of `GUARDED`."""

    moment: datetime | None = None
    sessions: frozenset[str] = frozenset()
    guarded: bool = False

    def __or__(self, other: Denies) -> Denies:
        moments = [found for found in (self.moment, other.moment) if found is not None]
        return Denies(
            max(moments, default=None),
            self.sessions | other.sessions,
            self.guarded or other.guarded,
        )

    def covers(self, other: Denies) -> bool:
        return self | other == self


def round_up(moment: datetime) -> datetime:
    """The moment in UTC, at the next whole second: AWS writes issue times in whole seconds,
    rounded down."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def session_of(userid: str) -> Denies:
    """The deny of one session. Raises UsageError for what names no single session.

    aws:userid is ROLE-ID:SESSION for an assumed role and ACCOUNT:NAME for a federated user. A
    token of GetSessionToken has its user's own, which the user's long-term key has as well.
    """
    if _SESSION.fullmatch(userid) is None:
        raise UsageError(
            f"{userid!r} names no single session",
            why="an assumed role has AROA…:SESSION, a federated user ACCOUNT:NAME, and a session "
            "token shares its user's own id with everything of that user",
            do="deny all of the principal's tokens: contain without --session-only",
        )
    return Denies(sessions=frozenset({userid}))


def deny_document(moment: datetime) -> dict[str, Any]:
    """The policy that denies what was issued before `moment`, rounded up."""
    return document_of(Denies(round_up(moment)))


def document_of(denies: Denies) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": _statements(denies, "")}


def moment_of(document: JsonObject) -> datetime | None:
    """Read the moment back from a policy; None when it is not one of ours, or has none."""
    denies = denies_of(document)
    return None if denies is None else denies.moment


def denies_of(document: JsonObject) -> Denies | None:
    """Read a policy that holds nothing but denies of ours; None for any other."""
    found = [_read(statement) for statement in _listed(document)]
    return None if not found else _together(found)


def bounded(base: JsonObject | None, policy_name: str, denies: Denies) -> dict[str, Any]:
    """A permissions boundary that allows what `base` allows (None: everything), less `denies`.

    Its own statements carry a mark of the policy's name, for a later boundary of another name
    to take them along.
    """
    kept = [_ALL] if base is None else _foreign(base, policy_name)
    head: Mapping[str, Any] = base or {"Version": _VERSION}
    return {**head, "Statement": [*kept, *_statements(denies, _mark(policy_name))]}


def denies_within(boundary: JsonObject, policy_name: str) -> Denies | None:
    """What of a boundary is the deny of `policy_name`; None without one."""
    own = [entry for entry in _listed(boundary) if _is_marked(entry, policy_name)]
    return _together(map(_read, own)) if own else None


def managed_name(policy_name: str, holder: Holder, *, boundary: bool = False) -> str:
    """The name of the managed policy of one holder: moments of two holders never mix."""
    digest = sha256(f"{holder.kind}/{holder.name}".encode()).hexdigest()[:8]
    return f"{policy_name}{'-boundary' if boundary else ''}-{digest}"


def _statements(denies: Denies, mark: str) -> list[dict[str, Any]]:
    found = []
    if denies.moment is not None:
        found.append(_deny(_CUT + mark, "*", {"DateLessThan": {_ISSUE_TIME: _iso(denies.moment)}}))
    if denies.sessions:
        named = {"StringEquals": {_USER_ID: sorted(denies.sessions)}}
        found.append(_deny(_SESSIONS + mark, "*", named))
    if denies.guarded:
        found.append(_deny(_GUARD + mark, list(GUARDED), {"Null": {_ISSUE_TIME: "false"}}))
    return found


def _deny(sid: str, action: str | list[str], condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Action": action,
        "Resource": "*",
        "Condition": dict(condition),
    }


def _read(statement: Any) -> Denies | None:
    """One statement, None unless it is exactly as `_statements` writes it."""
    try:
        condition = statement["Condition"]
        ((operator, wanted),) = condition.items()
        (_only_key,) = wanted
        if operator == "DateLessThan":
            moment = datetime.fromisoformat(wanted[_ISSUE_TIME])
            read = Denies(moment.astimezone(UTC) if moment.tzinfo else None)
        elif operator == "StringEquals":
            named = wanted[_USER_ID]
            read = Denies(sessions=frozenset([named] if isinstance(named, str) else named))
        else:
            read = Denies(guarded=wanted == {_ISSUE_TIME: "false"})
        (again,) = _statements(read, "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if not isinstance(statement, Mapping):
        return None
    same = all(
        _as_list(statement.get(key)) == _as_list(again[key])
        for key in ("Effect", "Action", "Resource")
    )
    return read if same and not set(statement) - set(again) else None


def _together(found: Iterable[Denies | None]) -> Denies | None:
    together = Denies()
    for denies in found:
        if denies is None:
            return None
        together |= denies
    return together


def _listed(document: JsonObject) -> list[Any]:
    """The statements of a document; IAM takes a single one without a list."""
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        return [statements]
    return statements if isinstance(statements, list) else []


def _foreign(document: JsonObject, policy_name: str) -> list[Any]:
    return [entry for entry in _listed(document) if not _is_marked(entry, policy_name)]


def _is_marked(statement: object, policy_name: str) -> bool:
    sids = {name + _mark(policy_name) for name in (_CUT, _SESSIONS, _GUARD)}
    return isinstance(statement, Mapping) and statement.get("Sid") in sids


def _mark(policy_name: str) -> str:
    return sha256(policy_name.encode()).hexdigest()[:8]


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
