"""What a person reads, and what is sent again, when the wire or the server misbehaves."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.stage import Reply, Seen, Stage, StoppedClock
from vaultaws.errors import (
    UsageError,
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultSealedError,
    VaultStandbyError,
    VaultUnreachableError,
)
from vaultaws.model import RootConfig, Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.errors import LostAnswerError, MountMissingError
from vaultaws.vault.gateway import HvacVault

Open = Callable[..., Stage]
TOKEN = "hvs." + "x" * 24
ISSUED = {
    "lease_id": "aws/creds/r/abc",
    "lease_duration": 900,
    "renewable": True,
    "data": {"access_key": "AKIA" + "0" * 16, "secret_key": "s" * 40},
}


@pytest.fixture
def gateway(clock: StoppedClock) -> Callable[..., HvacVault]:
    def build(address: str, **settings: Any) -> HvacVault:
        wanted: dict[str, Any] = {"token": Secret(TOKEN), "timeout_seconds": 10.0} | settings
        return HvacVault(ConnectionSettings(address=address, **wanted), clock)

    return build


def told(error: VaultError) -> str:
    return "\n".join((error.what, error.why, error.do))


def errors(*sentences: str, status: int) -> Reply:
    return Reply(status, {"errors": list(sentences)})


def test_text_goes_out_as_utf_8(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    """Vault 1.21.1 refuses escaped pairs: duplicate key, for two keys that differ."""
    opened = stage(lambda _: Reply(204))
    with gateway(opened.address) as vault:
        vault.write("aws/roles/r", {"iam_tags": {"\U00010000": "", "\U00010001": ""}})
    (seen,) = opened.seen
    assert b"\\u" not in seen.body
    assert "\U00010001".encode() in seen.body


def test_half_a_character_is_refused_before_anything_is_sent(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    opened = stage(lambda _: Reply(204))
    with gateway(opened.address) as vault, pytest.raises(UsageError, match="not text"):
        vault.write("aws/roles/r", {"external_id": "a\udcff"})
    assert not opened.seen


@pytest.mark.parametrize("sentence", ["Vault is sealed", "OpenBao is sealed"])
def test_a_sealed_server_is_named_and_not_asked_again(
    stage: Open, gateway: Callable[..., HvacVault], sentence: str
) -> None:
    server = stage(errors(sentence, status=503))
    with pytest.raises(VaultSealedError, match="is sealed"):
        gateway(server.address).list_roles("aws")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "phrase"),
    [
        (errors("Vault is not initialized", status=400), VaultSealedError, "not initialised"),
        (errors(status=501), VaultSealedError, "not initialised"),
        (errors(status=472), VaultStandbyError, "standby"),
        (errors(status=473), VaultStandbyError, "standby"),
        (
            errors("local node not active but active cluster node not found", status=500),
            VaultStandbyError,
            "standby",
        ),
        (Reply(429, {"errors": []}, {"Retry-After": "7"}), VaultRefusedError, "limits the rate"),
        (errors("required index state not present", status=412), VaultRefusedError, "caught up"),
        (errors("boom", status=500), VaultError, "failed at LIST"),
        (Reply(502, b"<html>bad gateway</html>"), VaultError, "no answer from behind"),
        (Reply(200, b"<html>hello</html>"), VaultUnreachableError, "is not a Vault"),
        (Reply(200, ["a", "list"]), VaultUnreachableError, "is not a Vault"),
        (Reply(404, b"not here"), VaultUnreachableError, "is not a Vault"),
        (Reply(200, b"\xff\xfe\x00"), VaultUnreachableError, "is not a Vault"),
        (Reply(200, b"[" * 100_000), VaultUnreachableError, "is not a Vault"),
        (Reply(200, {"data": {"keys": "x", "other": 1}}), None, ""),
        (Reply(200, {"data": {"keys": [1]}}), VaultError, "no usable keys"),
        (Reply(200, {"data": []}), VaultError, "no usable data"),
        (
            Reply(400, b"Client sent an HTTP request to an HTTPS server.\n"),
            VaultUnreachableError,
            "speaks TLS only",
        ),
        (
            errors('no handler for route "aws/roles". route entry not found.', status=404),
            MountMissingError,
            "no secrets engine at team/aws/",
        ),
        (errors("1 error occurred:\n\t* unsupported path\n\n", status=404), VaultNotFoundError, ""),
        (
            errors("1 error occurred:\n\t* bad thing\n\n", status=400),
            VaultRefusedError,
            "bad thing",
        ),
        (errors("unsupported operation", status=405), VaultRefusedError, "unsupported operation"),
    ],
)
def test_each_answer_has_its_error(
    stage: Open,
    gateway: Callable[..., HvacVault],
    reply: Reply,
    kind: type[VaultError] | None,
    phrase: str,
) -> None:
    vault = gateway(stage(reply).address)
    if kind is None:
        assert vault.list_roles("team/aws") == ["x"]
        return
    if kind is VaultNotFoundError:
        assert vault.list_roles("team/aws") == []
        return
    with pytest.raises(kind) as caught:
        vault.list_roles("team/aws")
    assert phrase in told(caught.value)


def test_a_passing_failure_of_a_read_is_outlived(
    stage: Open, gateway: Callable[..., HvacVault], clock: StoppedClock
) -> None:
    server = stage(
        [
            errors("hiccup", status=500),
            Reply(drop=True),
            Reply(429, {"errors": []}, {"Retry-After": "2"}),
            Reply(200, {"data": {"keys": ["a"]}}),
        ]
    )
    assert gateway(server.address, max_retries=3).list_roles("aws") == ["a"]
    assert len(server.seen) == 4
    assert clock.slept[2] == 2
    assert all(0 < pause <= 5 for pause in clock.slept)


def test_retries_end(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    server = stage(errors("always", status=500))
    with pytest.raises(VaultError, match="failed"):
        gateway(server.address, max_retries=2).list_roles("aws")
    assert len(server.seen) == 3


@pytest.mark.parametrize("sts", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        errors("boom", status=500),
        Reply(503, b""),
        Reply(429, {"errors": []}),
        errors("behind", status=412),
        Reply(drop=True),
        Reply(200, b"garbage"),
        Reply(200, {"data": {}}),
    ],
)
def test_issuance_is_asked_for_exactly_once(
    stage: Open, gateway: Callable[..., HvacVault], reply: Reply, sts: bool
) -> None:
    server = stage(reply)
    with pytest.raises(VaultError):
        gateway(server.address, max_retries=5).issue("aws", "r", sts=sts)
    assert len(server.seen) == 1


def test_a_lost_issuance_says_that_it_may_have_happened(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    with pytest.raises(VaultUnreachableError) as caught:
        gateway(stage(Reply(drop=True)).address).issue("aws", "r", sts=False)
    assert "may have taken effect" in caught.value.do


def test_a_mint_through_the_raw_read_is_not_repeated_either(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    server = stage(errors("boom", status=500))
    with pytest.raises(VaultError):
        gateway(server.address).read("team/aws/creds/r")
    assert len(server.seen) == 1


def test_writes_are_not_repeated(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    server = stage(errors("boom", status=500))
    with pytest.raises(VaultError):
        gateway(server.address).revoke_lease("aws/creds/r/abc")
    assert len(server.seen) == 1
    assert json.loads(server.seen[0].body) == {"lease_id": "aws/creds/r/abc", "sync": True}


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(200, ISSUED, trickle=True)])
def test_a_server_that_does_not_end_is_given_up(
    stage: Open, clock: StoppedClock, reply: Reply
) -> None:
    server = stage(reply)
    settings = ConnectionSettings(
        address=server.address, token=Secret(TOKEN), timeout_seconds=0.3, max_retries=0
    )
    with HvacVault(settings) as vault, pytest.raises(VaultUnreachableError, match="in time"):
        vault.list_roles("aws")


def test_no_secret_reaches_an_error(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    key = "k" * 40

    def echo(seen: Seen) -> Reply:
        if seen.method == "GET":
            return errors(status=404)
        sent = f"cannot use {seen.body.decode()} with {seen.headers['x-vault-token']}\x1b[31m\n"
        return errors(sent + "hvs." + "A" * 30, status=400)

    with pytest.raises(VaultRefusedError) as caught:
        gateway(stage(echo).address).write_root("aws", RootConfig(region="eu-west-2"), Secret(key))
    assert "cannot use" in told(caught.value)
    assert key not in told(caught.value)
    assert TOKEN not in told(caught.value)
    assert "A" * 30 not in told(caught.value)
    assert told(caught.value).replace("\n", "").isprintable()


ONE = "1 error occurred:\n\t* permission denied\n\n"
TWO = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"


@pytest.mark.parametrize(
    ("said", "lookup", "phrase"),
    [
        (ONE, Reply(200, {"data": {}}), "policies do not grant list"),
        ("permission denied", errors("permission denied", status=403), "does not know the token"),
        (TWO, errors(TWO, status=403), "does not know the token"),
        (ONE, errors("permission denied", status=403), "has just used the token up"),
        (ONE, errors(TWO, status=403), "has just used the token up"),
        (ONE, Reply(500, {"errors": ["boom"]}), "may lack the capability list"),
        (ONE, Reply(drop=True), "may lack the capability list"),
    ],
)
def test_a_denial_tells_a_bad_token_from_a_missing_capability(
    stage: Open, gateway: Callable[..., HvacVault], said: str, lookup: Reply, phrase: str
) -> None:
    def answer(seen: Seen) -> Reply:
        own = seen.path == "/v1/auth/token/lookup-self"
        return lookup if own else errors(said, status=403)

    with pytest.raises(VaultDeniedError) as caught:
        gateway(stage(answer).address).list_roles("aws")
    assert phrase in told(caught.value)


def test_no_token_is_its_own_error(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    server = stage(errors("permission denied", status=403))
    with pytest.raises(VaultDeniedError, match="no token"):
        gateway(server.address, token=None).list_roles("aws")
    assert "x-vault-token" not in server.seen[0].headers


def test_lease_paths_name_sudo(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    def answer(seen: Seen) -> Reply:
        own = seen.path.endswith("lookup-self")
        return Reply(200, {"data": {}}) if own else errors("permission denied", status=403)

    with pytest.raises(VaultDeniedError, match="sys/leases/lookup/aws") as caught:
        gateway(stage(answer).address).list_leases("aws")
    assert "list and sudo" in caught.value.why


def test_an_unknown_role_may_be_unlistable(stage: Open, gateway: Callable[..., HvacVault]) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.method == "LIST":
            return errors("permission denied", status=403)
        return errors("Role 'ec2readnly' not found", status=400)

    with pytest.raises(VaultNotFoundError) as caught:
        gateway(stage(answer).address).issue("aws", "ec2readnly", sts=False)
    assert "may not list" in caught.value.why


def test_the_namespace_travels_but_not_to_health(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path.startswith("/v1/sys/health"):
            return Reply(
                200, {"version": "1.21.1", "initialized": True, "sealed": True, "standby": True}
            )
        return Reply(200, {"data": {"keys": []}})

    server = stage(answer)
    vault = gateway(server.address, namespace="team/a")
    assert vault.health().sealed
    vault.list_roles("aws")
    health, roles = server.seen
    assert "x-vault-token" not in health.headers
    assert "x-vault-namespace" not in health.headers
    assert roles.headers["x-vault-namespace"] == "team/a"
    assert roles.headers["x-vault-token"] == TOKEN
    assert roles.headers["x-vault-request"] == "true"


def test_nobody_there(gateway: Callable[..., HvacVault], unused_port: int) -> None:
    with pytest.raises(VaultUnreachableError, match="no Vault or OpenBao server answers") as caught:
        gateway(f"http://127.0.0.1:{unused_port}").list_roles("aws")
    assert "refused" in caught.value.why.lower()


def test_an_unknown_host(gateway: Callable[..., HvacVault]) -> None:
    with pytest.raises(VaultUnreachableError, match="no Vault or OpenBao server answers"):
        gateway("http://no-such-host.invalid:8200").list_roles("aws")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_standby_sends_us_to_the_active_node_once(
    stage: Open, gateway: Callable[..., HvacVault], status: int
) -> None:
    active = stage(Reply(200, ISSUED))

    def standby(seen: Seen) -> Reply:
        return Reply(status, b"", {"Location": f"{active.address}{seen.path}"})

    issued = gateway(stage(standby).address).issue("aws", "r", sts=True, ttl_seconds=900)
    assert issued.lease.id == "aws/creds/r/abc"
    (asked,) = active.seen
    assert (asked.method, asked.path) == ("GET", "/v1/aws/sts/r?ttl=900s")
    assert asked.headers["x-vault-token"] == TOKEN


def test_a_mint_sent_on_to_a_lost_active_node_may_have_happened(
    stage: Open, gateway: Callable[..., HvacVault], unused_port: int
) -> None:
    gone = f"http://127.0.0.1:{unused_port}/v1/aws/creds/r"
    server = stage(Reply(307, b"", {"Location": gone}))
    with pytest.raises(LostAnswerError, match="active node behind") as caught:
        gateway(server.address).issue("aws", "r", sts=False)
    assert "refused" in caught.value.why.lower()
    assert "may have taken effect" in caught.value.do


@pytest.mark.parametrize("sts", [False, True])
def test_a_mint_that_a_node_lost_while_it_handed_it_on_is_not_sent_again(
    stage: Open, gateway: Callable[..., HvacVault], sts: bool
) -> None:
    """It handed the request before on: a redirect means that the active node was lost."""
    following = stage(Reply(200, ISSUED))

    def standby(seen: Seen) -> Reply:
        if seen.method == "LIST":
            return Reply(200, {"data": {"keys": ["r"]}})
        return Reply(307, b"", {"Location": f"{following.address}{seen.path}"})

    vault = gateway(stage(standby).address)
    vault.list_roles("aws")
    with pytest.raises(LostAnswerError, match="active node behind") as caught:
        vault.issue("aws", "r", sts=sts)
    assert "may have taken effect" in caught.value.do
    assert not following.seen


def test_where_all_is_redirected_a_mint_is_too(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    """Where handing on is turned off, or the client may not use it."""

    def active(seen: Seen) -> Reply:
        return Reply(200, {"data": {"keys": ["r"]}} if seen.method == "LIST" else ISSUED)

    following = stage(active)

    def standby(seen: Seen) -> Reply:
        return Reply(307, b"", {"Location": f"{following.address}{seen.path}"})

    vault = gateway(stage(standby).address)
    vault.list_roles("aws")
    assert vault.issue("aws", "r", sts=False).lease.id == "aws/creds/r/abc"


def test_a_read_sent_on_to_a_lost_active_node_changed_nothing(
    stage: Open, gateway: Callable[..., HvacVault], unused_port: int
) -> None:
    gone = f"http://127.0.0.1:{unused_port}/v1/aws/roles"
    server = stage(Reply(307, b"", {"Location": gone}))
    with pytest.raises(VaultUnreachableError, match="no Vault or OpenBao server answers") as caught:
        gateway(server.address).list_roles("aws")
    assert not isinstance(caught.value, LostAnswerError)


@pytest.mark.parametrize("location", ["", "ftp://h/x", "//", "/v1/again"])
def test_a_redirect_to_nowhere_or_round_and_round_ends(
    stage: Open, gateway: Callable[..., HvacVault], location: str
) -> None:
    server = stage(Reply(307, b"", {"Location": location}))
    with pytest.raises(VaultStandbyError, match="sends us elsewhere"):
        gateway(server.address).list_roles("aws")
    assert len(server.seen) <= 2


def test_a_general_proxy_carries_the_request(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    proxy = stage(Reply(200, {"data": {"keys": ["a"]}}))
    vault = gateway("http://vault.example.invalid:8200", proxy=proxy.address)
    assert vault.list_roles("aws") == ["a"]
    assert proxy.seen[0].path == "http://vault.example.invalid:8200/v1/aws/roles"


def test_a_dead_proxy_is_named(gateway: Callable[..., HvacVault], unused_port: int) -> None:
    proxy = f"http://127.0.0.1:{unused_port}"
    with pytest.raises(VaultUnreachableError, match="the proxy"):
        gateway("http://vault.example.invalid:8200", proxy=proxy).list_roles("aws")


def test_netrc_and_requests_settings_are_not_ours(
    stage: Open, gateway: Callable[..., HvacVault], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = stage(Reply(200, {"data": {"keys": []}}))
    gateway(server.address).list_roles("aws")
    assert "authorization" not in server.seen[0].headers


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the platform has no unix sockets")
def test_an_agents_unix_socket_is_spoken_to(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    body = json.dumps({"data": {"keys": ["a"]}}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(head + body)

        thread = threading.Thread(target=serve)
        thread.start()
        with HvacVault(ConnectionSettings(address=f"unix://{path}")) as vault:
            assert vault.list_roles("aws") == ["a"]
        thread.join()
    assert asked[0].startswith(b"LIST /v1/aws/roles HTTP/1.1\r\n")


def test_a_missing_socket_is_nobody_there(tmp_path: Path) -> None:
    settings = ConnectionSettings(address=f"unix://{tmp_path}/none")
    with HvacVault(settings) as vault, pytest.raises(VaultUnreachableError, match="no Vault"):
        vault.list_roles("aws")


def test_what_was_written_is_there_for_the_next_request(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    """A standby that answers reads is told how far the write before went."""
    written = Reply(200, {"data": {}}, {"X-Vault-Index": "made-up-index"})
    server = stage([written, Reply(200, {"data": {}})])
    vault = gateway(server.address)
    for _ in range(3):
        vault.write("aws/roles/r", {})
    sent = [seen.headers.get("x-vault-index") for seen in server.seen]
    assert sent == [None, "made-up-index", "made-up-index"]
    assert server.seen[1].headers["x-vault-inconsistent"] == "forward-active-node"


def test_audit_devices_are_asked_for_in_the_root_namespace(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    """No other namespace has them."""
    server = stage(Reply(200, {"data": {"hash": "hmac-sha256:00"}}))
    vault = gateway(server.address, namespace="team")
    assert vault.audit_hash("file", "made-up") == "hmac-sha256:00"
    vault.write("sys/mounts/aws", {})
    assert [seen.headers.get("x-vault-namespace") for seen in server.seen] == [None, "team"]


def test_an_unknown_namespace_is_named_by_its_setting(
    stage: Open, gateway: Callable[..., HvacVault]
) -> None:
    server = stage(errors("namespace not found", status=404))
    with pytest.raises(VaultNotFoundError, match="no such namespace") as caught:
        gateway(server.address, namespace="nowhere").whoami()
    assert "VAULT_NAMESPACE" in caught.value.why
