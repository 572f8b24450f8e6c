"""What machines read: OCSF for a SIEM, a script for Athena, grounds for every verdict."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support import reports
from tests.support.world import END, START, WATERMARK, World, judge
from vaultaws.errors import UsageError
from vaultaws.trail import queries
from vaultaws.trail.athena import STEPS, script
from vaultaws.trail.evidence import AuditView
from vaultaws.trail.grounds import grounds
from vaultaws.trail.ocsf import lines
from vaultaws.trail.report import Report, as_json
from vaultaws.trail.verdicts import Standing, Verdict

NAMES: dict[str, Any] = {
    "trail": "s3://a-trail",
    "tables_at": "s3://work/match",
    "account": "123456789012",
    "regions": ("eu-west-2", "us-east-1"),
}


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


def test_athena_s_script_defines_every_table_before_it_is_asked() -> None:
    text = script(**NAMES)
    for name in queries.GIVEN:
        assert f" {name} " in text
    places = [text.index(f"CREATE TABLE {name} WITH") for name in STEPS if name in queries.KEPT]
    assert places == sorted(places)
    assert "LOCATION 's3://a-trail/AWSLogs/123456789012/CloudTrail/'" in text
    assert "'projection.region.values' = 'eu-west-2,us-east-1'" in text


@pytest.mark.parametrize(
    "said",
    [
        {"trail": "s3://x'; DROP TABLE y; --"},
        {"tables_at": "/tmp"},
        {"account": "12"},
        {"regions": ()},
        {"regions": ("eu-west-2'",)},
    ],
)
def test_nothing_but_names_gets_into_the_script(said: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        script(**(NAMES | said))
