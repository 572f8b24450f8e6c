"""What SDKs and commands share: leases shorter than 15 minutes cause no lease a request."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.clients import Together
from tests.support.profiles import Profile, run_aws


def test_sdks_that_start_at_once_share_one_lease(tokens: Profile, together: Together) -> None:
    """Nothing is cached yet: one process asks Vault, the others get what it got."""
    clients = together.start(tokens.environ, tokens.directory)
    for client in clients.values():
        client.tell("identity")
    said = {name: client.hear() for name, client in clients.items()}
    for name, each in said.items():
        assert ":federated-user/" in each.said, (name, each)
    assert len({each.key_id for each in said.values()}) == 1
    assert len(tokens.leases()) == 1


def test_a_short_lease_does_not_become_a_lease_a_call(tokens: Profile, together: Together) -> None:
    """botocore asks anew before each call when less than 15 minutes are left: it gets the same."""
    used = set()
    for client in together.start(tokens.environ, tokens.directory).values():
        for _ in range(2):
            identity, service = client.call("identity"), client.call("service")
            assert identity.ok, identity.said
            assert service.ok, service.said
            used |= {identity.key_id, service.key_id}
    assert len(used) == 1
    assert len(tokens.leases()) == 1
    assert tokens.runs > len(tokens.leases())


def test_the_aws_cli_works_and_its_commands_share_one_lease(aws: Path, tokens: Profile) -> None:
    identity = run_aws(aws, tokens, "sts", "get-caller-identity")
    assert identity.returncode == 0, identity.stderr
    assert ":federated-user/" in json.loads(identity.stdout)["Arn"]
    described = run_aws(aws, tokens, "ec2", "describe-instances")
    assert described.returncode == 0, described.stderr
    assert json.loads(described.stdout) == {"Reservations": []}
    assert len(tokens.leases()) == 1
