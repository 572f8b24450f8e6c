"""CloudTrail's event history, asked once: what it answered is kept between runs.

CloudTrail takes two questions a second, and a search asks thousands. A later look-up asks for what
is not covered yet, and one that ended midway goes on from the page that it had reached. The last
hour is asked for again, but not by whoever goes on with a search of the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

from vaultaws.aws.cloudtrail import HISTORY
from vaultaws.clock import Clock
from vaultaws.trail.answerfile import UNSETTLED, Answer, AnswerFile, Record, sweep
from vaultaws.trail.records import essential, moment_of, to_event

MARGIN: Final = timedelta(hours=1)
"""What is younger than this when it is asked for is asked for again. CloudTrail delivers within
some five minutes, seldom in more than 15, and promises no bound; AWS refuses a clock that is 15
minutes off."""
LEAST: Final = timedelta(minutes=15)
"""A shorter span that one page answered is not kept: a watch would add a line each minute."""

Seconds = tuple[int, int]
"""A span of time, both ends included, in whole seconds since 1970, which CloudTrail counts in."""


class Asked(Protocol):
    """The event history of one region, as one identity asks it (`aws.cloudtrail`).

    `whose` names the account that answers, empty where it is not known. Pages come newest first.
    """

    @property
    def whose(self) -> str: ...

    def pages(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime
    ) -> Iterator[Sequence[Record]]: ...


class KeptLookup:
    """Look-ups whose answers are kept in `directory`, which may be lost at any time.

    `ask` opens the history of a region. Nothing is kept without a directory, of an account that is
    not known, and of what cannot be read, which is so asked for, and counted, again. One that
    `resumes` also keeps what may yet change, for a search that goes on within an hour.
    """

    def __init__(
        self,
        ask: Callable[[str], Asked],
        directory: Path | None,
        clock: Clock,
        *,
        resumes: bool = False,
    ) -> None:
        self._ask = ask
        self._resumes = resumes
        self._directory = directory
        self._clock = clock
        self._swept = False

    def __call__(
        self, attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterator[Record]:
        """Yield each record once, in no order. Raises AwsError."""
        asked = self._ask(region)
        found: Iterable[Record]
        if self._directory is None or not asked.whose:
            found = chain.from_iterable(asked.pages(attribute, value, start=start, end=end))
        else:
            self._sweep(self._directory)
            named = (asked.whose, region, attribute, value)
            file, last = AnswerFile(self._directory, named), int(end.timestamp())
            young = None
            if self._resumes and last > _settled(int(self._clock.now().timestamp())):
                young = AnswerFile(self._directory, (*named, str(last)), UNSETTLED)
            question = _Question(asked, attribute, value, file, young, self._clock)
            found = question.answered(int(start.timestamp()), last)
        return _once(found)

    def _sweep(self, directory: Path) -> None:
        if not self._swept:
            self._swept = True
            sweep(directory, int(self._clock.now().timestamp()))


def _once(records: Iterable[Record]) -> Iterator[Record]:
    seen: set[object] = set()
    for record in records:
        event_id = record.get("eventID")
        if event_id is None or event_id not in seen:
            seen.add(event_id)
            yield record


@dataclass(frozen=True)
class _Question:
    asked: Asked
    attribute: str
    value: str
    file: AnswerFile
    young: AnswerFile | None
    clock: Clock

    def answered(self, first: int, last: int) -> Iterator[Record]:
        """What is kept of a span of time, then what had to be asked for."""
        now = int(self.clock.now().timestamp())
        horizon = now - int(HISTORY.total_seconds())
        first = max(first, horizon)
        kept = self.file.read(first, last, horizon=horizon, now=now)
        settled = _settled(now)
        covered = [(answer.first, min(answer.last, settled)) for answer in kept]
        if self.young is not None:
            young = self.young.read(first, last, horizon=horizon, now=now)
            covered += [(answer.first, answer.last) for answer in young]
            kept += young
        yield from _within(kept, first, last)
        for piece in without((first, last), covered):
            yield from self._walk(*piece)

    def _walk(self, first: int, last: int) -> Iterator[Record]:
        settled = _settled(int(self.clock.now().timestamp()))
        keeping = [_Keeping(self.file, first, min(last, settled), last, LEAST)]
        if self.young is not None:
            keeping.append(_Keeping(self.young, max(first, settled + 1), last, last))
        start, end = (datetime.fromtimestamp(moment, UTC) for moment in (first, last))
        for page in self.asked.pages(self.attribute, self.value, start=start, end=end):
            for each in keeping:
                each.take(page)
            yield from page
        for each in keeping:
            each.end()


def _within(answers: Iterable[Answer], first: int, last: int) -> Iterator[Record]:
    for answer in answers:
        yield from (one for one in answer.records if first <= (_second(one) or 0) <= last)


@dataclass
class _Keeping:
    """Keeps the pages of one walk, newest first, each before the next one is asked for.

    `upper` is the latest second that is still to be kept, `reached` that of the last event met:
    more events of it may be on the next page, so it is kept with that one. A span shorter than
    `least` is kept only where it took several pages.
    """

    file: AnswerFile
    first: int
    upper: int
    reached: int
    least: timedelta = timedelta(0)
    has_kept: bool = False
    is_over: bool = False
    waiting: list[tuple[int, Record]] = field(default_factory=list)

    def take(self, page: Sequence[Record]) -> None:
        """Keep what the page completes. From an event without a time on nothing more is kept, and
        nothing at all of a history that is not in order."""
        for record in page:
            moment = _second(record)
            if moment is None or self.is_over:
                self.is_over = True
                return
            if moment > self.reached:
                self.is_over = True
                self.file.forget()
                return
            self.reached = moment
            self.waiting.append((moment, record))
        self._keep(self.reached + 1)

    def end(self) -> None:
        """Keep the rest: the last page was there."""
        if self.has_kept or self.upper - self.first >= self.least.total_seconds():
            self._keep(self.first)

    def _keep(self, lower: int) -> None:
        if self.is_over or not self.first <= lower <= self.upper:
            return
        there = [found for found in self.waiting if lower <= found[0] <= self.upper]
        unread = [(moment, moment) for moment, record in there if to_event(record) is None]
        for begin, end in without((lower, self.upper), unread):
            self.file.add(begin, end, [essential(one) for at, one in there if begin <= at <= end])
        self.waiting = [found for found in self.waiting if found[0] < lower]
        self.upper = lower - 1
        self.has_kept = True


def without(span: Seconds, others: Iterable[Seconds]) -> list[Seconds]:
    """What is left of a span when others are taken out of it, the latest first."""
    left, (first, last) = [], span
    for begin, end in sorted(others, key=lambda other: other[1], reverse=True):
        if end < begin or begin > last:
            continue
        if end < first:
            break
        if end < last:
            left.append((end + 1, last))
        last = begin - 1
    return [*left, (first, last)] if first <= last else left


def _settled(now: int) -> int:
    """The latest second that is complete to whoever asks `now`."""
    return now - int(MARGIN.total_seconds())


def _second(record: Record) -> int | None:
    moment = moment_of(record.get("eventTime"))
    return None if moment is None else int(moment.timestamp())
