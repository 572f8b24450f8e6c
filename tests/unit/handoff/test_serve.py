"""The container credentials endpoint: for the child alone, and for nobody who is slow or odd."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.credentials import ContainerProvider
from botocore.exceptions import CredentialRetrievalError

from tests.support.memory_vault import made_up_key
from vaultaws.errors import VaultError
from vaultaws.handoff.serve import CLIENTS, HEAD_BYTES, Endpoint, parse
from vaultaws.model import Credentials, Secret

SECRET = "never" + "-shown" * 4
TOKEN = "session" + "-token" * 4
GOOD = Credentials(
    made_up_key(1, "ASIA"),
    Secret(SECRET),
    Secret(TOKEN),
    datetime.now(UTC) + timedelta(days=2),  # longer than any run of the tests
)


@dataclass
class Source:
    """What is served; an error in the place of credentials is raised."""

    answer: Credentials | VaultError = field(default_factory=lambda: GOOD)
    asked: int = 0

    def __call__(self) -> Credentials:
        self.asked += 1
        if isinstance(self.answer, VaultError):
            raise self.answer
        return self.answer


@dataclass
class Served:
    """A running endpoint, its source, and a client that sends what it is told."""

    endpoint: Endpoint
    source: Source

    @property
    def token(self) -> str:
        return self.endpoint.environ()["AWS_CONTAINER_AUTHORIZATION_TOKEN"]

    def head(self, *, start: str = "GET /credentials HTTP/1.1", **headers: str) -> bytes:
        """A right request, with what is named changed, or left out where it is empty."""
        right = {"Host": f"127.0.0.1:{self.endpoint.port}", "Authorization": self.token}
        lines = [f"{name}: {value}" for name, value in (right | headers).items() if value]
        return "\r\n".join([start, *lines, "", ""]).encode("latin-1")

    def send(self, data: bytes) -> tuple[int, dict[str, str]]:
        with self.connect() as client:
            client.sendall(data)
            return answer_of(client)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.endpoint.port), timeout=30)


def answer_of(client: socket.socket) -> tuple[int, dict[str, str]]:
    """The status and the body; the connection must end with them."""
    got = b""
    while part := client.recv(65536):
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    found: dict[str, str] = json.loads(body)
    return int(head.split()[1]), found


@pytest.fixture
def served() -> Iterator[Served]:
    source = Source()
    endpoint = Endpoint()
    with endpoint.serving(source):
        yield Served(endpoint, source)


def test_whoever_has_the_token_gets_the_set(served: Served) -> None:
    status, body = served.send(served.head())
    assert status == 200
    assert body["AccessKeyId"] == GOOD.access_key_id
    assert (body["SecretAccessKey"], body["Token"]) == (SECRET, TOKEN)
    assert GOOD.expires_at is not None
    assert body["Expiration"] == f"{GOOD.expires_at:%Y-%m-%dT%H:%M:%SZ}"


def test_an_iam_user_s_key_has_an_empty_token(served: Served) -> None:
    served.source.answer = replace(GOOD, session_token=None, expires_at=None)
    status, body = served.send(served.head())
    assert (status, body["Token"]) == (200, "")
    assert "Expiration" not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "wrong"},
        {"Authorization": "wr\xfcng"},
        {"Host": ""},
        {"Host": "localhost"},
        {"Host": "evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
    ],
)
def test_others_are_refused_and_nothing_is_asked(served: Served, headers: dict[str, str]) -> None:
    status, body = served.send(served.head(**headers))
    assert status == 403
    assert body["code"] == "Forbidden"
    assert served.source.asked == 0


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("POST /credentials HTTP/1.1", 405),
        ("OPTIONS /credentials HTTP/1.1", 405),
        ("GET / HTTP/1.1", 404),
        ("GET /credentials?x HTTP/1.1", 404),
        ("GET http://127.0.0.1/credentials HTTP/1.1", 404),
        ("GET /credentials HTTP/2", 400),
        ("GET /credentials", 400),
        ("", 400),
    ],
)
def test_other_requests_are_refused(served: Served, start: str, status: int) -> None:
    assert served.send(served.head(start=start))[0] == status
    assert served.source.asked == 0


@pytest.mark.parametrize(
    "head",
    [
        b"GET /credentials HTTP/1.1\r\nHost : x",
        b"GET /credentials HTTP/1.1\r\n folded: x",
        b"GET /credentials HTTP/1.1\r\nno colon",
        b"GET /credentials HTTP/1.1\r\nA: b\nHost: x",
        b"GET /credentials HTTP/1.1\r\nA: b\0",
        b"\xff\xfe\x00",
    ],
)
def test_what_could_be_read_in_two_ways_is_no_request(head: bytes) -> None:
    assert parse(head) is None


def test_a_second_host_or_token_is_refused(served: Served) -> None:
    for name in (f"Host: 127.0.0.1:{served.endpoint.port}", f"authorization: {served.token}"):
        head = served.head()[:-2] + f"{name}\r\n\r\n".encode()
        assert served.send(head)[0] == 403


def test_a_head_without_end_is_cut_off(served: Served) -> None:
    assert served.send(b"GET /credentials HTTP/1.1\r\nA: " + b"a" * (HEAD_BYTES + 5_000))[0] == 400


def test_the_slow_do_not_keep_the_others_out() -> None:
    source, endpoint = Source(), Endpoint(seconds=0.5)
    with endpoint.serving(source), ExitStack() as later:
        served = Served(endpoint, source)
        slow = [later.enter_context(served.connect()) for _ in range(CLIENTS + 20)]
        for client in slow:
            client.sendall(b"GET /cred")
        assert served.send(served.head())[0] == 200
        assert answer_of(slow[0])[0] == 400


def test_one_that_hangs_up_harms_nobody(served: Served) -> None:
    for _ in range(CLIENTS + 5):
        with served.connect() as client:
            client.sendall(b"GET")
    assert served.send(served.head())[0] == 200


def test_where_there_is_no_set_it_says_why(served: Served) -> None:
    served.source.answer = VaultError("the credentials ended", why="Vault is sealed", do="unseal")
    status, body = served.send(served.head())
    assert status == 503
    assert body == {
        "code": "ServiceUnavailable",
        "message": "the credentials ended: Vault is sealed",
    }


def test_nothing_is_logged(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    served.send(served.head())
    served.send(served.head(Authorization="wrong"))
    served.send(b"\r\n\r\n")
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_this_machine_only_and_ends_with_the_block() -> None:
    endpoint = Endpoint()
    with endpoint.serving(Source()):
        url = urlsplit(endpoint.environ()["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        assert (url.hostname, url.port, url.path) == ("127.0.0.1", endpoint.port, "/credentials")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", endpoint.port), timeout=5)


def test_botocore_reads_it_and_says_what_it_was_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = dict(os.environ) | served.endpoint.environ()
    found = ContainerProvider(environ=environ).load().get_frozen_credentials()
    assert (found.access_key, found.secret_key, found.token) == (
        GOOD.access_key_id,
        SECRET,
        TOKEN,
    )
    served.source.answer = VaultError("the credentials ended", why="Vault is sealed", do="unseal")
    with pytest.raises(CredentialRetrievalError, match="Vault is sealed"):
        ContainerProvider(environ=environ).load()
