"""Programs that are none of ours, made ready before any test's time runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import Together, aws_cli, aws_cli_client
from tests.support.sdks import ENVIRON, asked_for, build_sdk_clients, sdk_clients, started_together
from tests.support.terraform import show, terraform_program

HERE = Path(__file__).parent


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install and build once what tests of this folder need; they find it all in the cache."""
    if asked_for(session, HERE):
        aws_cli()
        build_sdk_clients()
        terraform_program(show, ENVIRON.get("PATH"))


@pytest.fixture
def everybody() -> Iterator[Together]:
    """The AWS CLI and a program for each SDK."""
    with started_together({"aws": aws_cli_client(), **sdk_clients()}) as together:
        yield together


@pytest.fixture
def terraform() -> str:
    """Terraform from PATH, else the one built from its module."""
    return str(terraform_program(path=ENVIRON.get("PATH")))
