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
PLACES = {PAGE: ".", "terraform/aws-engine/README.md": "terraform"}
"""Pages with configurations, and whence these see the module."""
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


def test_every_page_with_a_configuration_is_known() -> None:
    assert {page for page in pages.names() if hcl(page)} == set(PLACES)


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(environment: dict[str, str], tmp_path: Path) -> None:
    printed = Player(environment, tmp_path).play("docs/terraform.md")
    assert "nothing looks like a key" in printed


@pytest.mark.integration
@pytest.mark.parametrize("page", PLACES)
def test_what_a_page_shows_in_hcl_is_valid(page: str, tmp_path: Path) -> None:
    (shown,) = hcl(page)
    shutil.copytree(pages.ROOT / "terraform", tmp_path / "terraform")
    place = tmp_path / PLACES[page]
    shutil.copytree(pages.ROOT / "policies", place / "policies")
    (place / "main.tf").write_text(shown)
    validate(place, tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("example", ["team", "roles-only"])
def test_each_example_is_valid(example: str, tmp_path: Path) -> None:
    shutil.copytree(pages.ROOT / "terraform", tmp_path / "terraform")
    validate(tmp_path / "terraform" / "examples" / example, tmp_path)


def hcl(page: str) -> list[str]:
    """The configurations of Terraform that a page shows; a server's are docs/production.md's."""
    shown = re.findall(r"^```hcl\n(.*?)^```$", pages.read(page), re.DOTALL | re.MULTILINE)
    return [text for text in shown if re.search(r'^(module|resource) "', text, re.MULTILINE)]


def validate(place: Path, tmp_path: Path) -> None:
    settings = mirror(tmp_path / "mirror", provider_binary())
    program = terraform_program(path=PATH)
    environ = terraform_environ({"HOME": str(tmp_path)}, program, settings)
    for words in (["fmt", "-check"], ["init"], ["validate"]):
        done = subprocess.run(
            [program, *words], cwd=place, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
