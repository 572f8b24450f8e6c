"""Ada and her device at a local AWS of her own, whose clock the tests move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bootstrap import make_environment
from tests.support.devices import Person, ada
from vaultaws.local.aws.serve import LocalAws

PEERS = Path(__file__).parents[3] / "requirements" / "peers.txt"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install aws-mfa before any test's time runs."""
    wanted = any(
        isinstance(item, pytest.Function) and "aws_mfa" in item.fixturenames
        for item in session.items
    )
    if wanted and not session.config.option.collectonly:
        make_environment(PEERS)


@pytest.fixture
def aws_mfa() -> Path:
    """aws-mfa from PyPI, at the version that the peers' lock names."""
    return make_environment(PEERS).parent / "aws-mfa"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        yield aws


@pytest.fixture
def person(aws: LocalAws, tmp_path: Path) -> Person:
    return ada(aws, tmp_path)
