"""Vault's and OpenBao's audit log (JSON lines of a file device), read for issuances.

Seen on OpenBao 2.7.2 and Vault 1.21.1: a response line of `MOUNT/creds|sts/ROLE` has the lease
id in clear (`response.secret.lease_id`), the key id as `hmac-sha256:…` (clear where the mount
lists it in `audit_non_hmac_response_keys`), the token's life as a number (`response.data.ttl`),
and who asked under `auth`. A revocation by body has its lease id hashed, by path in clear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vaultaws.model import AuditIssuance
from vaultaws.trail import gapmarks, issued
from vaultaws.trail.auditlines import lines_of, namespace_of
from vaultaws.trail.issued import ISSUANCE, UNWRAP, AuditUnwrapped, AuditWrapped

_ROTATION: Final = re.compile(r"(?P<mount>.+)/config/rotate-root")
_REVOCATION: Final = re.compile(
    r"sys/(?:leases/)?(?P<verb>revoke(?:-prefix|-force)?)(?:/(?P<rest>.*))?"
)
_STATIC: Final = re.compile(r"(?P<mount>.+)/static-(?P<what>creds|roles)/(?P<role>[^/]+)")
_DENIED: Final = "permission denied"
_DEVICE: Final = re.compile(r"sys/audit/(?P<device>[^/]+)/?")
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
_SENSIBLE_YEARS: Final = range(1970, 2262)
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True)
class AuditRevocation:
    """One revocation that Vault answered. `lease` is an id, its digest, or a prefix's path, which
    Vault takes as a whole folder: aws/creds/reader is not aws/creds/reader2."""

    time: datetime
    lease: str
    is_prefix: bool
    display_name: str
    namespace: str = ""


@dataclass(frozen=True)
class AuditRotation:
    """Vault replaced the root key of a mount. `access_key` is the new one as the log writes it,
    empty when the rotation failed: it may have made the key and stumbled over the old one."""

    time: datetime
    mount: str
    access_key: str = ""


@dataclass(frozen=True)
class AuditFailure:
    """Vault answered an issuance with an error."""

    time: datetime
    path: str


@dataclass(frozen=True)
class AuditDeviceChange:
    """An audit device was made or taken away: one that is made anew has another salt."""

    time: datetime
    device: str


@dataclass(frozen=True)
class AuditStatic:
    """Vault answered a read of a static role's credentials with `access_key`, as the log writes it;
    where that is empty, the role was written, which can make its user a new key."""

    time: datetime
    mount: str
    role: str
    access_key: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Span:
    """A span of time; both ends belong to it."""

    starts: datetime
    ends: datetime


Found = (
    AuditIssuance
    | AuditWrapped
    | AuditUnwrapped
    | AuditRevocation
    | AuditRotation
    | AuditFailure
    | AuditDeviceChange
    | AuditStatic
)


@dataclass
class AuditLog:
    """What was read. `wrapped` are issuances whose answer nobody has taken out of its wrapping; in
    one file's part all, beside what was taken out. `unreadable` counts lines that are no audit
    entry, torn ones included, and `gaps` are the spans of time in which they stand, as far as their
    neighbours tell."""

    issuances: list[AuditIssuance] = field(default_factory=list)
    wrapped: list[AuditWrapped] = field(default_factory=list)
    unwrapped: list[AuditUnwrapped] = field(default_factory=list)
    revocations: list[AuditRevocation] = field(default_factory=list)
    rotations: list[AuditRotation] = field(default_factory=list)
    failures: list[AuditFailure] = field(default_factory=list)
    devices: list[AuditDeviceChange] = field(default_factory=list)
    statics: list[AuditStatic] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    lines: int = 0
    unreadable: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def keep(self, found: Found | None) -> None:
        """Put what one line tells where it belongs."""
        match found:
            case AuditIssuance():
                self.issuances.append(found)
            case AuditWrapped():
                self.wrapped.append(found)
            case AuditUnwrapped():
                self.unwrapped.append(found)
            case AuditRevocation():
                self.revocations.append(found)
            case AuditRotation():
                self.rotations.append(found)
            case AuditFailure():
                self.failures.append(found)
            case AuditDeviceChange():
                self.devices.append(found)
            case AuditStatic():
                self.statics.append(found)


def read(paths: Sequence[Path], mounts: Sequence[str] = ()) -> AuditLog:
    """Read audit files, plain or .gz; `mounts` empty means every AWS mount.

    Raises UsageError for a file that cannot be opened. An issuance met twice (overlapping
    rotated files) counts once.
    """
    return joined([part_of(path, frozenset(mounts)) for path in paths])


def part_of(path: Path, mounts: frozenset[str]) -> Part:
    """Read one file whole. Raises UsageError when it cannot be opened."""
    part = Part(mounts)
    for line in lines_of(path):
        part.take(line)
    return part


def rotated(path: Path) -> list[Path]:
    """Return the rotated siblings of a log (audit.log.1, audit.log.2.gz, audit.log-20261121),
    then the log itself."""
    siblings = [
        found
        for found in path.parent.glob(f"{path.name}[.-]*")
        if found.is_file() and not found.is_symlink()
    ]
    return [*sorted(siblings), path]


@dataclass
class Part:
    """What one file of the log tells, read line by line. A line that cannot be read leaves a gap
    from the line before it to the line after it.

    `begins` and `ends` are the times of its first and its last line. `torn_from` is where a gap
    begins that no line has ended yet.
    """

    mounts: frozenset[str] = frozenset()
    log: AuditLog = field(default_factory=AuditLog)
    begins: datetime | None = None
    ends: datetime = _BEGINNING
    torn_from: datetime | None = None

    def take(self, line: bytes) -> None:
        """Take one line in."""
        if not line.strip():
            return
        self.log.lines += 1
        moment = self._read(line)
        if moment is None:
            self.log.unreadable += not gapmarks.is_mark(line)
            self.torn_from = self.ends if self.torn_from is None else self.torn_from
            return
        self.begins = self.begins or moment
        if self.torn_from is not None:
            self.log.gaps.append(Span(self.torn_from, moment))
            self.torn_from = None
        self.ends = max(self.ends, moment)

    def _read(self, line: bytes) -> datetime | None:
        """Keep what a line tells; return its time, None when it cannot be read."""
        log = self.log
        try:
            entry = json.loads(line)
            moment = moment_of(entry["time"])
            kind = entry["type"]
            if kind == gapmarks.TYPE:
                return None
            found = _meaning(entry, moment, self.mounts) if kind == "response" else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        log.first = min(log.first or moment, moment)
        log.last = max(log.last or moment, moment)
        log.keep(found)
        return moment

    def with_torn_end(self) -> Part:
        """The same, with a last line that was never written to its end."""
        log = replace(self.log, lines=self.log.lines + 1, unreadable=self.log.unreadable + 1)
        torn_from = self.ends if self.torn_from is None else self.torn_from
        return replace(self, log=log, torn_from=torn_from)


def joined(parts: Sequence[Part]) -> AuditLog:
    """The files of a log as one. An issuance met twice (overlapping rotated files) counts once."""
    logs = [part.log for part in parts]
    once: dict[tuple[str, str], AuditIssuance] = {}
    taken, wrapped = issued.joined(
        [found for log in logs for found in log.wrapped],
        [found for log in logs for found in log.unwrapped],
    )
    for found in (*(found for log in logs for found in log.issuances), *taken):
        once.setdefault((found.request_id, found.lease_id), found)
    return AuditLog(
        issuances=sorted(once.values(), key=lambda found: (found.time, found.request_id)),
        wrapped=wrapped,
        revocations=[found for log in logs for found in log.revocations],
        rotations=[found for log in logs for found in log.rotations],
        failures=[found for log in logs for found in log.failures],
        devices=[found for log in logs for found in log.devices],
        statics=[found for log in logs for found in log.statics],
        gaps=_gaps(parts),
        lines=sum(log.lines for log in logs),
        unreadable=sum(log.unreadable for log in logs),
        first=min((log.first for log in logs if log.first), default=None),
        last=max((log.last for log in logs if log.last), default=None),
    )


def _gaps(parts: Sequence[Part]) -> list[Span]:
    """All gaps. One at a file's end ends where the next file begins, one at a file's beginning
    begins where the file before ends."""
    ends = [part.ends for part in parts]
    begins = [part.begins for part in parts if part.begins is not None]
    found = []
    for gap in (gap for part in parts for gap in part.log.gaps):
        starts = gap.starts
        if starts == _BEGINNING:
            starts = max((end for end in ends if end < gap.ends), default=_BEGINNING)
        found.append(Span(starts, gap.ends))
    left_open = [part.torn_from for part in parts if part.torn_from is not None]
    found += [
        Span(start, min((one for one in begins if one > start), default=END_OF_TIME))
        for start in left_open
    ]
    return found


def _meaning(entry: dict[str, Any], moment: datetime, mounts: frozenset[str]) -> Found | None:
    request = entry["request"]
    path = request["path"]
    if path.startswith("sys/"):
        return None if entry.get("error") else _of_system(entry, path, moment, mounts)
    match = ISSUANCE.fullmatch(path) or _ROTATION.fullmatch(path) or _STATIC.fullmatch(path)
    if match is None or request.get("mount_type", "aws") != "aws":
        return None
    is_denied = _DENIED in str(entry.get("error") or "")  # then it came to no engine
    if is_denied or (mounts and match["mount"] not in mounts):
        return None
    if match.re is _ROTATION:
        data = {} if entry.get("error") else (entry.get("response") or {}).get("data") or {}
        return AuditRotation(moment, match["mount"], str(data.get("access_key") or ""))
    is_failed = bool(entry.get("error"))
    if match.re is _STATIC:
        return None if is_failed else _static(entry, match, moment)
    return AuditFailure(moment, path) if is_failed else issued.answered(entry, moment)


def _static(entry: dict[str, Any], match: re.Match[str], moment: datetime) -> AuditStatic | None:
    namespace = namespace_of(entry["request"])
    if match["what"] == "roles":
        is_write = entry["request"].get("operation") in {"create", "update"}
        written = AuditStatic(moment, match["mount"], match["role"], namespace=namespace)
        return written if is_write else None
    key = ((entry.get("response") or {}).get("data") or {}).get("access_key")
    if not key:
        return None
    return AuditStatic(moment, match["mount"], match["role"], str(key), namespace)


def _of_system(
    entry: dict[str, Any], path: str, moment: datetime, mounts: frozenset[str]
) -> AuditRevocation | AuditUnwrapped | AuditDeviceChange | None:
    if path == UNWRAP:
        return issued.unwrapped(entry, moment, mounts)
    revocation = _REVOCATION.fullmatch(path)
    if revocation:
        return _revocation(entry, revocation, moment)
    device = _DEVICE.fullmatch(path)
    if device and entry["request"].get("operation") in {"update", "delete"}:
        return AuditDeviceChange(moment, device["device"])
    return None


def _revocation(
    entry: dict[str, Any], match: re.Match[str], moment: datetime
) -> AuditRevocation | None:
    lease = match["rest"] or str((entry["request"].get("data") or {}).get("lease_id", ""))
    name = str((entry.get("auth") or {}).get("display_name", ""))
    if not lease.strip("/"):
        return None
    is_prefix = match["verb"] != "revoke"
    namespace = namespace_of(entry["request"])
    return AuditRevocation(moment, lease, is_prefix, name, namespace)


def moment_of(text: str) -> datetime:
    """Vault writes nanoseconds; Python reads six digits. Raises ValueError for Go's year 1 and
    what else no log was written in."""
    moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    if moment.year not in _SENSIBLE_YEARS:
        raise ValueError(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
