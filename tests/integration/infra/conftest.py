"""Terraform with its Vault provider from a mirror, on mounts of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import ENVIRON
from tests.support.terraform import mirror, provider_binary, terraform_environ, terraform_program
from tests.support.terraformed import Stand
from tests.support.wired import Wired


@pytest.fixture(scope="session")
def terraform_path() -> Path:
    return terraform_program(path=ENVIRON.get("PATH"))


@pytest.fixture(scope="session")
def terraform_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mirror(tmp_path_factory.mktemp("mirror"), provider_binary())


@pytest.fixture
def stand(
    wired: Wired, tmp_path: Path, terraform_path: Path, terraform_settings: Path
) -> Iterator[Stand]:
    """A directory for Terraform, and auth methods with people; the mount is not there yet."""
    found = terraform_environ({"PATH": os.defpath}, terraform_path, terraform_settings)
    stand = Stand(wired, tmp_path, found)
    stand.people()
    yield stand
    stand.gone()
