"""Kept connections, and what a server can do to them."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import Authority
from tests.support.stage import Reply, Stage
from tests.support.waiting import until
from vaultaws.errors import UsageError, VaultError, VaultStandbyError, VaultUnreachableError
from vaultaws.model import Secret
from vaultaws.vault.bulk import AT_ONCE
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.errors import LostAnswerError
from vaultaws.vault.gateway import HvacVault

Open = Callable[..., Stage]
LEASES = [f"aws/creds/r/{number}" for number in range(200)]
LEASE = Reply(200, {"data": {"id": "aws/creds/r/1", "renewable": True}})
KEYS = json.dumps({"data": {"keys": ["a"]}}).encode()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(KEYS), KEYS)


class Raw:
    """Answers the requests of each connection with these bytes in turn, then closes it."""

    def __init__(self) -> None:
        self.answers: tuple[bytes, ...] = ()
        self.asked: list[bytes] = []
        self.open = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.open += 1
            with connection:
                for answer in self.answers:
                    asked = connection.recv(65536)
                    if not asked:
                        break
                    self.asked.append(asked)
                    connection.sendall(answer)
            self.open -= 1

    def vault(self, **settings: float | str) -> HvacVault:
        address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        wanted = {"timeout_seconds": 10, "max_retries": 0} | settings
        return HvacVault(ConnectionSettings(address, Secret("made-up"), **wanted))  # type: ignore[arg-type]  # settings that tests name

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture(scope="module")
def raw() -> Iterator[Raw]:
    server = Raw()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def nothing_was_asked(raw: Raw) -> None:
    raw.asked.clear()


def test_a_request_leaves_whole(raw: Raw) -> None:
    raw.answers = (b"HTTP/1.1 204 No Content\r\n\r\n",)
    with raw.vault() as vault:
        vault.write("aws/roles/r", {"policy_document": "x"})
    (asked,) = raw.asked
    assert asked.endswith(b'\r\n\r\n{"policy_document": "x"}')
    assert asked.count(b"\r\nHost: 127.0.0.1:") == 1


def test_a_connection_that_the_server_has_closed_carries_no_write(raw: Raw) -> None:
    """It would break off, and nobody would know whether the write took effect."""
    before = len(raw.asked)
    raw.answers = (b"HTTP/1.1 204 No Content\r\n\r\n",)
    with raw.vault() as vault:
        for number in range(3):
            vault.write(f"aws/roles/{number}", {})
            until(lambda: raw.open == 0)
    assert len(raw.asked) - before == 3


WITHOUT_POLL = """
import select, sys
del select.poll
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault
with HvacVault(ConnectionSettings(sys.argv[1])) as vault:
    print(vault.list_roles("aws"), vault.list_roles("aws"))
