"""Reports of the trail made up for tests: a day of people, roles, uses and a thief, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.memory_vault import made_up_key
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Act, Mark, MarkKind, Matching, Standing, Use, Verdict

BEGIN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=24)
WATERMARK = END - timedelta(minutes=15)
PEOPLE = ("ada", "ben", "chloe", "dmitri", "eve", "farah", "gustav", "hana", "ci-deploy")
ROLES = ("ec2readonly", "ec2readonly-sts", "s3-reports", "deploy", "billing-read", "ops")
ACTIONS = (
    "ec2 DescribeInstances",
    "s3 GetObject",
    "s3 ListBuckets",
    "iam ListUsers",
    "sts GetCallerIdentity",
)
HOSTILE = (
    "</script><script>window.ran = true; alert(1)</script>",
    "<!--<script>",
    '<img src=x onerror="window.ran = true">',
    '\' onmouseover=\'alert(1)\' " onfocus="alert(1)" autofocus="',
    "{{constructor.constructor('window.ran=true')()}} ${alert(1)} `",
    "ada\u202egnp.exe\u2066\u200b",
    "line one\nline two\r\t\x00\x1b[31mred\x9b",
    "\ud800 alone \udfff \u2028 \u2029 \ufeff",
    "javascript:alert(1)//http://evil.test/x.png",
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639 name",
    "x" * 65_536,
    "url(http://evil.test/a) ; background: red } * { display: none",
)


def event(number: int, moment: datetime, name: str = "GetFederationToken", **more: str) -> Event:
    values: dict[str, Any] = {
        "service": "sts",
        "region": "us-east-1",
        "access_key_id": made_up_key(999),
        "identity_type": "IAMUser",
        "principal_arn": "",
        "principal_id": "",
        "user_name": "vault-root",
        "source_ip": "198.51.100.7",
        "user_agent": "aws-sdk-go/1.55 (linux; amd64)",
        "account": "123456789012",
        **more,
    }
    return Event(
        event_id=f"0d1c7f4e-0000-4000-8000-{number:012d}", time=moment, name=name, **values
    )


def issuance(number: int, moment: datetime, person: str, role: str, key: str) -> AuditIssuance:
    return AuditIssuance(
        time=moment,
        request_id=f"77aa10c2-0000-4000-8000-{number:012d}",
        path=f"aws/sts/{role}",
        lease_id=f"aws/sts/{role}/Zk{number:022d}",
        access_key=key,
        entity_id=f"entity-{person}",
        display_name=f"userpass-{person}",
        remote_address="192.0.2.10",
    )


def explained(
    number: int, moment: datetime, person: str, role: str, *, life: timedelta | None, use: Use
) -> Verdict:
    key = made_up_key(number, "AKIA" if life is None else "ASIA")
    return Verdict(
        Standing.EXPLAINED,
        key,
        event(number, moment),
        issuance(number, moment - timedelta(milliseconds=20), person, role, key),
        person,
        role,
        use,
        ends=moment + life if life else None,
    )


def some_use(chance: random.Random, moment: datetime, life: timedelta) -> Use:
    if chance.random() < 0.15:
        return Use()
    first = moment + life * chance.uniform(0.01, 0.2)
    last = min(END, first + life * chance.uniform(0, 0.75))
    calls = 1 + int(chance.paretovariate(0.9)) % 900
    denied = calls // chance.choice((2, 5, 9)) if chance.random() < 0.06 else 0
    actions = tuple(chance.sample(ACTIONS, chance.randint(1, 3)))
    return Use(calls, denied, actions, first, last, actions[0].split()[0])


def everyday(count: int, seed: int = 7, people: int = 9) -> Iterator[Verdict]:
    """What was asked for and used as it should be, in the order of time."""
    chance = random.Random(seed)
    names = [*PEOPLE, *(f"person-{number:04d}" for number in range(people - len(PEOPLE)))]
    moments = sorted(chance.triangular(0, 86_000, 30_000) for _ in range(count))
    for number, seconds in enumerate(moments, 1):
        moment = BEGIN + timedelta(seconds=int(seconds))
        place = min(int(chance.expovariate(4) * len(names)), len(names) - 1)
        role = ROLES[min(int(chance.expovariate(2.5) * len(ROLES)), len(ROLES) - 1)]
        life = timedelta(minutes=chance.choice((15, 15, 60, 60, 120, 480)))
        lasting = None if chance.random() < 0.05 else life
        use = some_use(chance, moment, life)
        found = explained(number, moment, names[place], role, life=lasting, use=use)
        revoked = moment + life / 2 if lasting is None or chance.random() < 0.1 else None
        yield Verdict(**{**vars(found), "revoked": revoked})


def troubled(first: int = 900_000) -> tuple[Verdict, ...]:
    """One of each thing that should not be."""
    at = [BEGIN + timedelta(hours=hours) for hours in (1, 3, 5, 9, 12, 16, 19)]
    hour = timedelta(hours=1)
    theft = Use(41, 3, ("s3 GetObject", "s3 ListBuckets"), at[4] + hour / 60, at[4] + hour * 3)
    stolen = event(first, at[4], source_ip="203.0.113.9", user_agent="curl/8.5.0")
    beyond = explained(first + 1, at[1], "ben", "ec2readonly-sts", life=hour * 30, use=theft)
    missing = issuance(first + 2, at[2], "eve", "s3-reports", "hmac-sha256:00ff")
    early = event(first + 3, at[0], "CreateAccessKey", service="iam")
    late = explained(first + 4, at[3], "gustav", "deploy", life=hour, use=theft)
    marks = (
        Mark(MarkKind.AFTER_END, 4, at[4], at[4] + hour, "its end, 18:00:00Z", "event-late"),
        Mark(MarkKind.NETWORK, 4, at[4], at[4] + hour, "203.0.113.9", "event-late"),
    )
    return (
        Verdict(
            Standing.UNEXPLAINED, made_up_key(first, "ASIA"), stolen, None, use=theft, ends=at[6]
        ),
        Verdict(**{**vars(beyond), "revoked": at[3], "alive_until": at[1] + hour * 30}),
        Verdict(Standing.MISSING, "", None, missing, "eve", "s3-reports"),
        Verdict(Standing.UNCOVERED, made_up_key(first + 3), early),
        Verdict(**{**vars(late), "marks": marks}),
        Verdict(
            Standing.ROTATION, made_up_key(first + 5), event(first + 5, at[5], "CreateAccessKey")
        ),
        Verdict(
            Standing.DESCENDANT,
            made_up_key(first + 6, "ASIA"),
            event(first + 6, at[5], "AssumeRole"),
            person="farah",
            role="ops",
            parent_key=made_up_key(3, "ASIA"),
            ends=at[6],
            use=Use(9, 0, ("sts GetCallerIdentity",), at[5] + hour / 9, at[5] + hour),
        ),
        Verdict(
            Standing.PENDING,
            issuance=issuance(
                first + 7, END - timedelta(minutes=4), "hana", "ops", "hmac-sha256:11"
            ),
            person="hana",
            role="ops",
        ),
    )


def report(count: int = 60, *more: Verdict, people: int = 9, clean: bool = False) -> Report:
    """A day's report. `clean` has nothing that should not be."""
    verdicts = [*everyday(count, people=people), *more]
    act = Act(event(1, BEGIN + timedelta(hours=12, minutes=9), "AttachUserPolicy"), "vault-user-9")
    if clean:
        return Report(BEGIN, END, WATERMARK, Matching(tuple(verdicts)))
    verdicts = sorted([*verdicts, *troubled()], key=lambda found: found.time or BEGIN)
    notes = ("Vault's root key id is not known: CloudTrail was searched by user name only",)
    return Report(BEGIN, END, WATERMARK, Matching(tuple(verdicts), (act,)), 2, 1, notes)


