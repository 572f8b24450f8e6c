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

from vaultaws.model import AuditIssuance, plain_namespace
from vaultaws.trail import gapmarks
from vaultaws.trail.auditlines import lines_of, namespace_of

_ROTATION: Final = re.compile(r"(?P<mount>.+)/config/rotate-root")
_ISSUANCE: Final = re.compile(r"(?P<mount>.+)/(?P<endpoint>creds|sts)/[^/]+")
_REVOCATION: Final = re.compile(
    r"sys/(?:leases/)?(?P<verb>revoke(?:-prefix|-force)?)(?:/(?P<rest>.*))?"
)
_STATIC: Final = re.compile(r"(?P<mount>.+)/static-(?P<what>creds|roles)/(?P<role>[^/]+)")
_DENIED: Final = "permission denied"
_DEVICE: Final = re.compile(r"sys/audit/(?P<device>[^/]+)/?")
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
_SENSIBLE_YEARS: Final = range(1970, 2262)
_LONGEST_TOKEN_SECONDS: Final = 10 * 365 * 86_400
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
    AuditIssuance | AuditRevocation | AuditRotation | AuditFailure | AuditDeviceChange | AuditStatic
)


@dataclass
class AuditLog:
    """What was read. `unreadable` counts lines that are no audit entry, torn ones included, and
    `gaps` are the spans of time in which they stand, as far as their neighbours tell."""

    issuances: list[AuditIssuance] = field(default_factory=list)
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


def readers(
    paths: Sequence[Path], path: str, since: datetime | None = None, *, namespace: str = ""
) -> dict[str, datetime]:
    """Who read `path` (a static role's credentials) in a namespace, by display name, and when last.

    Raises UsageError for a file that cannot be opened.
    """
    found: dict[str, datetime] = {}
    for file in paths:
        for line in lines_of(file):
            try:
                entry = json.loads(line) if path.encode() in line else {}
                if not _is_read(entry, path, namespace):
                    continue
                moment, name = _time(entry["time"]), str(entry["auth"].get("display_name", ""))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
            if since is None or moment >= since:
                found[name] = max(found.get(name, moment), moment)
    return found


def static_names(paths: Sequence[Path], mount: str, *, namespace: str = "") -> set[str]:
    """The static roles of a mount in a namespace whose credentials somebody read.

    Raises UsageError for a file that cannot be opened.
    """
    start, found = f"{mount}/static-creds/", set[str]()
    for file in paths:
        for line in lines_of(file):
            try:
                entry = json.loads(line) if start.encode() in line else {}
                path = str(entry["request"]["path"])
                if path.startswith(start) and _is_read(entry, path, namespace):
                    found.add(path.removeprefix(start))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
    return found


def _is_read(entry: dict[str, Any], path: str, namespace: str) -> bool:
    if entry.get("type") != "response" or entry.get("error"):
        return False
    request = entry["request"]
    is_there = namespace_of(request) == plain_namespace(namespace)
    return bool(is_there and request["path"] == path and request["operation"] == "read")


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
            moment = _time(entry["time"])
            kind = entry["type"]
            if kind == gapmarks.TYPE:
                return None
            found = _meaning(entry, moment, self.mounts) if kind == "response" else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        log.first = min(log.first or moment, moment)
        log.last = max(log.last or moment, moment)
        match found:
            case AuditIssuance():
                log.issuances.append(found)
            case AuditRevocation():
                log.revocations.append(found)
            case AuditRotation():
                log.rotations.append(found)
            case AuditFailure():
                log.failures.append(found)
            case AuditDeviceChange():
                log.devices.append(found)
            case AuditStatic():
                log.statics.append(found)
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
    for found in (found for log in logs for found in log.issuances):
        once.setdefault((found.request_id, found.lease_id), found)
    return AuditLog(
        issuances=sorted(once.values(), key=lambda found: (found.time, found.request_id)),
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
        return None if entry.get("error") else _of_system(entry, path, moment)
    match = _ISSUANCE.fullmatch(path) or _ROTATION.fullmatch(path) or _STATIC.fullmatch(path)
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
    return AuditFailure(moment, path) if is_failed else _issuance(entry, request, moment)


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
    entry: dict[str, Any], path: str, moment: datetime
) -> AuditRevocation | AuditDeviceChange | None:
    revocation = _REVOCATION.fullmatch(path)
    if revocation:
        return _revocation(entry, revocation, moment)
    device = _DEVICE.fullmatch(path)
    if device and entry["request"].get("operation") in {"update", "delete"}:
        return AuditDeviceChange(moment, device["device"])
    return None


def _issuance(
    entry: dict[str, Any], request: dict[str, Any], moment: datetime
) -> AuditIssuance | None:
    response = entry.get("response") or {}
    data, lease_id = response.get("data") or {}, (response.get("secret") or {}).get("lease_id")
    key = data.get("access_key")
    if not lease_id or not key or not str(lease_id).startswith(f"{request['path']}/"):
        return None  # a refusal, or another engine's answer
    auth = entry.get("auth") or {}
    ttl = data.get("ttl")
    return AuditIssuance(
        time=moment,
        request_id=str(request.get("id", "")),
        path=request["path"],
        lease_id=str(lease_id),
        access_key=str(key),
        entity_id=str(auth.get("entity_id", "")),
        display_name=str(auth.get("display_name", "")),
        token_accessor=str(auth.get("accessor", "")),
        remote_address=str(request.get("remote_address", "")),
        username=str((auth.get("metadata") or {}).get("username", "")),
        token_ttl_seconds=ttl
        if isinstance(ttl, int) and 0 < ttl <= _LONGEST_TOKEN_SECONDS
        else None,
        is_sts=bool(data.get("session_token") or data.get("security_token")),
        namespace=namespace_of(request),
    )


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


def _time(text: str) -> datetime:
    """Vault writes nanoseconds; Python reads six digits. Raises ValueError for Go's year 1 and
    what else no log was written in."""
    moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    if moment.year not in _SENSIBLE_YEARS:
        raise ValueError(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
