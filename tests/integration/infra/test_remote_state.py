"""A state kept elsewhere: its backend's settings are passed on, and the doctor fetches it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.integration.conftest import SERVERS
from tests.integration.infra.test_terraform_first import ran
from tests.support.terraformed import Stand

pytestmark = pytest.mark.parametrize("server", SERVERS[:1], indirect=True)


class Kept:
    """One state behind HTTP, as Terraform's backend of that name keeps it."""

    def __init__(self) -> None:
        self.state = b""
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200 if kept.state else 404, kept.state)

            def do_POST(self) -> None:
                kept.state = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200, b"")

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/state"

    def stop(self) -> None:
        """Once, or again."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def kept() -> Iterator[Kept]:
    found = Kept()
    yield found
    found.stop()


def test_a_key_in_a_state_elsewhere_is_found(stand: Stand, kept: Kept) -> None:
    stand.write('  description = "words"\n')
    with (stand.directory / "main.tf").open("a") as file:
        file.write('terraform {\n  backend "http" {}\n}\n')
    shell = stand.shell()
    given = (f"address={kept.address}", "retry_max=0")
    ran(shell, "init", *(word for each in given for word in ("--backend-config", each)))
    ran(shell, "apply", "--yes")
    assert b"vault_mount" in kept.state
    assert not (stand.directory / "terraform.tfstate").exists()
    assert "nothing looks like a key" in ran(shell, "doctor")
    key = "AK" + "IA" + "QRSTUVWXYZ234567"
    kept.state = kept.state.replace(b'"words"', f'"{key}"'.encode())
    said = ran(shell, "doctor", code=3)
    assert "the state in the http backend:" in said
    assert "an AWS key id" in said
    assert key not in said
    kept.stop()
    gone = ran(shell, "doctor", code=3)
    assert "not read: the state in the http backend: terraform state pull failed" in gone
