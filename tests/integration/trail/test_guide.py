"""Every command of docs/trail.md is run, and every standing stands in its table."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support import pages
from tests.support.athena import Athena
from tests.support.connections import aws_client
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.trail.expect import GLOBAL_REGION
from vaultaws.trail.verdicts import Standing

PAGE = pages.read("docs/trail.md")


def test_every_standing_is_explained() -> None:
    first_cells = " ".join(re.findall(r"^\| ([a-z_, ]+) \|", PAGE, re.MULTILINE))
    assert {word.strip(",") for word in first_cells.split()} == {*Standing, "standing"}


@pytest.mark.integration
def test_the_commands_run(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ada").issue(wired.mount, "reader", sts=False)
    wired.client("ec2", issued.credentials).describe_instances()
    shell = operator(wired, tmp_path)
    athena = Athena(records(wired), tmp_path / "match", "s3://a-bucket/match")

    def run(block: pages.Block) -> None:
        for command in block.text.splitlines():
            program, *words = shlex.split(command)
            if program == "sh":
                athena.run_round(*words)
                continue
            assert program == "vaultaws"
            code, out, said = here(shell, *words)
            assert code == 0, (command, said)
            is_silent = {"--html", "watch", "--out"} & {*words}
            assert bool(out) is not bool(is_silent), command

    pages.play("docs/trail.md", run)
    assert (tmp_path / "trail.html").is_file()
    with (tmp_path / "match" / "findings.csv").open() as file:
        people = {row["person"]: row["standing"] for row in csv.DictReader(file)}
    assert people["ada"] == Standing.EXPLAINED


def records(wired: Wired) -> list[dict[str, Any]]:
    """What CloudTrail has: IAM's events are of one region."""
    return [
        json.loads(event["CloudTrailEvent"])
        for region in sorted({wired.options.region, GLOBAL_REGION})
        for page in aws_client(wired.aws, "cloudtrail", region=region)
        .get_paginator("lookup_events")
        .paginate()
        for event in page["Events"]
    ]
