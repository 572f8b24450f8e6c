"""What the page knows: columns of equal length, every text once, and nothing that hides."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

from tests.support import reports
from tests.support.memory_vault import made_up_key
from vaultaws.trail.findings import ACT, BEYOND
from vaultaws.trail.page.data import LONGEST_TEXT, holders, is_alive, shown, value
from vaultaws.trail.page.reasons import BY_KIND, commands, evidence, told
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import MarkKind, Matching, Standing, Use, Verdict


def test_columns_say_what_the_verdicts_say() -> None:
    report = reports.report(40)
    data = json.loads(json.dumps(value(report, told(report), written=reports.END)))
    verdicts, rows, texts = report.matching.verdicts, data["rows"], data["texts"]
    assert {len(column) for column in rows.values()} == {len(verdicts)}
    assert data["start"] == "2026-11-21T08:00:00Z"
    assert (data["end"], data["watermark"]) == (86_400, 85_500)
    assert len(set(texts)) == len(texts)
    for row, verdict in enumerate(verdicts):
        assert rows["key"][row] == verdict.access_key_id
        assert data["standings"][rows["standing"][row]] == verdict.standing
        assert texts[rows["person"][row]] == verdict.person
        assert texts[rows["role"][row]] == verdict.role
        assert rows["calls"][row] == verdict.use.calls
        assert (rows["ends"][row] is None) == (verdict.ends is None)
        if verdict.time:
            assert rows["at"][row] == (verdict.time - report.start) // timedelta(seconds=1)


def test_marks_and_findings_name_their_rows() -> None:
    report = reports.report(10)
    data = value(report, told(report), written=reports.END)
    rows = {mark[0] for mark in data["marked"]}
    assert [report.matching.verdicts[row].person for row in rows] == ["gustav"]
    assert len(data["findings"]["what"]) == len(report.findings)
    named = [data["rows"]["key"][row] if row >= 0 else "" for row in data["findings"]["row"]]
    assert named == [found.access_key_id for found in report.findings]


def test_every_finding_has_its_reason() -> None:
    found = told(reports.report(5))
    assert [one.reason.kind for one in found] == [
        Standing.UNEXPLAINED,
        ACT,
        Standing.UNCOVERED,
        Standing.MISSING,
        MarkKind.AFTER_END,
        MarkKind.NETWORK,
        BEYOND,
    ]
    assert all(one.reason.doubt and one.reason.title for one in found)


def test_a_credential_found_twice_is_two_kinds() -> None:
    (_, beyond, *_) = reports.troubled()
    both = dataclasses.replace(beyond, standing=Standing.MISSING)
    found = told(Report(reports.BEGIN, reports.END, reports.WATERMARK, Matching((both,))))
    assert [one.reason.kind for one in found] == [Standing.MISSING, BEYOND]


def test_evidence_names_every_source() -> None:
    report = reports.report(5)
    stolen, act, *_, beyond = told(report)
    terms = dict(evidence(stolen, report.matching.verdicts[stolen.row]))
    assert "event 0d1c7f4e-0000-4000-8000-000000900000" in terms["CloudTrail"]
    assert "203.0.113.9 with curl/8.5.0" in terms["CloudTrail"]
    assert terms["Vault's audit log"] == "no request that explains it"
    assert terms["Use"].startswith("41 calls, 3 denied, from 2026-11-21 20:01:00Z to ")
    assert "AttachUserPolicy" in dict(evidence(act, None))["CloudTrail"]
    terms = dict(evidence(beyond, report.matching.verdicts[beyond.row]))
    assert "lease aws/sts/ec2readonly-sts/" in terms["Vault's audit log"]
    assert terms["Lease"] == "revoked at 2026-11-21 17:00:00Z"
    assert terms["Token"] == "lives to 2026-11-22 17:00:00Z, its lease is over"


def test_commands_have_only_names_that_are_names() -> None:
    since = reports.BEGIN
    key = made_up_key(7, "ASIA")
    unexplained = BY_KIND[Standing.UNEXPLAINED]
    assert commands(unexplained, key=key, lease="", since=since) == (
        f"vaultaws trail explain {key}",
        f"vaultaws incident contain --key {key} --dry-run",
    )
    beyond = BY_KIND[BEYOND]
    told_by_lease = commands(beyond, key="", lease="aws/sts/reader/1", since=since)
    assert told_by_lease == ("vaultaws leases revoke aws/sts/reader/1 --cut",)
    machine = ("vaultaws trail check --since 2026-11-21T08:00:00Z --json",)
    for hostile in ("--all", "x; rm -rf ~", "$(id)", "a b", "", "x\ny", "-"):
        assert commands(beyond, key=hostile, lease=hostile, since=since) == machine


def test_text_is_shown_whole_or_with_its_rest_counted() -> None:
    assert shown("ada") == "ada"
    assert shown("a\u202eb\x1b") == "a\\u202eb\\u001b"
    long = shown("x" * 65_536)
    assert long == "x" * LONGEST_TEXT + "… (64,512 more characters)"


def test_who_holds_what() -> None:
    report = reports.report(0)
    found = {(one.person, one.role): one for one in holders(report, told(report))}
    ben = found["ben", "ec2readonly-sts"]
    assert (ben.issued, ben.alive, ben.calls, ben.denied, ben.findings) == (1, 1, 41, 3, 1)
    nobody = found["", ""]
    assert (nobody.issued, nobody.findings) == (2, 2)
    assert sum(one.issued for one in found.values()) == len(report.matching.verdicts) - 1


def test_what_is_alive_at_a_moment() -> None:
    moment, second = reports.END, timedelta(seconds=1)
    endless = Verdict(Standing.EXPLAINED, use=Use())
    assert is_alive(endless, moment)
    assert not is_alive(dataclasses.replace(endless, ends=moment), moment)
    assert is_alive(dataclasses.replace(endless, ends=moment + second), moment)
    assert not is_alive(dataclasses.replace(endless, revoked=moment - second), moment)
    beyond = dataclasses.replace(endless, revoked=moment - second, alive_until=moment + second)
    assert is_alive(beyond, moment)
