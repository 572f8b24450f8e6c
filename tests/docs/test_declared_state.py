"""Every command that docs/declared-state.md shows is run, in its order, on a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import pages
from tests.support.commands import Shell
from tests.support.played import Player
from vaultaws.cli.main import VERBS

PAGE = "docs/declared-state.md"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell with a stack of its own, a profile of Vault's own user, and a user who is there."""
    shell = Shell(tmp_path)
    try:
        found = shell.json("up", "--server", "openbao")["environment"]
        iam = client(found)
        iam.create_user(UserName="vault-legacy-app")
        write_profile(tmp_path, root_key(iam))
        yield {**shell.environ, **found}
    finally:
        shell.run("down")


def client(environment: dict[str, str]) -> Any:
    """The local AWS's IAM, as its administrator."""
    return boto3.client(
        "iam",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def root_key(iam: Any) -> dict[str, str]:
    document = (pages.ROOT / "policies" / "vault-root.json").read_text("utf-8")
    iam.create_user(UserName="vault-root")
    iam.put_user_policy(UserName="vault-root", PolicyName="root", PolicyDocument=document)
    key: dict[str, str] = iam.create_access_key(UserName="vault-root")["AccessKey"]
    return key


def write_profile(home: Path, key: dict[str, str]) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        "[vault-root]\n"
        f"aws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )


def test_the_page_shows_each_verb_of_the_declared_state() -> None:
    text = "".join(block.text for block in pages.to_run(PAGE))
    verbs = set(re.findall(r"\bvaultaws ([a-z]+)", text))
    assert {"init", "lint", "plan", "apply", "import", "root", "static", "roles"} <= verbs
    assert verbs <= set(VERBS)


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(environment: dict[str, str], tmp_path: Path) -> None:
    Player(environment, tmp_path).play("docs/declared-state.md")
