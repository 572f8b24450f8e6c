"""A small world where the truth is known: people, a thief, CloudTrail, Vault's audit log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.support.memory_vault import START, made_up_key
from vaultaws.leases.inventory import Inventory
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import tables
from vaultaws.trail.audit import AuditLog
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.engines import DuckDb, Engine
from vaultaws.trail.evidence import AuditView, Span, VaultIdentity, Window
from vaultaws.trail.gather import History
from vaultaws.trail.match import Question, match
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching, Standing

__all__ = [
    "END",
    "IDENTITY",
    "ROOT_KEY",
    "START",
    "WATERMARK",
    "World",
    "check_world",
    "digest",
    "judge",
]

ROOT_KEY = made_up_key(999)
IDENTITY = VaultIdentity(frozenset({ROOT_KEY}), "vault-root")
END = START + timedelta(hours=6)
WATERMARK = END - timedelta(minutes=15)


def digest(key: str) -> str:
    return "hmac-sha256:" + hashlib.sha256(key.encode()).hexdigest()


@dataclass
class World:
    """What happened. `truth` maps a key to its standing and its holder."""

    events: list[Event] = field(default_factory=list)
    audit: list[AuditIssuance] = field(default_factory=list)
    truth: dict[str, tuple[Standing, str]] = field(default_factory=dict)
    unseen: dict[str, Standing] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    number: int = 0

    def next(self) -> int:
        self.number += 1
        return self.number

    def event(
        self, name: str, key: str, moment: datetime, *, issued: str = "", user: str = ""
    ) -> str:
        number = self.next()
        self.events.append(
            Event(
                event_id=f"event-{number}",
                time=moment,
                service="iam" if user else "sts",
                name=name,
                region="us-east-1",
                access_key_id=key,
                identity_type="IAMUser",
                principal_arn="",
                principal_id="",
                issued_access_key_id=issued,
                user_name="vault-root" if key == ROOT_KEY else "someone",
                target=user,
            )
        )
        return f"event-{number}"

    def mint(self, moment: datetime, *, sts: bool, by: str = ROOT_KEY) -> str:
        number = self.next()
        if sts:
            key = made_up_key(number, "ASIA")
            self.event("GetFederationToken", by, moment, issued=key)
            return key
        key, user = made_up_key(number), f"vault-user-{number}"
        self.event("CreateUser", by, moment, user=user)
        self.event("PutUserPolicy", by, moment, user=user)
        self.event("CreateAccessKey", by, moment, issued=key, user=user)
        return key

    def audited(self, key: str, person: str, moment: datetime, *, clear: bool) -> str:
        number = self.next()
        self.audit.append(
            AuditIssuance(
                time=moment + timedelta(milliseconds=20),
                request_id=f"request-{number}",
                path="aws/creds/reader",
                lease_id=f"aws/creds/reader/{number}",
                access_key=key if clear else digest(key),
                entity_id=f"entity-{person}",
                display_name=f"userpass-{person}",
            )
        )
        return f"aws/creds/reader/{number}"

    def view(self, *, without: Span | None = None, **known: Any) -> AuditView:
        """The audit log as evidence, all of it but what stood in a span."""
        keys = [event.issued_access_key_id for event in self.events if event.issued_access_key_id]
        left = [
            found
            for found in self.audit
            if without is None or not without.starts <= found.time <= without.ends
        ]
        return AuditView(left, {key: digest(key) for key in keys}, begins=START, **known)

    def use(self, key: str, moment: datetime, times: int) -> None:
        for _ in range(times):
            self.event("DescribeInstances", key, moment)
        if times:
            self.calls[key] = self.calls.get(key, 0) + times


@cache
def _engine() -> DuckDb:
    return DuckDb(threads=1)


def judge(
    world: World, *, view: AuditView | None = None, engine: Engine | None = None, **asked: Any
) -> Matching:
    """Match a world. `view` is the audit log as evidence, the world's own when not said."""
    runs = engine or _engine()
    identity = asked.pop("identity", IDENTITY)
    question = Question(view or world.view(), identity, since=START, watermark=WATERMARK, **asked)
    runs.table("events", tables.events(world.events))
    return match(runs, question)


def record_of(event: Event) -> dict[str, object]:
    """Write an event back as CloudTrail would."""
    answer = {"credentials": {"accessKeyId": event.issued_access_key_id}}
    return {
        "eventVersion": "1.11",
        "eventID": event.event_id,
        "eventTime": event.time.isoformat(),
        "eventName": event.name,
        "eventSource": f"{event.service}.amazonaws.com",
        "awsRegion": event.region,
        "userIdentity": {
            "type": event.identity_type,
            "accessKeyId": event.access_key_id,
            "userName": event.user_name,
        },
        "requestParameters": {"userName": event.target} if event.target else None,
        "responseElements": answer if event.issued_access_key_id else None,
    }


def check_world(world: World) -> Report:
    """Run the whole check against a CloudTrail that answers by attribute, as AWS's does."""

    def lookup(
        attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        if region != "us-east-1":
            return []
        field_of = {"AccessKeyId": "access_key_id", "Username": "user_name"}[attribute]
        return [record_of(event) for event in world.events if getattr(event, field_of) == value]

    log = AuditLog(issuances=list(world.audit), first=START)
    sources = Sources(
        events=History(lookup, ("eu-west-2",)),
        identity=IDENTITY,
        audit=log,
        digests=each(digest),
        inventory=Inventory("aws", END, ()),
    )
    return check(sources, Window(START, END)).report
