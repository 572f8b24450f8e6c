"""Every command of docs/trail.md is run, and every standing stands in its table."""

from __future__ import annotations

import csv
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import pages
from tests.support.athena import Athena
from tests.support.connections import administrator
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.aws.cloudtrail import lookup_records
from vaultaws.clock import SystemClock
from vaultaws.trail.expect import GLOBAL_REGION
from vaultaws.trail.verdicts import Standing

PAGE = pages.read("docs/trail.md")


def test_every_standing_is_explained() -> None:
    first_cells = " ".join(re.findall(r"^\| ([a-z_, ]+) \|", PAGE, re.MULTILINE))
    assert {word.strip(",") for word in first_cells.split()} == {*Standing, "standing"}


@pytest.mark.integration
def test_the_commands_run(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ada").issue(wired.mount, "reader", sts=False)
    wired.client("ec2", issued.credentials).describe_instances()
    shell = operator(wired, tmp_path)
    athena = Athena(
        records(wired, issued.credentials.access_key_id), tmp_path / "match", "s3://a-bucket/match"
    )

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


def records(wired: Wired, key_id: str) -> list[dict[str, Any]]:
    """What CloudTrail has of Vault's user and of a key: IAM's events are of one region."""
    clock = SystemClock()
    now = clock.now()
    return [
        record
        for region in sorted({wired.options.region, GLOBAL_REGION})
        for attribute, value in (("Username", wired.root_user), ("AccessKeyId", key_id))
        for record in lookup_records(
            attribute,
            value,
            start=now - timedelta(hours=1),
            end=now + timedelta(hours=1),
            clock=clock,
            region=region,
            credentials=administrator(wired.aws),
        )
    ]