def hostile() -> Report:
    """Every text that a stranger can have a say in is hostile."""
    found: list[Verdict] = []
    for number, text in enumerate(HOSTILE):
        moment = BEGIN + timedelta(minutes=30 * number)
        minted = Event(
            event_id=text,
            service=text,
            name=text,
            region=text,
            identity_type=text,
            time=moment,
            access_key_id=text,
            principal_arn=text,
            principal_id=text,
            user_name=text,
            source_ip=text,
            user_agent=text,
            account=text,
        )
        asked = AuditIssuance(moment, text, text, text, text, text, text, remote_address=text)
        use = Use(3, 1, (text, text), moment, moment + timedelta(minutes=9), text)
        mark = Mark(MarkKind.AGENT, 1, moment, moment, text, text)
        key = f"{number}{text}"
        found += [
            Verdict(
                standing,
                f"{standing}{key}",
                minted,
                asked,
                text,
                text,
                use,
                parent_key=text,
                alive_until=END + timedelta(hours=1),
                marks=(mark,),
            )
            for standing in (Standing.UNEXPLAINED, Standing.EXPLAINED, Standing.MISSING)
        ]
    acts = tuple(Act(verdict.minted, verdict.role) for verdict in found[:12] if verdict.minted)
    return Report(BEGIN, END, WATERMARK, Matching(tuple(found), acts), 0, 0, HOSTILE)
