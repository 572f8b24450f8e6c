"""The clients that use our credentials, made ready before any test's time runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.clients import (
    Command,
    Together,
    aws_cli,
    go_client,
    js_client,
    node_is_here,
    python_client,
)
from tests.support.profiles import Profile, write_profile, write_token_role
from tests.support.wired import Wired
from vaultaws.local.directories import Directories
from vaultaws.local.progress import silent

ENVIRON = dict(os.environ)
HERE = Path(__file__).parent
CACHE = Directories.of(ENVIRON).cache


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install and build once what tests of this folder need; they find it all in the cache."""
    if session.config.option.collectonly:
        return
    fixtures = {
        name
        for item in session.items
        if isinstance(item, pytest.Function) and HERE in item.path.parents
        for name in item.fixturenames
    }
    if "aws" in fixtures:
        aws_cli()
    if "sdks" in fixtures:
        go_client(CACHE, silent)
        if node_is_here(ENVIRON):
            js_client(CACHE, silent, ENVIRON)


@pytest.fixture
def aws() -> Path:
    """The AWS CLI from PyPI."""
    return aws_cli()


@pytest.fixture
def sdks() -> dict[str, Command]:
    """A program for each SDK. Where there is no node the test is skipped, which CI forbids."""
    if not node_is_here(ENVIRON):
        pytest.skip("no node and npm on PATH (Debian: scripts/ci-programs installs them)")
    return {
        "python": python_client(),
        "go": go_client(CACHE, silent),
        "js": js_client(CACHE, silent, ENVIRON),
    }


@pytest.fixture
def together(sdks: dict[str, Command]) -> Iterator[Together]:
    """Starts the programs of all SDKs at once."""
    with ExitStack() as later:
        yield Together(sdks, later)


@pytest.fixture
def tokens(wired: Wired, tmp_path: Path) -> Profile:
    """A profile of tokens that live 15 minutes, AWS's shortest."""
    write_token_role(wired, "reader-sts", "15m")
    return write_profile(wired, tmp_path / "tokens", "reader-sts")
