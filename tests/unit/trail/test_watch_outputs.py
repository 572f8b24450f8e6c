"""Where a watch tells and keeps: its state on disk, the webhook, the figures for Prometheus."""

from __future__ import annotations

import json
import re
import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support import reports
from tests.support.memory_vault import START, FixedClock
from vaultaws.errors import DeliveryError, LocalStateError, UsageError
from vaultaws.leases.target import Target
from vaultaws.trail.metrics import Figures, render
from vaultaws.trail.metricsserver import place_of, served
from vaultaws.trail.telling import State, Waiting, after, taken, told
from vaultaws.trail.verdicts import Standing
from vaultaws.trail.watchstate import DamagedError, StateFile, encoded
from vaultaws.trail.webhook import Webhook

TARGET = Target("http://127.0.0.1:8200", "", "aws")
FIRST = State(START)
PART = json.dumps(
    encoded(State(START, waiting=(Waiting("a", {"at": START.isoformat(), "kind": "missing"}),)))
).encode()


def after_a_day() -> State:
    return after(State(reports.BEGIN), reports.report(5), timedelta(hours=24))


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    store = StateFile(tmp_path / "trail", TARGET)
    with store.held():
        assert store.load() is None
        state = taken(after_a_day(), after_a_day().waiting[0].uid, "stdout")
        assert len(state.waiting) > 4
        store.save(FIRST)
        store.save(state)
        assert store.load() == state
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert sorted(path.suffix for path in store.path.parent.iterdir()) == [".json", ".lock"]


def test_hostile_words_are_kept_and_told_as_ascii(tmp_path: Path) -> None:
    state = after(State(reports.BEGIN), reports.hostile(), timedelta(hours=24))
    store = StateFile(tmp_path, TARGET)
    store.save(state)
    assert store.load() == state
    assert store.path.read_bytes().isascii()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version":2}', b'{"version":1,"start":"2026-01-01"}', b"\xff", PART],
)
def test_a_damaged_state_is_said(tmp_path: Path, content: bytes) -> None:
    store = StateFile(tmp_path, TARGET)
    store.save(FIRST)
    store.path.write_bytes(content)
    with pytest.raises(DamagedError):
        store.load()


def test_a_state_that_is_a_link_is_refused(tmp_path: Path) -> None:
    store = StateFile(tmp_path, TARGET)
    (tmp_path / "other").write_text("{}")
    store.path.symlink_to(tmp_path / "other")
    with pytest.raises(LocalStateError, match="not safe"):
        store.load()


def test_a_second_watch_is_refused(tmp_path: Path) -> None:
    with StateFile(tmp_path, TARGET).held():
        with (
            pytest.raises(UsageError, match="being watched already"),
            StateFile(tmp_path, TARGET).held(),
        ):
            pass
        with StateFile(tmp_path, Target("http://127.0.0.1:8200", "", "other")).held():
            pass
    with StateFile(tmp_path, TARGET).held():
        pass


def test_only_what_all_have_taken_is_told() -> None:
    state = after_a_day()
    uid = state.waiting[0].uid
    state = taken(state, uid, "stdout")
    assert told(state, {"stdout", "webhook"}) == (state, ())
    left, done = told(taken(state, uid, "webhook"), {"stdout", "webhook"})
    assert [found.uid for found in done] == [uid]
    assert len(left.waiting) == len(state.waiting) - 1


