"""The story of one credential, from request to death, as a timeline. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from vaultaws.leases.words import count, is_key, iso, printable, short_key
from vaultaws.model import Event
from vaultaws.trail.grounds import grounds
from vaultaws.trail.verdicts import Matching, Verdict

JSON_VERSION: Final = 1
VAULT: Final = "vault"
AWS: Final = "aws"


@dataclass(frozen=True)
class Moment:
    """Something that happened, and which side tells it. `calls` is how many calls it sums up,
    the last of them at `until`."""

    at: datetime
    side: str
    what: str
    calls: int = 0
    until: datetime | None = None
    event_id: str = ""


@dataclass(frozen=True)
class Story:
    """One credential and what happened with it, in the order of time."""

    verdict: Verdict
    moments: tuple[Moment, ...]


def chosen(matching: Matching, wanted: str) -> tuple[Verdict, ...]:
    """Return the credentials meant by a key id (whole or short), a lease or a person, and all
    that were made with one of them."""
    meant = [
        verdict
        for verdict in matching.verdicts
        if is_key(verdict.access_key_id, wanted)
        or (wanted and wanted in {verdict.lease_id, verdict.person})
    ]
    keys = {verdict.access_key_id for verdict in meant if verdict.access_key_id}
    before = -1
    while len(keys) > before:
        before = len(keys)
        keys |= {
            verdict.access_key_id for verdict in matching.verdicts if verdict.parent_key in keys
        }
    leases = {verdict.lease_id for verdict in meant if verdict.lease_id}
    return tuple(
        verdict
        for verdict in matching.verdicts
        if verdict.access_key_id in keys or verdict.lease_id in leases
    )


def stories(verdicts: Sequence[Verdict], calls: Sequence[Event]) -> tuple[Story, ...]:
    """Tell each credential's story; `calls` are in the order of time."""
    made: defaultdict[str, list[Event]] = defaultdict(list)
    for event in calls:
        made[event.access_key_id].append(event)
    return tuple(
        Story(verdict, tuple(_moments(verdict, made[verdict.access_key_id])))
        for verdict in verdicts
    )


def _moments(verdict: Verdict, mine: Sequence[Event]) -> list[Moment]:
    found = [
        *_request(verdict),
        *_made(verdict),
        *(_calls(mine) if verdict.access_key_id else ()),
        *_ends(verdict),
    ]
    return sorted(found, key=lambda moment: moment.at)


def _request(verdict: Verdict) -> Iterator[Moment]:
    issuance = verdict.issuance
    if issuance is None:
        return
    where = f" from {issuance.remote_address}" if issuance.remote_address else ""
    what = f"{verdict.person} asked for {issuance.whole_path}{where}, lease {issuance.lease_id}"
    yield Moment(issuance.time, VAULT, what)


def _made(verdict: Verdict) -> Iterator[Moment]:
    event = verdict.minted
    if event is None:
        return
    by = short_key(verdict.parent_key) if verdict.parent_key else event.user_name
    target = f" for {event.target}" if event.target else ""
    what = f"{event.name}{target} by {by or short_key(event.access_key_id)}{_origin(event)}"
    yield Moment(event.time, AWS, what, event_id=event.event_id)


def _origin(event: Event) -> str:
    where = f" in {event.region}" if event.region else ""
    return f"{where} from {event.source_ip}" if event.source_ip else where


def _calls(mine: Iterable[Event]) -> Iterator[Moment]:
    """Calls that are alike and follow each other are one moment."""

    def alike(event: Event) -> tuple[str, ...]:
        return (event.service, event.name, event.error_code, event.source_ip, event.user_agent)

    for _, group in groupby(mine, key=alike):
        same = list(group)
        first, last = same[0], same[-1]
        refused = f" refused ({first.error_code})" if first.error_code else ""
        issued = [event.issued_access_key_id for event in same if event.issued_access_key_id]
        made = f" → {', '.join(map(short_key, issued[:3]))}" if issued else ""
        program = first.user_agent.split(maxsplit=1)
        agent = f" with {program[0]}" if program else ""
        what = f"{first.service} {first.name}{refused}{made}{_origin(first)}{agent}"
        yield Moment(first.time, AWS, what, len(same), last.time, first.event_id)


def _ends(verdict: Verdict) -> Iterator[Moment]:
    if verdict.revoked:
        yield Moment(verdict.revoked, VAULT, "the lease was revoked")
    if verdict.cut and verdict.cut.at:
        what = f"denied everything by {verdict.cut.by}"
        yield Moment(verdict.cut.at, AWS, what, event_id=verdict.cut.event_id)
    if verdict.lifted:
        yield Moment(verdict.lifted, AWS, "the deny was taken away")
    if verdict.ends:
        yield Moment(verdict.ends, AWS, "the token ends")


def render(told: Sequence[Story], now: datetime) -> str:
    """Return the stories as text; what is still to come is said so."""
    return "\n\n".join("\n".join(_lines(story, now)) for story in told)


def _lines(story: Story, now: datetime) -> Iterator[str]:
    verdict, why = story.verdict, grounds(story.verdict)
    name = short_key(verdict.access_key_id) if verdict.access_key_id else verdict.lease_id
    holder = f" · {verdict.person}" if verdict.person else ""
    role = f" · {verdict.role}" if verdict.role else ""
    yield printable(f"{name}{holder}{role} · {verdict.standing.value.replace('_', ' ')}")
    for moment in story.moments:
        times = f" · {count(moment.calls, 'call', 'calls')}" if moment.calls > 1 else ""
        until = f" to {moment.until:%H:%M:%S}" if moment.until and moment.calls > 1 else ""
        ahead = " (to come)" if moment.at > now else ""
        at = moment.at.astimezone(UTC)
        yield printable(
            f"  {at:%Y-%m-%d %H:%M:%S}  {moment.side:5}  {moment.what}{times}{until}{ahead}"
        )
    for mark in verdict.marks:
        yield printable(f"  !  {mark.kind}: {mark.detail}, {count(mark.calls, 'call', 'calls')}")
    if verdict.cut and not verdict.cut.at:
        yield printable(f"  ·  denied everything in AWS by {verdict.cut.by}")
    if verdict.lives_beyond:
        yield f"  !  its lease is over, its token lives to {verdict.lives_beyond:%Y-%m-%d %H:%M:%S}"
    yield printable(f"  rests on     {why.rests_on}")
    yield printable(f"  could err    {why.could_be_wrong}")


def as_json(told: Sequence[Story]) -> dict[str, Any]:
    """Return the stories for machines."""
    return {
        "version": JSON_VERSION,
        "credentials": [
            {
                "access_key_id": story.verdict.access_key_id or None,
                "standing": story.verdict.standing.value,
                "person": story.verdict.person or None,
                "role": story.verdict.role or None,
                "lease_id": story.verdict.lease_id or None,
                "parent_access_key_id": story.verdict.parent_key or None,
                "rests_on": grounds(story.verdict).rests_on,
                "could_be_wrong": grounds(story.verdict).could_be_wrong,
                "timeline": [
                    {
                        "at": iso(moment.at),
                        "until": iso(moment.until),
                        "side": moment.side,
                        "what": moment.what,
                        "calls": moment.calls,
                        "event_id": moment.event_id or None,
                    }
                    for moment in story.moments
                ],
            }
            for story in told
        ],
    }
