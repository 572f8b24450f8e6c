"""Incidents on real servers: the local AWS in the environment, one case contained by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.contained import Contained, contained, restore_default
from tests.support.wired import Wired


@pytest.fixture
def at_aws(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> Wired:
    """The server, with the environment of its operator in this process too."""
    for name, value in wired.environ({}).items():
        monkeypatch.setenv(name, value)
    return wired


@pytest.fixture
def case(at_aws: Wired, tmp_path: Path) -> Iterator[Contained]:
    """One case, contained. The server's default policy is as before in the end."""
    text = at_aws.vault.read_acl_policies(["default"])["default"]
    try:
        with contained(at_aws, tmp_path) as made:
            yield made
    finally:
        restore_default(at_aws, text)
