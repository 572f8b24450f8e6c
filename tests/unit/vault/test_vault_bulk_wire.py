"""Bulk reads and writes against a server that changes its mind, and secrets that stay there."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from tests.support.many import Heard, write_all
from tests.support.stage import Reply, Seen, Stage, StoppedClock
from vaultaws.errors import VaultDeniedError, VaultError, VaultSealedError, VaultStandbyError
from vaultaws.model import CredentialType, Role, RootConfig, Secret
from vaultaws.vault.bulk import AT_ONCE
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

Open = Callable[..., Stage]
STANDBY = "local node not active but active cluster node not found"
ROLE = {"data": {"credential_type": "iam_user"}}
NAMES = [f"r{number:02}" for number in range(60)]
ROLES = [Role(name, CredentialType.IAM_USER) for name in NAMES]


def gateway(server: Stage) -> HvacVault:
    settings = ConnectionSettings(address=server.address, token=Secret("made-up"))
    return HvacVault(settings, StoppedClock())


def turning(after: int, reply: Reply) -> Callable[[Seen], Reply]:
    """Answers well `after` times, then with `reply`."""
    numbers, lock = itertools.count(), threading.Lock()

    def answer(_: Seen) -> Reply:
        with lock:
            return Reply(200, ROLE) if next(numbers) < after else reply

    return answer


def test_a_server_that_turns_standby_ends_the_reads(stage: Open) -> None:
    server = stage(turning(20, Reply(500, {"errors": [STANDBY]})))
    with gateway(server) as vault, pytest.raises(VaultStandbyError, match="is a standby"):
        vault.read_roles("aws", NAMES)


def test_a_server_that_turns_standby_ends_the_writes_and_says_which(stage: Open) -> None:
    server = stage(turning(20, Reply(500, {"errors": [STANDBY]})))
    heard: Heard = {}
    with gateway(server) as vault, pytest.raises(VaultStandbyError, match="is a standby"):
        write_all(vault, "aws", ROLES, heard)
    assert sum(fault is None for fault in heard.values()) == 20
    assert {f"/v1/aws/roles/{name}" for name in heard} == {seen.path for seen in server.seen}
    assert 20 < len(heard) <= 20 + AT_ONCE


def test_an_answer_that_is_no_role_is_refused(stage: Open) -> None:
    server = stage(turning(20, Reply(200, {"data": {"credential_type": 7}})))
    with gateway(server) as vault, pytest.raises(VaultError, match="no usable credential_type"):
        vault.read_roles("aws", NAMES)


def test_connections_are_kept_and_shared(stage: Open) -> None:
    server = stage(turning(1000, Reply()))
    with gateway(server) as vault:
        for _ in range(3):
            assert len(vault.read_roles("aws", NAMES)) == len(NAMES)
    assert len({seen.port for seen in server.seen}) <= AT_ONCE


def test_of_a_static_key_only_the_id_and_its_end_are_kept(stage: Open) -> None:
    secret = "s" * 40
    creds = {"secret_key": secret, "access_key": "AKIA" + "0" * 16, "expiration": None}
    with gateway(stage(Reply(200, {"data": creds}))) as vault:
        assert vault.static_key("aws", "deploy") == ("AKIA" + "0" * 16, None)
    broken = {**creds, "access_key": 7}
    with (
        gateway(stage(Reply(200, {"data": broken}))) as vault,
        pytest.raises(VaultError, match="no usable access_key") as caught,
    ):
        vault.static_key("aws", "deploy")
    assert secret not in caught.value.describe()


def test_a_rotation_that_fails_tells_no_secret_and_is_asked_for_once(stage: Open) -> None:
    server = stage(Reply(500, {"errors": ["error calling CreateAccessKey: LimitExceeded"]}))
    with gateway(server) as vault, pytest.raises(VaultError) as caught:
        vault.rotate_root("aws")
    assert "LimitExceeded" in caught.value.why
    assert len(server.seen) == 1


def test_an_engine_that_forgets_is_told_from_one_that_keeps(stage: Open) -> None:
    """The answer itself says it: the fields of rotation came with Vault 1.19."""
    stored = {"access_key": "AKIA" + "0" * 16, "region": "eu-west-2", "rotation_period": 0}
    server = stage(
        lambda seen: Reply(200, {"data": stored}) if seen.method == "GET" else Reply(204)
    )
    with gateway(server) as vault:
        vault.write_root("aws", RootConfig(region="eu-west-1"), None)
    (written,) = (seen.body for seen in server.seen if seen.method == "POST")
    assert b"access_key" not in written
    assert b"secret_key" not in written


def test_an_engine_that_cannot_list_static_roles_has_none_to_list(stage: Open) -> None:
    with gateway(stage(Reply(404, {"errors": ["1 error occurred: unsupported path"]}))) as vault:
        assert vault.list_static_roles("aws") == []


LEASES = [f"aws/creds/r/{number}" for number in range(60)]
LEASE = Reply(200, {"data": {"id": "aws/creds/r/1", "renewable": True}})


@pytest.mark.parametrize(
    "passing", [Reply(412), Reply(429), Reply(503, {"errors": ["busy"]}), Reply(drop=True)]
)
def test_one_moment_s_trouble_does_not_end_the_look_ups(stage: Open, passing: Reply) -> None:
    numbers = itertools.count()
    server = stage(lambda _: passing if next(numbers) == 20 else LEASE)
    with gateway(server) as vault:
        assert len(vault.lookup_leases(LEASES)) == len(LEASES)
    assert len(server.seen) == len(LEASES) + 1
    assert {seen.headers["x-vault-token"] for seen in server.seen} == {"made-up"}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(503, {"errors": ["Vault is sealed"]}), VaultSealedError),
        (Reply(403, {"errors": ["1 error occurred: permission denied"]}), VaultDeniedError),
        (Reply(200, b"<html>"), VaultError),
        (Reply(200, {"data": {"id": 7}}), VaultError),
    ],
)
def test_a_refusal_ends_the_look_ups_soon(
    stage: Open, reply: Reply, error: type[VaultError]
) -> None:
    numbers = itertools.count()
    server = stage(lambda _: LEASE if next(numbers) < 20 else reply)
    with gateway(server) as vault, pytest.raises(error):
        vault.lookup_leases(LEASES)
    asked = [seen for seen in server.seen if seen.path == "/v1/sys/leases/lookup"]
    assert len(asked) <= 20 + AT_ONCE


def test_leases_that_are_gone_are_left_out(stage: Open) -> None:
    gone = Reply(400, {"errors": ["invalid lease"]})
    server = stage(lambda seen: gone if b"/7" in seen.body else LEASE)
    with gateway(server) as vault:
        assert len(vault.lookup_leases(LEASES)) == len(LEASES) - 1
