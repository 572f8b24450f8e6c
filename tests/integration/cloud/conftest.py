"""A local AWS with the ready templates, and people in their groups with devices of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vaultaws.local.aws.serve import LocalAws


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(seed=1) as aws:
        yield aws
