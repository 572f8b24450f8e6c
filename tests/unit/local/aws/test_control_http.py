from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from tests.support.calls import NOON
from tests.support.local_parts import some_control
from vaultaws.errors import StackError
from vaultaws.local.aws.control import Control
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.aws.control_http import ControlApp
from vaultaws.model import Secret

TOKEN = Secret("made-" + "up-" * 4)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


@pytest.fixture
def control() -> Control:
    return some_control()[0]


def ask(
    control: Control,
    method: str,
    name: str,
    body: object = None,
    *,
    token: str | None = TOKEN.reveal(),
    **environ: Any,
) -> Answer:
    raw = (
        body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    )
    request: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": "/_vaultaws/" + name,
        "HTTP_HOST": "127.0.0.1:4000",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": io.BytesIO(raw),
    }
    setup_testing_defaults(request)
    if token is not None:
        request["HTTP_X_VAULTAWS_TOKEN"] = token
    request |= environ
    request = {key: value for key, value in request.items() if value is not None}
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        seen.extend((status, headers))

    body_parts = b"".join(ControlApp(control, TOKEN)(request, start_response))
    status, headers = seen
    return Answer(int(status.split()[0]), dict(headers), json.loads(body_parts))


def test_health_needs_no_token(control: Control) -> None:
    answer = ask(control, "GET", "health", token=None)
    assert answer.status == 200
    assert answer.body["status"] == "ok"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["stats", "settings", "clock", "flush", "faults", "", "nothing"])
@pytest.mark.parametrize("token", [None, "", "wrong", "é", TOKEN.reveal() + "x"])
def test_everything_else_does(control: Control, name: str, token: str | None) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = ask(control, method, name, {}, token=token)
        assert answer.status == 401
        assert TOKEN.reveal() not in json.dumps(answer.body)


@pytest.mark.parametrize("name", ["health", "stats"])
@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_ORIGIN": "http://127.0.0.1:4000"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "evil.example:4000"},
        {"HTTP_HOST": "127.0.0.1.evil.example:4000"},
        {"HTTP_HOST": "localhost:4000@evil.example"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": None},
    ],
)
def test_strangers_are_refused(control: Control, name: str, environ: dict[str, Any]) -> None:
    assert ask(control, "GET", name, **environ).status == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]", "[::1]:80"])
def test_this_machines_names_are_known(control: Control, host: str) -> None:
    assert ask(control, "GET", "stats", HTTP_HOST=host).status == 200


def test_the_clock_moves(control: Control) -> None:
    assert ask(control, "GET", "clock").body == {"now": NOON.isoformat()}
    moved = ask(control, "POST", "clock", {"advance_seconds": 90.5})
    assert moved.body == {"now": (NOON + timedelta(seconds=90.5)).isoformat()}
    ask(control, "POST", "clock", {"set": "2026-11-21T00:00:00Z"})
    assert control.now() == NOON + timedelta(hours=12)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance_seconds": "5"},
        {"advance_seconds": True},
        {"advance_seconds": -1},
        {"advance_seconds": 10**400},
        {"advance_seconds": 1, "set": "2030-01-01T00:00:00Z"},
        {"set": "soon"},
        {"set": "2030-01-01T00:00:00"},
        {"set": "2020-01-01T00:00:00Z"},
        {"set": 5},
        b'{"advance_seconds": 1e999}',
    ],
)
def test_impossible_times_are_refused_and_nothing_moves(control: Control, body: object) -> None:
    answer = ask(control, "POST", "clock", body)
    assert answer.status == 400
    assert answer.body["errors"]
    assert control.now() == NOON


def test_settings_are_changed_and_shown(control: Control) -> None:
    changed = ask(control, "POST", "settings", {"iam_delay": 8, "fault_kinds": ["throttle"]})
    assert changed.status == 200
    assert changed.body == ask(control, "GET", "settings").body
    assert (changed.body["iam_delay"], changed.body["fault_kinds"]) == (8, ["throttle"])


