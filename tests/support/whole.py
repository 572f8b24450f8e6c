"""Whole worlds: what people, a thief and Vault did, as the files that CloudTrail and Vault would
have left of it, and the verdicts that these files allow.

Vault's clock goes `skew` ahead of AWS's. CloudTrail delivers late, twice, in files of five minutes
of which one may be lost. Vault's log may be torn, and its device made anew with another salt.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.memory_vault import START, made_up_key
from tests.support.whole_truth import END, FIRST_ROOT, Key, Truth, vaults_time
from vaultaws.leases.inventory import Inventory
from vaultaws.trail import audit
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.expect import Expected
from vaultaws.trail.gather import LogFiles
from vaultaws.trail.report import Report
from vaultaws.trail.sources.events import FolderSource

BEFORE_STATIC = made_up_key(998)
ROOT_USER, STATIC_USER, ACCOUNT = "vault-root", "ci-user", "0" * 11 + "1"
REFUSALS = 3
_FILE = timedelta(minutes=5)
_LONGEST_DELAY_SECONDS = 9 * 60


@dataclass
class Whole(Truth):
    """One world, as it comes about."""

    def event(self, name: str, key: str, at: datetime, **more: Any) -> dict[str, Any]:
        """Record a call; `target`, `issued` and `error` are what it was about and answered,
        `account` is the caller's."""
        self.number += 1
        target, issued, error = (more.get(part, "") for part in ("target", "issued", "error"))
        is_root = key in {self.root, FIRST_ROOT} or more.get("is_root")
        made: dict[str, Any] = {
            "eventVersion": "1.11",
            "eventID": f"event-{self.number}",
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "eventName": name,
            "eventSource": ("iam" if target else "sts") + ".amazonaws.com",
            "awsRegion": "us-east-1",
            "userIdentity": {
                "type": "IAMUser",
                "accessKeyId": key,
                "userName": ROOT_USER if is_root else "someone",
                "arn": f"arn:aws:iam::{more.get('account', ACCOUNT)}:user/x",
            },
            "requestParameters": {"userName": target} if target else None,
            "responseElements": None,
        }
        if error:
            made["errorCode"] = error
        if issued:
            part = "accessKey" if name == "CreateAccessKey" else "credentials"
            made["responseElements"] = {part: {"accessKeyId": issued}}
            if ends := more.get("ends"):
                made["responseElements"][part]["expiration"] = f"{ends:%b %-d, %Y %-I:%M:%S %p}"
        delay = timedelta(seconds=self.chance.randint(0, _LONGEST_DELAY_SECONDS))
        late = (at + delay - START) // _FILE + 1
        again = self.chance.choice((0, 0, 0, 3))
        self.delivered[made["eventID"]] = {START + late * _FILE, START + (late + again) * _FILE}
        self.events.append(made)
        return made

    def line(self, path: str, at: datetime, **more: Any) -> dict[str, Any]:
        """Write an audit record; it is Vault's clock that dates it."""
        self.number += 1
        auth = {"display_name": f"userpass-{more.pop('person', 'root')}", "entity_id": "e"}
        request = {"id": f"request-{self.number}", "path": path, "mount_type": "aws"}
        request |= more.pop("request", {"operation": "read"})
        made = {
            "time": (at + self.skew).isoformat(),
            "type": "response",
            "auth": auth,
            "request": request,
            "response": {},
        } | more
        self.lines.append(made)
        return made

    def mint(self, sort: str, at: datetime, *, user: bool, by: str = "", **more: Any) -> Key:
        """Make a credential: a user with its key, or a token."""
        self.number += 1
        root, name = by or self.root, f"vault-user-{self.number}"
        key_id = made_up_key(self.number, "AKIA" if user else "ASIA")
        if user:
            for step in ("CreateUser", "PutUserPolicy"):
                opened = self.event(step, root, at, target=name)
                if sort == "thief":
                    self.acts.append(opened)
            event = self.event("CreateAccessKey", root, at, target=name, issued=key_id)
        else:
            ends = at + timedelta(seconds=self.chance.choice((900, 1800, 3600)))
            event = self.event("GetFederationToken", root, at, issued=key_id, ends=ends)
            more["ends"] = ends
        self.keys[key_id] = Key(key_id, sort, event, at, **more)
        return self.keys[key_id]

    def issue(self, at: datetime, person: str, *, user: bool, mount: str = "aws") -> Key:
        """Somebody asks Vault, which answers some seconds after AWS did."""
        key = self.mint("issued", at, user=user, person=person)
        key.in_clear = self.chance.random() < 0.2
        role = f"{mount}/creds/{self.chance.choice(('reader', 'reader2'))}"
        moment = at + timedelta(seconds=self.chance.randint(0, 5))
        key.lease = f"{role}/{self.number}"
        told = key.key_id if key.in_clear else self.written(key.key_id, moment + self.skew)
        answer = {"secret": {"lease_id": key.lease}, "data": {"access_key": told}}
        key.line = self.line(role, moment, person=person, response=answer)
        return key

    def wrap(self, at: datetime, person: str, *, user: bool, is_taken: bool) -> None:
        """Somebody asks for a wrapped answer, and some seconds later it is taken out, or never."""
        key = self.issue(at, person, user=user)
        told, path = key.line or {}, (key.line or {})["request"]["path"]
        self.lines.remove(told)
        token, moment = self.written(f"token {self.number}", at), vaults_time(told) - self.skew
        answer = {"wrap_info": {"token": token, "creation_path": path}}
        key.wrapping = self.line(path, moment, person=person, response=answer)
        key.line = None
        if not is_taken:
            key.sort, key.lease = "sealed", ""
            return
        later = moment + timedelta(seconds=self.chance.randint(0, 5))
        by: dict[str, Any] = {"auth": {"client_token": token}, "request": {"operation": "update"}}
        if self.chance.random() < 0.5:
            by = {"request": {"operation": "update", "data": {"token": token}}}
        unwrap, response = "sys/wrapping/unwrap", told["response"]
        key.line = self.line(unwrap, later, person=person, response=response, **by)
        if not self.chance.randint(0, 3):
            self.lines.append(key.line)  # rotated parts may overlap

    def use(self, key: Key, at: datetime, times: int = 1, error: str = "") -> None:
        """Make calls with a key."""
        for _ in range(times):
            key.calls.append(self.event("DescribeInstances", key.key_id, at, error=error))

    def revoke(self, key: Key, at: datetime, how: str) -> None:
        """Revoke the lease: by its id in the path, in the body (a digest), or by its folder."""
        lease = key.lease if how == "id" else key.lease.rsplit("/", 1)[0]
        if how == "digest":
            told = self.written(key.lease, at + self.skew)
            request = {"operation": "update", "data": {"lease_id": told}}
            line = self.line("sys/leases/revoke", at, request=request)
        else:
            verb = "revoke" if how == "id" else "revoke-prefix"
            line = self.line(f"sys/leases/{verb}/{lease}", at)
        for other in self.keys.values():
            hit = other is key or (how == "prefix" and other.lease.startswith(f"{lease}/"))
            if hit and other.line and self.asked_at(other) <= vaults_time(line):
                other.revocations.append(line)

    def child(self, parent: Key, at: datetime) -> Key:
        """Make a token with a credential."""
        key = self.mint("child", at, user=False, by=parent.key_id, parent=parent.key_id)
        parent.calls.append(key.event)
        return key

    def rotate(self, at: datetime) -> None:
        """Let Vault replace its root key."""
        self.number += 1
        fresh = made_up_key(self.number)
        event = self.event("CreateAccessKey", self.root, at, target=ROOT_USER, issued=fresh)
        told = {"data": {"access_key": self.written(fresh, at + self.skew)}}
        line = self.line("aws/config/rotate-root", at, response=told)
        self.keys[fresh] = Key(fresh, "rotation", event, at, line=line)
        self.root = fresh

    def static(self, at: datetime) -> None:
        """Let Vault give a static role's user another key."""
        self.number += 1
        key = made_up_key(self.number)
        event = self.event("CreateAccessKey", self.root, at, target=STATIC_USER, issued=key)
        self.keys[key] = Key(key, "static", event, at)

    def steal_static(self, at: datetime) -> None:
        """A thief makes a key for the static role's user, with Vault's own."""
        self.static(at)
        self.keys[next(reversed(self.keys))].sort = "static thief"

    def read_static(self, at: datetime) -> None:
        """Somebody asks Vault for the static role's key."""
        mine = [key for key in self.keys.values() if key.sort == "static" and key.at <= at]
        key_id = max(mine, key=lambda key: key.at).key_id if mine else BEFORE_STATIC
        told = {"data": {"access_key": self.written(key_id, at + self.skew)}}
        self.static_reads.append((key_id, self.line("aws/static-creds/ci", at, response=told)))

    def fail(self, at: datetime) -> None:
        """An issuance fails, and its user is taken back five minutes later or more."""
        key = self.mint("failed", at, user=True)
        key.line = self.line("aws/creds/reader", at, error="1 error occurred")
        later = at + timedelta(seconds=self.chance.randint(300, 420))
        user = key.event["requestParameters"]["userName"]
        key.removed = self.event("DeleteUser", self.root, later, target=user)

    # the files

    def tear(self, starts: datetime, ends: datetime) -> None:
        """Lose the lines of Vault's log between two moments, as their neighbours bound them."""
        moments = [vaults_time(line) for line in self.lines]
        before = max(moment for moment in moments if moment <= starts)
        after = min(moment for moment in moments if moment >= ends)
        if any(before < moment < after for moment in moments):
            self.torn = audit.Span(before, after)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write Vault's log, in two parts, and CloudTrail's files, some events twice."""
        trail = folder / "trail"
        trail.mkdir()
        files: dict[datetime, list[dict[str, Any]]] = {START: []}
        for event in self.events:
            for moment in self.delivered[event["eventID"]]:
                files.setdefault(moment, []).append(event)
        for moment, records in files.items():
            if moment <= END:
                data = gzip.compress(json.dumps({"Records": _shuffled(records, self)}).encode(), 1)
                name = f"{ACCOUNT}_CloudTrail_us-east-1_{moment:%Y%m%dT%H%MZ}_x.json.gz"
                (trail / name).write_bytes(data[:12] if moment == self.lost_file else data)
        return self._write_log(folder), trail

    def _write_log(self, folder: Path) -> Path:
        ordered = sorted(self.lines, key=lambda line: str(line["time"]))
        texts, is_torn = [], False
        for line in ordered:
            if self.log_ends is not None and vaults_time(line) > self.log_ends:
                break
            if self.readable(line):
                texts.append(json.dumps(line))
                is_torn = False
            elif not is_torn:
                texts.append(json.dumps(line)[:-9])
                is_torn = True
        half = len(texts) // 2
        log = folder / "audit.log"
        older = "".join(f"{text}\n" for text in texts[:half])
        (folder / "audit.log.1.gz").write_bytes(gzip.compress(older.encode(), 1))
        log.write_text("".join(f"{text}\n" for text in texts[half:]))
        return log

    def judged(
        self, folder: Path, identity: VaultIdentity, inventory: Inventory | None = None
    ) -> Report:
        """Check the world by its files, and by what IAM has left of it."""
        log, trail = self.write(folder)
        sources = Sources(
            events=LogFiles(FolderSource(trail), None),
            identity=identity,
            audit=audit.read(audit.rotated(log)),
            digests=each(self.digest),
            inventory=inventory,
            device="file",
            expected=Expected(refusals=REFUSALS),
            mounts=frozenset({"aws", "team/aws"}),
        )
        return check(sources, Window(START, END)).report


def _shuffled(records: Iterable[dict[str, Any]], world: Whole) -> list[dict[str, Any]]:
    mixed = list(records)
    world.chance.shuffle(mixed)
    return mixed
