"""Programs that are none of ours, made ready before any test's time runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.clients import (
    Together,
    aws_cli,
    aws_cli_client,
    go_client,
    js_client,
    node_is_here,
    python_client,
)
from tests.support.terraform import show, terraform_program
from vaultaws.local.directories import Directories
from vaultaws.local.progress import silent

ENVIRON = dict(os.environ)
HERE = Path(__file__).parent
CACHE = Directories.of(ENVIRON).cache


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install and build once what tests of this folder need; they find it all in the cache."""
    if session.config.option.collectonly:
        return
    if any(HERE in item.path.parents for item in session.items):
        aws_cli()
        go_client(CACHE, silent)
        terraform_program(show, ENVIRON.get("PATH"))
        if node_is_here(ENVIRON):
            js_client(CACHE, silent, ENVIRON)


@pytest.fixture
def everybody() -> Iterator[Together]:
    """The AWS CLI and a program for each SDK. Without node: skipped, which CI forbids."""
    if not node_is_here(ENVIRON):
        pytest.skip("no node and npm on PATH (Debian: scripts/ci-programs installs them)")
    commands = {
        "aws": aws_cli_client(),
        "python": python_client(),
        "go": go_client(CACHE, silent),
        "js": js_client(CACHE, silent, ENVIRON),
    }
    with ExitStack() as later:
        yield Together(commands, later)


@pytest.fixture
def terraform() -> str:
    """Terraform from PATH, else the one built from its module."""
    return str(terraform_program(path=ENVIRON.get("PATH")))
