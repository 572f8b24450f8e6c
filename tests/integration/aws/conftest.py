from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engine import Engine, User, make_user, open_engine, policy
from vaultaws.local.awsprocess import LocalAws
from vaultaws.local.servers.base import RunningServer


@pytest.fixture(scope="session")
def root_user(local_aws: LocalAws) -> User:
    """Vault's own IAM user. Shared: a new key takes seconds until AWS honours it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
        return make_user(local_aws, policy("vault-root"))


@pytest.fixture
def engine(
    server: RunningServer,
    local_aws: LocalAws,
    root_user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Engine]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    opened = open_engine(server, local_aws, root_user)
    with opened.vault:
        yield opened
