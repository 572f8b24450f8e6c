"""Every command that docs/cloud.md shows is run, in its order, on a local AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pages
from tests.support.clients import aws_cli
from tests.support.devices import shell_for
from tests.support.played import Player
from vaultaws.infra.cloudformation import names
from vaultaws.local.aws.serve import LocalAws

PAGE = "docs/cloud.md"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        yield aws


def test_every_template_is_deployed() -> None:
    text = "".join(block.text for block in pages.to_run(PAGE))
    shown = set(re.findall(r"vaultaws cloud deploy ([a-z0-9-]+)", text))
    assert shown == set(names())


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(aws: LocalAws, tmp_path: Path) -> None:
    shell = shell_for(
        aws,
        tmp_path,
        AWS_DEFAULT_REGION="eu-west-2",
        AWS_ACCESS_KEY_ID=aws.admin.access_key_id,
        AWS_SECRET_ACCESS_KEY=aws.admin.secret_access_key.reveal(),
        PATH=f"{aws_cli().parent}:/usr/bin:/bin",
    )
    printed = Player(shell.environ, tmp_path).play("docs/cloud.md")
    assert "Traceback" not in printed
    key = json.loads((tmp_path / "team" / "key.json").read_text())["AccessKey"]
    assert key["UserName"] == "vault-root"
    assert key["SecretAccessKey"] not in printed
