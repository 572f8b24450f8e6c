"""A program for each SDK of AWS, as fixtures take them: made ready before any test's time runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.clients import (
    Command,
    Together,
    go_client,
    js_client,
    node_is_here,
    python_client,
)
from vaultaws.local.directories import Directories
from vaultaws.local.progress import silent

ENVIRON = dict(os.environ)
"""As the run was started: the tests themselves see none of its settings."""
CACHE = Directories.of(ENVIRON).cache


def asked_for(session: pytest.Session, folder: Path) -> set[str]:
    """The fixtures of what will be run below a folder: none where tests are only listed."""
    if session.config.option.collectonly:
        return set()
    return {
        name
        for item in session.items
        if isinstance(item, pytest.Function) and folder in item.path.parents
        for name in item.fixturenames
    }


def build_sdk_clients() -> None:
    """Install and build once what is in no cache yet."""
    go_client(CACHE, silent)
    if node_is_here(ENVIRON):
        js_client(CACHE, silent, ENVIRON)


def sdk_clients() -> dict[str, Command]:
    """The commands by SDK. Where there is no node the test is skipped, which CI forbids."""
    if not node_is_here(ENVIRON):
        pytest.skip("no node and npm on PATH (Debian: scripts/ci-programs installs them)")
    return {
        "python": python_client(),
        "go": go_client(CACHE, silent),
        "js": js_client(CACHE, silent, ENVIRON),
    }


@contextmanager
def started_together(commands: dict[str, Command]) -> Iterator[Together]:
    """Starts all of them at once, and ends them."""
    with ExitStack() as later:
        yield Together(commands, later)
