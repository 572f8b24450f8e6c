"""Every command that docs/terraform.md shows is run, in its order, on a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_declared_state import client, root_key, write_profile
from tests.support import pages
from tests.support.commands import Shell
from tests.support.played import Player
from tests.support.terraform import mirror, provider_binary, terraform_environ, terraform_program
from vaultaws.cli.terraform import command

PAGE = "docs/terraform.md"
HCL = re.findall(r"^```hcl\n(.*?)^```$", pages.read(PAGE), re.DOTALL | re.MULTILINE)
PATH = os.environ.get("PATH")
"""As the run was started."""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell with a stack of its own, a profile of Vault's own user, and Terraform."""
    shell = Shell(tmp_path)
    try:
        found = shell.json("up", "--server", "openbao")["environment"]
        write_profile(tmp_path, root_key(client(found)))
        settings = mirror(tmp_path / "mirror", provider_binary())
        environ = {**shell.environ, **found}
        yield terraform_environ(environ, terraform_program(path=PATH), settings)
    finally:
        shell.run("down")


def test_every_verb_is_shown() -> None:
    text = "".join(block.text for block in pages.to_run(PAGE))
    shown = set(re.findall(r"\bvaultaws terraform ([a-z]+)", text))
    assert shown == set(command.commands)


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(environment: dict[str, str], tmp_path: Path) -> None:
    printed = Player(environment, tmp_path).play("docs/terraform.md")
    assert "nothing looks like a key" in printed


@pytest.mark.integration
@pytest.mark.parametrize("example", ["page", "team", "roles-only"])
def test_what_is_shown_in_hcl_is_valid(example: str, tmp_path: Path) -> None:
    shutil.copytree(pages.ROOT / "terraform", tmp_path / "terraform")
    shutil.copytree(pages.ROOT / "policies", tmp_path / "policies")
    place = tmp_path / "terraform" / "examples" / example
    if example == "page":
        place = tmp_path
        (place / "main.tf").write_text(HCL[0])
    settings = mirror(tmp_path / "mirror", provider_binary())
    program = terraform_program(path=PATH)
    environ = terraform_environ({"HOME": str(tmp_path)}, program, settings)
    for words in (["fmt", "-check"], ["init"], ["validate"]):
        done = subprocess.run(
            [program, *words], cwd=place, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
