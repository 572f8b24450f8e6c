"""What a canary may do is found by trying; what only throttles says nothing."""

from __future__ import annotations

from collections import Counter

from tests.support.memory_vault import FixedClock
from vaultaws.aws.actions import Action, Attempt
from vaultaws.errors import AwsError
from vaultaws.incident.canary import first_allowed, reads_for
from vaultaws.leases.reads import READS
from vaultaws.model import CredentialType, Role

POLICY = {"Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}


def refused(code: str) -> AwsError:
    return AwsError("AWS refused", why=code, do="look", code=code)


def test_the_read_that_the_policy_allows_is_tried_first() -> None:
    role = Role("reader", CredentialType.FEDERATION_TOKEN, policy_document=POLICY)
    tried = reads_for(role)
    assert str(tried[0]) == "ec2:DescribeRegions"
    assert set(map(str, tried)) == set(map(str, READS.values()))
    assert len(tried) == len(READS)
    assert reads_for(None) == tuple(READS.values())
    assert all(str(action) != "sts:GetCallerIdentity" for action in tried)


def test_a_throttle_is_asked_again_and_a_denial_is_not() -> None:
    calls: Counter[str] = Counter()

    def prepare(action: Action) -> Attempt:
        def attempt() -> AwsError | None:
            calls[str(action)] += 1
            if str(action) == "sns:ListTopics":
                return refused("AccessDenied")
            return refused("Throttling") if calls[str(action)] < 3 else None

        return attempt

    found = first_allowed(prepare, READS.values(), FixedClock())
    assert str(found) == "sqs:ListQueues"
    assert calls == {"sns:ListTopics": 1, "sqs:ListQueues": 3}


def test_nothing_allowed_is_none() -> None:
    assert (
        first_allowed(lambda _: lambda: refused("Throttling"), READS.values(), FixedClock()) is None
    )
