"""A mount with roles of every type, and people who hold credentials of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.stricken import Stricken, stricken
from tests.support.wired import Wired
from vaultaws.local.awsprocess import AwsOptions, LocalAws


@pytest.fixture
def place(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stricken:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    return stricken(wired, tmp_path)


@pytest.fixture
def own_place(
    wire: Callable[[LocalAws, AwsOptions], Wired],
    start_aws: Callable[[AwsOptions], LocalAws],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stricken:
    """The same, over an AWS of its own to spoil."""
    options = AwsOptions()
    wired = wire(start_aws(options), options)
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    return stricken(wired, tmp_path)
