"""Servers that cannot serve: sealed, standby, gone. Every verb says so in three lines, exit 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.stage import Reply, Seen, Stage
from tests.support.wired import must
from vaultaws.cli.main import run
from vaultaws.local.ports import free_port
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.wire import ask

VERBS = [
    ["creds", "reader"],
    ["creds", "reader", "--format", "process"],
    ["console", "reader"],
    ["profile", "write", "--all"],
    ["roles", "list"],
    ["roles", "show", "reader"],
    ["leases", "list"],
    ["leases", "revoke", "--all", "--yes"],
    ["trail", "check"],
    ["trail", "report"],
    ["plan"],
    ["apply", "--yes"],
]
FILE = '[mount]\npath = "aws"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory with a declared file, and some token."""
    (tmp_path / "vaultaws.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAULT_TOKEN", "made-up-token")
    monkeypatch.setenv("VAULT_MAX_RETRIES", "0")


def three_lines(capfd: pytest.CaptureFixture[str]) -> str:
    seen = capfd.readouterr()
    assert seen.out == ""
    assert [line.split()[0] for line in seen.err.splitlines()] == ["error:", "why:", "do:"]
    assert "made-up-token" not in seen.err
    return seen.err


@pytest.fixture
def sealed(own_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = own_server.root_token
    must(ask(own_server.address, "/v1/sys/seal", token=token, method="PUT", data={}))
    monkeypatch.setenv("VAULT_ADDR", own_server.address)


def test_a_sealed_server(sealed: None, capfd: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        assert run(verb) == 2, verb
        assert "is sealed" in three_lines(capfd), verb


@pytest.fixture
def standby(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """What a standby that has lost its active node answers (Vault 1.21, OpenBao 2.7)."""

    def script(seen: Seen) -> Reply:
        if seen.path.startswith("/v1/sys/health"):
            asked = parse_qs(urlsplit(seen.path).query)
            return Reply(
                int(asked.get("standbycode", ["429"])[0]),
                {"initialized": True, "sealed": False, "standby": True, "version": "1.21.1"},
            )
        return Reply(500, {"errors": ["local node not active but active cluster node not found"]})

    stage = Stage(script)
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    yield stage
    stage.stop()


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_standby(standby: Stage, capfd: pytest.CaptureFixture[str], verb: list[str]) -> None:
    assert run(verb) == 2
    said = three_lines(capfd)
    assert "is a standby" in said
    assert "active node" in said


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_no_server(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    port = free_port()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
    assert run(verb) == 2
    assert str(port) in three_lines(capfd)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_something_else_listens_there(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    page = Stage(lambda _: Reply(200, b"<html>hello</html>", {"Content-Type": "text/html"}))
    monkeypatch.setenv("VAULT_ADDR", page.address)
    try:
        assert run(verb) == 2
    finally:
        page.stop()
    three_lines(capfd)