"""


def test_a_system_without_poll_keeps_connections_too(stage: Open) -> None:
    """Windows is one."""
    server = stage(Reply(200, KEYS))
    asked = [sys.executable, "-c", WITHOUT_POLL, server.address]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "['a'] ['a']\n", done.stderr
    assert len({seen.port for seen in server.seen}) == 1


def test_a_namespace_is_sent_in_utf8(raw: Raw) -> None:
    raw.answers = (WHOLE,)
    with raw.vault(namespace="équipe/東京") as vault:
        vault.list_roles("aws")
    (asked,) = raw.asked
    assert "\r\nX-Vault-Namespace: équipe/東京\r\n".encode() in asked


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE[:-3],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_what_is_no_whole_answer_is_said_and_not_believed(raw: Raw, answer: bytes) -> None:
    raw.answers = (answer,)
    with raw.vault() as vault:
        with pytest.raises(LostAnswerError, match="broke off"):
            vault.list_roles("aws")
        raw.answers = (WHOLE,)
        assert vault.list_roles("aws") == ["a"]


def test_an_answer_in_chunks_leaves_the_connection_for_the_next(raw: Raw) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (KEYS[:5], KEYS[5:]))
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    raw.answers = (chunked, WHOLE)
    with raw.vault() as vault:
        assert vault.list_roles("aws") == vault.list_roles("aws") == ["a"]
    assert len(raw.asked) == 2


def test_words_that_nobody_asked_for_answer_nothing(raw: Raw) -> None:
    raw.answers = (WHOLE + WHOLE.replace(b'"a"', b'"b"'), WHOLE.replace(b'"a"', b'"c"'))
    with raw.vault() as vault:
        assert [vault.list_roles("aws"), vault.list_roles("aws")] == [["a"], ["c"]]


HEADS = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 307 Go\r\n", b"HTTP/1.1 403 No\r\n"]
)
FIELDS = st.sampled_from(
    [
        b"Content-Length: 9\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Location: http://[\r\n",
        b"Location: http://127.0.0.1:1/\xfc \x7f\r\n",
        b"Location: //h:99999/\r\n",
        b"Retry-After: 1\r\n",
    ]
)
BODIES = st.binary(max_size=40) | st.sampled_from(
    [KEYS, b"9\r\n" + KEYS, b"0\r\n\r\n", b'{"a":{}}']
)
HTTP = st.tuples(HEADS, st.lists(FIELDS, max_size=4), BODIES).map(
    lambda parts: parts[0] + b"".join(parts[1]) + b"\r\n" + parts[2]
)


@given(st.binary(max_size=60) | HTTP)
def test_whatever_comes_is_an_answer_or_an_error_of_ours(raw: Raw, answer: bytes) -> None:
    raw.answers = (answer,)
    with raw.vault() as vault, suppress(VaultError):
        vault.read("aws/config/root")


@pytest.mark.parametrize("location", ["http://[", "http://h:port/", "http://h:99999/v1/x"])
def test_a_redirect_to_what_is_no_address_ends(stage: Open, location: str) -> None:
    server = stage(Reply(307, b"", {"Location": location}))
    with (
        HvacVault(ConnectionSettings(server.address, Secret("made-up"))) as vault,
        pytest.raises(VaultStandbyError, match="sends us elsewhere"),
    ):
        vault.list_roles("aws")


def test_a_host_whose_name_cannot_be_is_not_reached() -> None:
    with (
        HvacVault(ConnectionSettings("http://a..b:8200", Secret("made-up"))) as vault,
        pytest.raises(VaultUnreachableError, match="no Vault or OpenBao server answers"),
    ):
        vault.list_roles("aws")


def test_no_certificate_is_for_a_name_that_cannot_be(stage: Open, tmp_path: Path) -> None:
    server = stage(LEASE, Authority(tmp_path).server())
    settings = ConnectionSettings(server.address, Secret("made-up"), tls=Tls(server_name=".x"))
    with HvacVault(settings) as vault, pytest.raises(UsageError, match="no certificate"):
        vault.list_roles("aws")
    assert not server.seen


def test_a_refusal_that_comes_before_all_was_sent_is_heard(raw: Raw) -> None:
    raw.answers = (b'HTTP/1.1 413 Too large\r\nContent-Length: 23\r\n\r\n{"errors": ["too much"]}',)
    with raw.vault() as vault, pytest.raises(VaultError):
        vault.write("aws/roles/r", {"policy_document": "x" * 8_000_000})


def test_over_tls_connections_are_kept_too_and_new_ones_come_for_those_that_end(
    stage: Open, tmp_path: Path
) -> None:
    authority, numbers = Authority(tmp_path), itertools.count()
    closing = Reply(LEASE.status, LEASE.body, {"Connection": "close"})
    server = stage(lambda _: closing if next(numbers) % 50 == 0 else LEASE, authority.server())
    tls = Tls(ca_file=str(authority.root))
    with HvacVault(ConnectionSettings(server.address, Secret("made-up"), tls=tls)) as vault:
        assert len(vault.lookup_leases(LEASES)) == len(LEASES)
    assert len(server.seen) == len(LEASES)
    assert len({seen.port for seen in server.seen}) <= AT_ONCE + len(LEASES) // 50
