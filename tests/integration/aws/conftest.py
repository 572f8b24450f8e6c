"""The tests of this folder talk to the local AWS as its administrator would."""

from __future__ import annotations

import pytest

from tests.support.connections import REGION
from tests.support.engine import good_user
from tests.support.suspects import MINTING, Minted, assumed_role, federated
from vaultaws.local.awsprocess import LocalAws


@pytest.fixture
def at_aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """The shared local AWS, as the one that boto3 finds."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return local_aws


@pytest.fixture
def token(at_aws: LocalAws) -> Minted:
    """A federation token of a user of its own."""
    return federated(at_aws, good_user(at_aws, MINTING))


@pytest.fixture
def session(at_aws: LocalAws) -> Minted:
    """A session of a role of its own."""
    return assumed_role(at_aws)
