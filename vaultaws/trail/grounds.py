"""On what each verdict rests, and what could make it wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vaultaws.leases.words import short_key
from vaultaws.trail.verdicts import Standing, Verdict


@dataclass(frozen=True)
class Grounds:
    """Sentences for people."""

    rests_on: str
    could_be_wrong: str


_DOUBTS: Final[Mapping[Standing, str]] = {
    Standing.EXPLAINED: "somebody with this person's Vault token can have asked in their name",
    Standing.DESCENDANT: "who holds a credential can hand it on: the call may be another's",
    Standing.ROTATION: "whoever held the root key in these two minutes could have made it too",
    Standing.STATIC: "the root key can make a key for that user as well as Vault's own rotation",
    Standing.ROLLED_BACK: "use that CloudTrail does not record (data events) would not be seen",
    Standing.UNEXPLAINED: "another mount or server with the same root key, or a part of the audit"
    " log that was not read, would explain it",
    Standing.UNCOVERED: "nothing is said for or against it",
    Standing.PENDING: "CloudTrail may still show it",
    Standing.MISSING: "CloudTrail can be later than was allowed for, or be of another region or"
    " account",
}

_RESTS: Final[Mapping[Standing, str]] = {
    Standing.EXPLAINED: "the audit log's {request} answered with this key, which {event} made",
    Standing.DESCENDANT: "{event} was made with {parent}, which is {parents}",
    Standing.ROTATION: "Vault answered a rotation of its root key within two minutes of {event}",
    Standing.STATIC: "{event} made a key for the user of a static role, and no read of that role"
    " speaks against it",
    Standing.ROLLED_BACK: "Vault failed to issue within two minutes of {event}, deleted that user"
    " later, and no call succeeded with the key",
    Standing.UNEXPLAINED: "{event} is of Vault's identity, and no request in the audit log has"
    " this key",
    Standing.UNCOVERED: "{event}, {request}: {why}",
    Standing.PENDING: "the audit log's {request} answered, and no event shows its key yet",
    Standing.MISSING: "the audit log's {request} answered, and no event shows its key",
}
_NOT_YET: Final = "a deny that was taken away in the last minutes may not be in CloudTrail yet"
_PARENTS: Final[Mapping[Standing, str]] = {Standing.UNEXPLAINED: "unexplained"}


def grounds(verdict: Verdict) -> Grounds:
    """Return what a verdict rests on and what could make it wrong."""
    rests_on, doubt = _rests_on(verdict), _DOUBTS[verdict.standing]
    if verdict.cut is None:
        return Grounds(rests_on, doubt)
    event = f" (event {verdict.cut.event_id})" if verdict.cut.event_id else ""
    denied = f"{rests_on}; denied in AWS by {verdict.cut.by}{event}"
    return Grounds(denied, f"{doubt}; {_NOT_YET}")


def _rests_on(verdict: Verdict) -> str:
    standing = verdict.standing
    if standing is Standing.UNEXPLAINED and verdict.parent_key:
        standing = Standing.DESCENDANT
    return _RESTS[standing].format(
        event=f"event {verdict.minted.event_id}" if verdict.minted else "no event",
        request=f"request {verdict.issuance.request_id}" if verdict.issuance else "no request",
        parent=short_key(verdict.parent_key),
        parents=_PARENTS.get(verdict.standing, "explained"),
        why=verdict.why,
    )
