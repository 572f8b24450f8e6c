"""Through a proxy: the same answers and the same errors as without one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.stage import Reply, Stage
from vaultaws.errors import VaultUnreachableError
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.errors import LostAnswerError
from vaultaws.vault.gateway import HvacVault

Open = Callable[..., Stage]
ROLES = Reply(200, {"data": {"keys": ["a"]}})


class Tunnel:
    """A proxy for TLS: it joins whoever says CONNECT with the place that is named."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._opened: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        return f"http://ann:p%40ss@127.0.0.1:{self._socket.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            head = client.recv(65536)
            self.heads.append(head)
            host, _, port = head.split(b" ")[1].decode().rpartition(":")
            server = socket.create_connection((host, int(port)))
            self._opened += [client, server]
            client.sendall(b"HTTP/1.1 200 Go on\r\n\r\n")
            for pair in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._pump, args=pair))
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        for opened in (self._socket, *self._opened):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        for opened in (self._socket, *self._opened):
            opened.close()


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    proxy = Tunnel()
    yield proxy
    proxy.stop()


def opened(address: str, proxy: str, **more: object) -> HvacVault:
    wanted = {"token": Secret("made-up"), "timeout_seconds": 10.0, "max_retries": 0} | more
    return HvacVault(ConnectionSettings(address=address, proxy=proxy, **wanted))  # type: ignore[arg-type]  # settings that tests name


def test_tls_goes_through_a_tunnel_that_sees_no_token(
    stage: Open, tunnel: Tunnel, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server = stage(ROLES, authority.server())
    tls = Tls(ca_file=str(authority.root))
    with opened(server.address, tunnel.address, tls=tls) as vault:
        assert [vault.list_roles("aws"), vault.list_roles("aws")] == [["a"], ["a"]]
    (head,) = tunnel.heads
    assert head.startswith(b"CONNECT 127.0.0.1:")
    assert b"proxy-authorization: basic" in head.lower()
    assert b"made-up" not in head
    assert server.seen[0].headers["x-vault-token"] == "made-up"


def test_a_server_behind_a_tunnel_must_be_trusted_too(
    stage: Open, tunnel: Tunnel, tmp_path: Path
) -> None:
    server = stage(ROLES, Authority(tmp_path).server())
    other = Authority(tmp_path, "other")
    tls = Tls(ca_file=str(other.root))
    with (
        opened(server.address, tunnel.address, tls=tls) as vault,
        pytest.raises(VaultUnreachableError, match="no TLS connection") as caught,
    ):
        vault.list_roles("aws")
    assert "authority" in caught.value.why
    assert not server.seen


@pytest.mark.parametrize(
    ("reply", "seconds", "phrase"),
    [
        (Reply(drop=True), 30.0, "broke off"),
        (Reply(hang=True), 0.3, "did not answer in time"),
        (Reply(200, ROLES.body, trickle=True), 0.3, "did not answer in time"),
    ],
)
def test_an_answer_that_was_lost_is_called_so(
    stage: Open, reply: Reply, seconds: float, phrase: str
) -> None:
    proxy = stage(reply)
    settings = {"timeout_seconds": seconds}
    with (
        opened("http://vault.example.invalid:8200", proxy.address, **settings) as vault,
        pytest.raises(LostAnswerError, match=phrase),
    ):
        vault.list_roles("aws")
