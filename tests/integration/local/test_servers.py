"""Each real server as it is started: private, audited, and gone when it is stopped."""

from __future__ import annotations

import json
import os
import secrets
import signal
import stat
from pathlib import Path

import psutil
import pytest

from tests.integration.conftest import MACHINE, SERVERS, find
from tests.support.waiting import until
from tests.support.wired import Wired
from vaultaws.local.processes import ProcessRecord
from vaultaws.local.servers.base import RunningServer, ServerKind
from vaultaws.local.servers.life import server_runs, stop_server
from vaultaws.local.wire import ask


def test_it_answers_on_loopback_only_and_knows_its_token(server: RunningServer) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    found = ask(server.address, "/v1/auth/token/lookup-self", token=server.root_token)
    assert found.body["data"]["policies"] == ["root"]
    assert ask(server.address, "/v1/sys/health").body["version"] == server.version


def test_the_audit_log_is_on_from_the_start_and_private(wired: Wired) -> None:
    devices = wired.ask("sys/audit").body["data"]
    assert [device["type"] for device in devices.values()] == ["file"]
    assert stat.S_IMODE(wired.server.audit.stat().st_mode) == 0o600
    path = f"{wired.mount}/config/root"
    until(lambda: any(path in line for line in wired.server.audit.read_text().splitlines()))
    assert all(json.loads(line) for line in wired.server.audit.read_text().splitlines())


def test_the_token_is_on_no_command_line(server: RunningServer) -> None:
    lines: list[str] = []
    for process in psutil.process_iter(["cmdline"]):
        lines.extend(process.info["cmdline"] or [])
    assert server.root_token.reveal() not in "\n".join(lines)
    home = Path(os.environ.get("HOME", "/root"))
    token_file = home / ".vault-token"
    assert not token_file.exists() or server.root_token.reveal() not in token_file.read_text()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_stopped_server_is_gone_with_its_plugins(kind: ServerKind, tmp_path: Path) -> None:
    tag = secrets.token_hex(8)
    running = find(kind).start(tmp_path, tag=tag)
    try:
        mounted = ask(
            running.address,
            "/v1/sys/mounts/aws",
            token=running.root_token,
            method="POST",
            data={"type": "aws"},
        )
        assert mounted.status == 204
        assert server_runs(running, MACHINE)
    finally:
        stop_server(running, MACHINE)
    assert not server_runs(running, MACHINE)
    assert MACHINE.table.tagged(tag) == []
    assert ask(running.address, "/v1/sys/health").status == 0
    stop_server(running, MACHINE)


def test_a_killed_openbao_leaves_no_plugin_behind(tmp_path: Path) -> None:
    tag = secrets.token_hex(8)
    running = find(ServerKind.OPENBAO).start(tmp_path, tag=tag)
    try:
        ask(
            running.address,
            "/v1/sys/mounts/aws",
            token=running.root_token,
            method="POST",
            data={"type": "aws"},
        )
        assert len(MACHINE.table.tagged(tag)) == 2
        assert isinstance(running.where, ProcessRecord)
        MACHINE.table.signal(running.where.pid, signal.SIGKILL)
        until(lambda: not server_runs(running, MACHINE))
    finally:
        stop_server(running, MACHINE)
    assert MACHINE.table.tagged(tag) == []
