"""What machines read: OCSF for a SIEM, grounds for every verdict."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import reports
from tests.support.world import END, START, WATERMARK, World, judge
from vaultaws.trail import sarif
from vaultaws.trail.evidence import AuditView
from vaultaws.trail.grounds import grounds
from vaultaws.trail.ocsf import lines
from vaultaws.trail.report import Report, as_json
from vaultaws.trail.verdicts import Standing, Verdict


def test_each_finding_is_one_ocsf_line_with_a_name_that_stays() -> None:
    report = reports.report(5)
    found = [json.loads(line) for line in lines(report)]
    again = [json.loads(line) for line in lines(report)]
    assert len(found) == len(report.findings)
    assert [line["finding_info"]["uid"] for line in found] == [
        line["finding_info"]["uid"] for line in again
    ]
    assert len({line["finding_info"]["uid"] for line in found}) == len(found)
    first = found[0]
    assert (first["class_uid"], first["type_uid"], first["category_uid"]) == (2004, 200401, 2)
    assert (first["severity_id"], first["severity"]) == (5, "Critical")
    assert first["evidences"][0]["data"]["rests_on"]
    assert first["time"] == int(report.end.timestamp() * 1000)


def test_a_report_without_findings_has_no_lines() -> None:
    assert list(lines(Report(START, END, WATERMARK, judge(World())))) == []


@pytest.mark.parametrize("standing", list(Standing))
def test_every_standing_has_its_grounds(standing: Standing) -> None:
    found = grounds(Verdict(standing, why="it is older than the audit log"))
    assert found.rests_on
    assert found.could_be_wrong
    assert "{" not in found.rests_on


def test_the_json_tells_on_what_each_verdict_rests() -> None:
    world = World()
    world.mint(START + timedelta(hours=1), sts=True)
    report = Report(START, END, WATERMARK, judge(world, view=AuditView()))
    (credential,) = as_json(report)["credentials"]
    assert credential["unknown_because"] == "no audit log was given"
    assert credential["rests_on"].endswith("no audit log was given")


def test_what_could_not_be_read_is_no_clean_check() -> None:
    report = Report(START, END, WATERMARK, judge(World()), lost=("1 file: damaged gzip data",))
    assert report.findings == ()
    assert not report.is_clean


def test_sarif_names_every_kind_and_what_each_finding_is_about() -> None:
    report = replace(reports.report(5), notes=("a note",))
    made = sarif.document(report)
    assert (made["version"], len(made["runs"])) == ("2.1.0", 1)
    (run,) = made["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z_-]+", rule["id"])
        assert rule["shortDescription"]["text"]
        assert "{" not in rule["help"]["text"] + rule["help"]["markdown"]
    assert len(run["results"]) == len(report.findings)
    for result, finding in zip(run["results"], report.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["ruleId"] == str(finding.kind).lower().replace(" ", "-")
        assert result["level"] == {"critical": "error", "warning": "warning"}[finding.severity]
        assert rules[result["ruleIndex"]]["defaultConfiguration"]["level"] == result["level"]
        assert result["locations"][0]["logicalLocations"]
        assert result["partialFingerprints"] == {"vaultawsFinding/v1": finding.uid}
    (invocation,) = run["invocations"]
    told = [said["message"]["text"] for said in invocation["toolExecutionNotifications"]]
    assert "not read: 2 CloudTrail records could not be read" in told
    assert told[len(report.unread) :] == ["a note"]


def test_sarif_is_printable_whatever_a_log_says() -> None:
    (run,) = sarif.document(reports.hostile())["runs"]
    shown = [[one["message"], one["locations"]] for one in run["results"]]
    text = json.dumps([shown, run["invocations"]], ensure_ascii=False)
    assert not {"\x1b", "\u202e", "\ud800"} & set(text)


def test_sarif_of_nothing_has_no_results() -> None:
    (run,) = sarif.document(Report(START, END, WATERMARK, judge(World())))["runs"]
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]
