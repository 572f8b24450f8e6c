"""A door in front of a real server that knows every secret that passed, and looks around."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.gate import Gate
from tests.support.stage import Reply, Seen, Stage

SECRET_KEYS = ("secret_key", "security_token", "session_token")
Change = Callable[[dict[str, Any]], None]


@dataclass
class Recorder:
    """`secrets` are those of the server's answers and the askers' tokens; `command_lines` those of
    all processes at the time of each request. `change` may spoil an answer that has secrets."""

    passed_on: Gate
    secrets: set[str] = field(default_factory=set)
    command_lines: list[bytes] = field(default_factory=list)
    change: Change | None = None

    def __call__(self, seen: Seen) -> Reply:
        self.secrets.add(seen.headers["x-vault-token"])
        self.command_lines += command_lines()
        reply = self.passed_on(seen)
        with suppress(ValueError):
            return self._noted(reply)
        return reply

    def _noted(self, reply: Reply) -> Reply:
        answer = json.loads(reply.body)
        data = answer.get("data") or {}
        found = {data[key] for key in SECRET_KEYS if data.get(key)}
        self.secrets |= found
        if not found or self.change is None:
            return reply
        self.change(answer)
        return Reply(reply.status, answer, reply.headers)


def command_lines() -> list[bytes]:
    """What everybody on the machine sees of its processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return found


@contextmanager
def recording(address: str) -> Iterator[tuple[str, Recorder]]:
    """Open a recorder before the server at `address`; gives the recorder's own address."""
    recorder = Recorder(Gate(address, r"^\b$"))
    stage = Stage(recorder)
    try:
        yield stage.address, recorder
    finally:
        stage.stop()