def test_every_wrong_setting_is_named(control: Control) -> None:
    answer = ask(control, "POST", "settings", {"iam_delay": -1, "x": 1, "fault_rate": 2})
    assert (answer.status, len(answer.body["errors"])) == (400, 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff", 400),
        (b'{"iam_delay": NaN}', 400),
        (b'{"iam_delay": 1, "iam_delay": 2}', 400),
        (b"[" * 60_000, 400),
        (b"{" + b" " * 70_000 + b"}", 413),
    ],
)
def test_bad_bodies(control: Control, body: bytes, status: int) -> None:
    answer = ask(control, "POST", "settings", body)
    assert (answer.status, bool(answer.body["errors"])) == (status, True)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_TYPE": "text/plain"}, 415),
        ({"CONTENT_TYPE": None}, 415),
        ({"CONTENT_LENGTH": ""}, 411),
        ({"CONTENT_LENGTH": "-1"}, 411),
        ({"CONTENT_LENGTH": "٣"}, 411),
        ({"CONTENT_LENGTH": "9" * 5_000}, 413),
    ],
)
def test_bad_headers(control: Control, environ: dict[str, Any], status: int) -> None:
    assert ask(control, "POST", "settings", {}, **environ).status == status


def test_unknown_names_and_methods(control: Control) -> None:
    assert ask(control, "GET", "nothing").status == 404
    answer = ask(control, "DELETE", "settings")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


def test_faults_to_order(control: Control) -> None:
    body = {"kind": "throttle", "service": "iam", "operation": "CreateUser", "times": 3}
    assert ask(control, "POST", "faults", body).body == {"ordered": 3}
    assert control.stats()["faults"]["ordered"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "loud"},
        {"kind": ["throttle"]},
        {"kind": "throttle", "times": 0},
        {"kind": "throttle", "times": True},
        {"kind": "throttle", "times": 1_001},
        {"kind": "throttle", "service": 5},
        {"kind": "throttle", "operation": "x" * 65},
        {"kind": "throttle", "who": "me"},
    ],
)
def test_wrong_orders(control: Control, body: object) -> None:
    assert ask(control, "POST", "faults", body).status == 400
    assert control.stats()["faults"]["ordered"] == 0


def test_flush_takes_nothing(control: Control) -> None:
    assert ask(control, "POST", "flush", {}).body == {"files": 0}
    assert ask(control, "POST", "flush", {"now": True}).status == 400


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def endpoint(control: Control) -> Iterator[str]:
    """The application behind a real server; the standard's own checker stands in between."""
    app = validator(ControlApp(control, TOKEN))
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestClient:
    def test_it_does_all_that_the_path_offers(self, control: Control, endpoint: str) -> None:
        client = ControlClient(endpoint + "/", TOKEN)
        assert client.health()["status"] == "ok"
        assert client.advance(60) == NOON + timedelta(minutes=1)
        assert client.set_clock(NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)
        assert client.configure(trail_delay=20)["trail_delay"] == 20
        assert client.settings()["trail_delay"] == 20
        client.fail_next("throttle", service="iam", times=2)
        assert client.stats()["faults"]["ordered"] == 2
        assert client.flush() == 0

    def test_a_refusal_is_told_in_the_servers_words(self, endpoint: str) -> None:
        with pytest.raises(StackError) as error:
            ControlClient(endpoint, TOKEN).configure(trail_delay=-1)
        assert "trail_delay must be" in error.value.why

    def test_a_wrong_token_is_told_without_showing_any(self, endpoint: str) -> None:
        wrong = Secret("wrong-" * 3)
        with pytest.raises(StackError) as error:
            ControlClient(endpoint, wrong).stats()
        said = f"{error.value.what} {error.value.why} {error.value.do}"
        assert "missing or wrong" in said
        assert wrong.reveal() not in said

    def test_nobody_there(self) -> None:
        with pytest.raises(StackError) as error:
            ControlClient("http://127.0.0.1:1", TOKEN).health()
        assert "ConnectionError" in error.value.why