class _Listener(HTTPServer):
    def __init__(self, *statuses: int, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.statuses = list(statuses)
        self.location = location
        self.bodies: list[bytes] = []
        self.heads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/secret-path"


class _Answer(BaseHTTPRequestHandler):
    server: _Listener

    def do_POST(self) -> None:
        self.server.heads.append(str(self.headers).lower())
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.bodies.append(b"GET")
        self.send_error(405)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def listening(*statuses: int, location: str = "") -> Iterator[_Listener]:
    with _Listener(*statuses, location=location) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_that_is_busy_is_asked_again() -> None:
    clock = FixedClock()
    with listening(503, 429, 200) as server:
        Webhook(server.url, clock).take({"what": "é"})
        assert server.bodies == [b'{"what": "\\u00e9"}'] * 3
        assert "content-type: application/json" in server.heads[0]
        assert "authorization" not in server.heads[0]
    assert clock.monotonic() == 3


@pytest.mark.parametrize(("statuses", "asked"), [((400,), 1), ((500, 500, 500), 3)])
def test_a_webhook_that_refuses_is_an_error_without_its_path(
    statuses: tuple[int, ...], asked: int
) -> None:
    with listening(*statuses) as server:
        with pytest.raises(DeliveryError) as caught:
            Webhook(server.url, FixedClock()).take({})
        assert len(server.bodies) == asked
    assert f"it answered {statuses[0]}" in caught.value.describe()
    assert "secret-path" not in caught.value.describe()


def test_a_redirection_is_not_followed() -> None:
    with listening() as other, listening(307, location=other.url) as server:
        with pytest.raises(DeliveryError) as caught:
            Webhook(server.url, FixedClock()).take({})
        assert other.bodies == []
        assert len(server.bodies) == 1
    assert "not followed" in caught.value.why


def test_a_webhook_that_nobody_serves_is_an_error() -> None:
    with listening() as server:
        url = server.url
    with pytest.raises(DeliveryError) as caught:
        Webhook(url, FixedClock()).take({})
    assert caught.value.why == "no connection to it"


@pytest.mark.parametrize(
    "url", ["", "ftp://x/y", "https://", "//x", "http://a:b@x/", "http://[::1", "http://x:99999/"]
)
def test_what_is_no_address_is_wrong_use(url: str) -> None:
    with pytest.raises(UsageError):
        Webhook(url, FixedClock())


SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})?'
    r" (?P<value>[0-9]+(?:\.[0-9]+)?)"
)


def scraped(text: str) -> dict[str, float]:
    """Read the exposition format strictly: HELP, TYPE, then samples of that family only, once."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    families: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            _, _, name, _ = line.split(" ", 3)
            assert name not in families
            families.append(name)
            kind = next(lines)
            assert kind in {f"# TYPE {name} gauge", f"# TYPE {name} counter"}
            assert kind.endswith("counter") is name.endswith("_total")
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert sample["name"] == families[-1]
        series = line.rpartition(" ")[0]
        assert series not in found
        found[series] = float(sample["value"])
    return found


def test_figures_are_text_that_prometheus_reads() -> None:
    report = reports.report(5)
    figures = Figures(
        told={("unexplained", "critical"): 2},
        rounds=4,
        failed=1,
        watermark=START,
        succeeded=START,
        waiting=3,
        waiting_since=START,
    ).of(report)
    found = scraped(render(figures))
    prefix = "vaultaws_trail_"
    assert found[f'{prefix}findings{{kind="unexplained",severity="critical"}}'] == 1
    assert found[f'{prefix}told_findings_total{{kind="unexplained",severity="critical"}}'] == 2
    assert found[f'{prefix}credentials{{standing="explained"}}'] == len(
        report.matching.of(Standing.EXPLAINED)
    )
    assert found[f"{prefix}watermark_timestamp_seconds"] == START.timestamp()
    assert found[f"{prefix}waiting_findings"] == 3
    assert found[f"{prefix}unread"] == len(report.unread)
    assert scraped(render(Figures()))[f"{prefix}rounds_total"] == 0


def test_figures_tell_nobody_s_name() -> None:
    hostile = reports.hostile()
    text = render(Figures().of(hostile))
    scraped(text)
    assert "script" not in text
    assert "evil" not in text


def test_figures_are_served_and_nothing_else() -> None:
    with served(("127.0.0.1", 0), lambda: render(Figures(rounds=7))) as (host, port):
        base = f"http://{host}:{port}"
        with urllib.request.urlopen(f"{base}/metrics", timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert scraped(answer.read().decode())["vaultaws_trail_rounds_total"] == 7
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{base}/", timeout=30)
        assert caught.value.code == 404
        caught.value.close()
        with pytest.raises(UsageError, match="cannot be served"), served(("127.0.0.1", port), str):
            pass


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9187", ("127.0.0.1", 9187)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:9187", ("::1", 9187)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_places_are_read(text: str, place: tuple[str, int]) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize("text", ["", "x", ":", ":80", "host:", "1:99999", "::1:80", "a:-1", "²"])
def test_what_is_no_place_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        place_of(text)
