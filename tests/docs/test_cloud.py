"""Every command that docs/cloud.md shows is run, in its order, on a local AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bootstrap import make_environment
from tests.support.devices import shell_for
from vaultaws.infra.cloudformation import names
from vaultaws.local.aws.serve import LocalAws

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SECONDS = 280


@pytest.fixture(scope="module")
def aws_cli() -> Path:
    """The AWS CLI from PyPI, at the version that the clients' lock names."""
    return make_environment(ROOT / "requirements" / "clients.txt").parent / "aws"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        yield aws


def test_every_template_is_deployed() -> None:
    shown = set(re.findall(r"vaultaws cloud deploy ([a-z0-9-]+)", "".join(BLOCKS)))
    assert shown == set(names())


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(aws: LocalAws, aws_cli: Path, tmp_path: Path) -> None:
    shell = shell_for(
        aws,
        tmp_path,
        AWS_DEFAULT_REGION="eu-west-2",
        AWS_ACCESS_KEY_ID=aws.admin.access_key_id,
        AWS_SECRET_ACCESS_KEY=aws.admin.secret_access_key.reveal(),
    )
    ours, theirs = f'"{sys.executable}" -m vaultaws', f'"{aws_cli}"'
    program = f'vaultaws() {{ {ours} "$@"; }}\naws() {{ {theirs} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{program}{''.join(BLOCKS)}"],
        cwd=tmp_path,
        env=shell.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    key = json.loads((tmp_path / "team" / "key.json").read_text())["AccessKey"]
    assert key["UserName"] == "vault-root"
    assert key["SecretAccessKey"] not in done.stdout + done.stderr
