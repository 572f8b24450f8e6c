"""`vaultaws trail watch` on a real server: once and again, to a webhook, in figures, to its end."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.integration.cli.test_reference import check as check_page
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired

pytestmark = pytest.mark.integration
WATCH = ("trail", "watch", "--lag", "0s")


def begin() -> tuple[str, ...]:
    """Since now: other tests steal from the same account."""
    return ("--since", datetime.now(UTC).replace(microsecond=0).isoformat())


def figures_of(place: str, wanted: str) -> str:
    """Scrape until a line is there."""
    until = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(place, timeout=60) as answer:
            figures: str = answer.read().decode()
        if wanted in figures.splitlines():
            return figures
        assert time.monotonic() < until, figures
        time.sleep(0.1)


def steal(wired: Wired, name: str) -> str:
    root = wired.client("sts", wired.root_credentials)
    key: str = root.get_federation_token(Name=name)["Credentials"]["AccessKeyId"]
    return key


class _Hook(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = 400
        self.lines: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    server: _Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.status == 200:
            self.server.lines.append(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def hook() -> Iterator[_Hook]:
    with _Hook() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_each_finding_is_told_once_over_runs(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    once = (*WATCH, "--once", *begin())
    log_in(wired, "ada").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    first = steal(wired, "vault-thief")
    shell = operator(wired, tmp_path)
    code, out, said = here(shell, *once)
    lines = [json.loads(text) for text in out.splitlines()]
    assert code == 3, said
    assert [line["access_key_id"] for line in lines] == [first]
    assert lines[0]["kind"] == "unexplained", lines
    assert here(shell, *once)[:2] == (0, "")

    issued = log_in(wired, "ben").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    wired.vault.revoke_lease(issued.lease.id)
    second = steal(wired, "vault-thief-2")
    with hook() as listener:
        url = f"http://127.0.0.1:{listener.server_port}/x"
        code, out, said = here(shell, *once, "--webhook", url)
        assert (code, listener.lines) == (2, [])
        told = [json.loads(text) for text in out.splitlines()]
        assert {line["access_key_id"] for line in told} == {
            second,
            issued.credentials.access_key_id,
        }
        assert "error: the webhook at 127.0.0.1 did not take a finding" in said
        listener.status = 200
        code, out, said = here(shell, *once, "--webhook", url)
        assert (code, out) == (3, "")
        assert [json.loads(line) for line in listener.lines] == told
    check_page("trail watch", *told)


def test_it_runs_until_it_is_ended_and_figures_can_be_scraped(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    since = begin()
    once = (*WATCH, "--once", *since)
    key = steal(wired, "vault-thief")
    shell = operator(wired, tmp_path)
    with hook() as listener:
        listener.status = 200
        url = f"http://127.0.0.1:{listener.server_port}/x"
        more = ("--every", "1s", "--metrics", "0", "--webhook", url, *since)
        with shell.start(*WATCH, *more) as watching:
            assert watching.stdout is not None
            assert watching.stderr is not None
            try:
                place = watching.stderr.readline().split()[-1]
                line = json.loads(watching.stdout.readline())
                told = 'told_findings_total{kind="unexplained",severity="critical"} 1'
                figures = figures_of(place, f"vaultaws_trail_{told}")
                code, _, said = here(shell, *once)
            finally:
                watching.terminate()
            assert watching.wait(60) == 143
        assert [json.loads(text) for text in listener.lines] == [line]
    assert (code, line["access_key_id"]) == (1, key)
    assert "error: this mount is being watched already" in said
    assert "vaultaws_trail_waiting_findings 0" in figures.splitlines()
    assert here(shell, *once)[:2] == (0, "")


def test_a_queue_brings_events(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    since = begin()
    key = steal(wired, "vault-thief")
    seen = wired.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetFederationToken"}]
    )
    records = [json.loads(found["CloudTrailEvent"]) for found in seen["Events"]]
    sqs = wired.client("sqs")
    url = sqs.create_queue(QueueName=f"trail-{wired.mount}")["QueueUrl"]
    for record in records:
        envelope = {"detail-type": "AWS API Call via CloudTrail", "detail": record}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))
    source = ("--source", f"sqs:{url}")
    shell = operator(wired, tmp_path)
    code, out, said = here(shell, *WATCH, "--once", *since, *source)
    assert code == 3, said
    assert [json.loads(text)["access_key_id"] for text in out.splitlines()] == [key]
    assert here(shell, *WATCH, "--once", *since, *source)[:2] == (0, "")
    file = tmp_path / "vaultaws.toml"
    file.write_text(file.read_text().replace("[trail]", f'[trail]\nsource = "sqs:{url}"'))
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"detail-type": "x", "detail": {}}))
    code, out, said = here(shell, *WATCH, "--once", *since)
    assert (code, out) == (3, ""), said
    assert "1 message of the queue is no event of CloudTrail" in said
    code, _, said = here(shell, "trail", "check")
    assert (code, "a queue is no source for a single check" in said) == (1, True)
    assert "--source api" in said


def test_wrong_use_and_denials_are_said_at_once(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, "")
    shell = operator(wired, tmp_path)
    for option, words in (("--metrics", "no place for metrics"), ("--webhook", "cannot be used")):
        code, _, said = here(shell, "trail", "watch", option, "x")
        assert (code, words in said) == (1, True), said
    denied = operator(wired, tmp_path, VAULT_TOKEN="made-up")
    code, out, said = here(denied, "trail", "watch", "--for", "1s")
    assert (code, out) == (2, ""), said


def test_a_server_that_is_down_is_waited_for(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, "")
    shell = operator(wired, tmp_path, VAULT_ADDR="http://127.0.0.1:1")
    code, out, said = here(shell, "trail", "watch", "--every", "1s", "--for", "2s")
    assert (code, out) == (0, ""), said
    assert said.count("tried again") == 1
