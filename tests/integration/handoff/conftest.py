"""The clients that use our credentials, made ready before any test's time runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Command, Together, aws_cli
from tests.support.profiles import Profile, write_profile, write_token_role
from tests.support.sdks import asked_for, build_sdk_clients, sdk_clients, started_together
from tests.support.wired import Wired

HERE = Path(__file__).parent


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install and build once what tests of this folder need; they find it all in the cache."""
    fixtures = asked_for(session, HERE)
    if "aws" in fixtures:
        aws_cli()
    if "sdks" in fixtures:
        build_sdk_clients()


@pytest.fixture
def aws() -> Path:
    """The AWS CLI from PyPI."""
    return aws_cli()


@pytest.fixture
def sdks() -> dict[str, Command]:
    """A program for each SDK."""
    return sdk_clients()


@pytest.fixture
def together(sdks: dict[str, Command]) -> Iterator[Together]:
    """Starts the programs of all SDKs at once."""
    with started_together(sdks) as found:
        yield found


@pytest.fixture
def tokens(wired: Wired, tmp_path: Path) -> Profile:
    """A profile of tokens that live 15 minutes, AWS's shortest."""
    write_token_role(wired, "reader-sts", "15m")
    return write_profile(wired, tmp_path / "tokens", "reader-sts")
