"""What is true of a whole world, as far as the files that it leaves allow to say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.support.memory_vault import START, made_up_key
from vaultaws.trail import audit
from vaultaws.trail.evidence import CLOCK_SKEW, ROLLBACK
from vaultaws.trail.verdicts import Standing

END = START + timedelta(hours=4)
WATERMARK = END - timedelta(minutes=30)
FIRST_ROOT = made_up_key(999)
_BEFORE = START - timedelta(days=1)


@dataclass
class Key:
    """A credential and what is true of it. `line` is the audit record with its key, None where
    Vault has none; `wrapping` the one before it, of an answer that was wrapped; `ends` when AWS
    said that it ends; `removed` the event that took its user away."""

    key_id: str
    sort: str
    event: dict[str, Any]
    at: datetime
    person: str = ""
    parent: str = ""
    line: dict[str, Any] | None = None
    wrapping: dict[str, Any] | None = None
    lease: str = ""
    in_clear: bool = False
    ends: datetime | None = None
    removed: dict[str, Any] | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    revocations: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Truth:
    """One world. Moments are AWS's; lines bear Vault's."""

    chance: Random
    skew: timedelta = timedelta(0)
    salt_from: datetime | None = None
    root: str = FIRST_ROOT
    events: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, Key] = field(default_factory=dict)
    never_seen: list[dict[str, Any]] = field(default_factory=list)
    acts: list[dict[str, Any]] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    static_reads: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    delivered: dict[str, set[datetime]] = field(default_factory=dict)
    lost_file: datetime | None = None
    torn: audit.Span | None = None
    log_ends: datetime | None = None
    number: int = 0

    def digest(self, value: str, salt: str = "new") -> str:
        """What the device writes now, or wrote with an older salt."""
        return "hmac-sha256:" + hashlib.sha256(f"{salt}{value}".encode()).hexdigest()

    def written(self, value: str, moment: datetime) -> str:
        """What the device wrote at a moment of Vault's."""
        old = self.salt_from is not None and moment < self.salt_from
        return self.digest(value, "old" if old else "new")

    def readable(self, line: dict[str, Any]) -> bool:
        """Whether the audit record can be read."""
        moment = vaults_time(line)
        if self.log_ends is not None and moment > self.log_ends:
            return False
        return self.torn is None or not self.torn.starts < moment < self.torn.ends

    def seen(self, event: dict[str, Any]) -> bool:
        """Whether CloudTrail has delivered an event, in a file that can be read."""
        files = self.delivered[event["eventID"]] - {self.lost_file}
        return awss_time(event) <= END and any(moment <= END for moment in files)

    def _in_torn(self, at: datetime) -> bool:
        torn = self.torn
        return torn is not None and torn.starts - CLOCK_SKEW <= at <= torn.ends + CLOCK_SKEW

    def _unsure(self, key: Key) -> bool:
        """Whether an absent audit record proves nothing of a key."""
        salted = self.salt_from is not None and key.at < self.salt_from + CLOCK_SKEW
        unsaid = self._in_torn(key.at) or self.is_silent(key.at) or self._near_sealed(key.at)
        return salted or unsaid or self._maybe_rolled_back(key)

    def is_silent(self, at: datetime) -> bool:
        """Whether Vault's log had ended by then, as far as the clocks allow to say."""
        if self.log_ends is None:
            return False
        last = max(filter(self.readable, self.lines), key=vaults_time)
        return at > vaults_time(last) - CLOCK_SKEW

    def _near_sealed(self, at: datetime) -> bool:
        asked = [key for key in self.keys.values() if key.wrapping]
        sealed = [key for key in asked if not (key.line and self.readable(key.line))]
        wrapped = [key.wrapping or {} for key in sealed]
        told = [vaults_time(line) for line in wrapped if self.readable(line)]
        return any(abs(moment - at) <= CLOCK_SKEW for moment in told)

    def asked_at(self, key: Key) -> datetime:
        """When Vault answered the request for a key, as far as its log tells."""
        line = key.line or {}
        is_told = key.wrapping is not None and self.readable(key.wrapping)
        return vaults_time(key.wrapping if key.wrapping and is_told else line)

    def _maybe_rolled_back(self, key: Key) -> bool:
        used = any(self.seen(call) and "errorCode" not in call for call in key.calls)
        if used or key.event["eventName"] != "CreateAccessKey":
            return False
        lost = self.lost_file is not None and key.at <= self.lost_file + CLOCK_SKEW
        return self._near_failure(key.at) and (lost or key.at >= WATERMARK - ROLLBACK)

    def _near_failure(self, at: datetime) -> bool:
        failures = (
            line
            for line in self.lines
            if line.get("error") and not line.get("denied") and self.readable(line)
        )
        return any(abs(vaults_time(line) - at) <= CLOCK_SKEW for line in failures)

    def _in_lost(self, moment: datetime) -> bool:
        if self.lost_file is None:
            return False
        begins = self.lost_file - timedelta(hours=1)
        return begins - CLOCK_SKEW <= moment <= self.lost_file + CLOCK_SKEW

    def opened(self) -> set[str]:
        """The thief's doors that the files show to be none of the engine's."""
        users = {
            key.event["requestParameters"]["userName"]
            for key in self.keys.values()
            if key.sort == "thief"
            and key.event["requestParameters"]
            and self.standing(key) is Standing.UNCOVERED
        }
        return {
            act["eventID"]
            for act in self.acts
            if self.seen(act)
            and act["requestParameters"]["userName"] not in users
            and awss_time(act) < WATERMARK
            and not self._in_lost(awss_time(act))
            and not (awss_time(act) >= WATERMARK - ROLLBACK and self._may_have_failed(act))
        }

    def _may_have_failed(self, act: dict[str, Any]) -> bool:
        return self._near_failure(awss_time(act)) or self.is_silent(awss_time(act))

    def standing(self, key: Key) -> Standing | None:
        """The true verdict, as far as the files allow it; None for what they do not show."""
        if not self.seen(key.event):
            return None
        if key.parent:
            parent = self.standing(self.keys[key.parent])
            return Standing.DESCENDANT if parent is Standing.EXPLAINED else parent
        if key.sort.startswith("static") and self._refuted(key):
            return Standing.UNEXPLAINED
        known = self._known(key)
        if known is None:
            return Standing.UNCOVERED if self._unsure(key) else Standing.UNEXPLAINED
        return known

    def _known(self, key: Key) -> Standing | None:
        """What the evidence says for a key that Vault's identity made."""
        audited = key.line is not None and self.readable(key.line)
        undone = key.removed is not None and self.seen(key.removed)
        holds = {
            Standing.STATIC: key.sort.startswith("static"),
            Standing.ROTATION: key.sort == "rotation" and audited,
            Standing.ROLLED_BACK: undone and self._near_failure(key.at),
            Standing.EXPLAINED: key.sort == "issued" and audited and self._compared(key),
        }
        return next((standing for standing, so in holds.items() if so), None)

    def _refuted(self, key: Key) -> bool:
        """Whether an older key of the static role was read when this one would have been."""
        refuted = False
        for read, line in self.static_reads:
            at = vaults_time(line)
            if not self.readable(line):
                continue
            told = line["response"]["data"]["access_key"]
            if read == key.key_id and told == self.digest(read):
                return False
            young = at <= key.at + CLOCK_SKEW or at >= WATERMARK - CLOCK_SKEW
            salted = self.salt_from is not None and at < self.salt_from + CLOCK_SKEW
            older = read not in self.keys or self.keys[read].at < key.at
            refuted |= older and not (young or salted or self._lost_within(key.at, at))
        return refuted

    def _lost_within(self, begins: datetime, ends: datetime) -> bool:
        if self.lost_file is None:
            return False
        lost_from = self.lost_file - timedelta(hours=1) - CLOCK_SKEW
        return lost_from <= ends and begins <= self.lost_file + CLOCK_SKEW

    def _compared(self, key: Key) -> bool:
        moment = self.asked_at(key) if key.line else _BEFORE
        return key.in_clear or self.salt_from is None or moment >= self.salt_from

    def unseen(self) -> dict[str, Standing]:
        """The leases whose key CloudTrail does not show."""
        found = {}
        lines = [
            (key.line, self.asked_at(key))
            for key in self.keys.values()
            if key.line and key.lease and self.standing(key) is not Standing.EXPLAINED
        ]
        lines += [(line, vaults_time(line)) for line in self.never_seen]
        for line, moment in lines:
            if not self.readable(line):
                continue
            salted = self.salt_from is not None and moment < self.salt_from + CLOCK_SKEW
            unknown = self._in_lost(moment) or salted
            late = moment >= WATERMARK - CLOCK_SKEW
            standing = Standing.UNCOVERED if unknown else Standing.MISSING
            lease = line["response"]["secret"]["lease_id"]
            found[lease] = Standing.PENDING if late else standing
        return found

    def too_late(self, key: Key) -> int:
        """The calls that succeeded after the token's end or the lease's, by more than the clocks
        may differ."""
        moments = [
            vaults_time(line)
            for line in key.revocations
            if self.readable(line)
            and line["request"].get("data", {}).get("lease_id") in {None, self.digest(key.lease)}
            and self.standing(key) is Standing.EXPLAINED
        ]
        moments += [key.ends] if key.ends else []
        if not moments:
            return 0
        return sum(
            1
            for call in key.calls
            if self.seen(call)
            and "errorCode" not in call
            and awss_time(call) > min(moments) + CLOCK_SKEW
        )


def awss_time(event: dict[str, Any]) -> datetime:
    """When AWS says that a call was."""
    return datetime.fromisoformat(event["eventTime"])


def vaults_time(line: dict[str, Any]) -> datetime:
    """When Vault says that it answered."""
    return datetime.fromisoformat(line["time"])
