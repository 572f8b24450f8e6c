"""Words on stderr: redrawn and gone on a terminal, sparse in a pipe."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import time
import tracemalloc
from pathlib import Path

from vaultaws.cli import output


class HungUp(io.StringIO):
    def isatty(self) -> bool:
        return True

    def write(self, _: str) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_sees_nothing_of_short_work() -> None:
    stream = io.StringIO()
    with output.Progress("working", stream):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_sees_the_work_and_then_nothing() -> None:
    os.environ.setdefault("TERM", "xterm")
    stream = Terminal()
    with output.Progress("working", stream) as progress:
        deadline = time.monotonic() + 10
        while "working … " not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
        progress.update("still working")
        while "still working" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "still working … 2 s" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_terminal_that_has_hung_up_does_not_stop_the_work() -> None:
    """What was issued within it would have been lost with the error."""
    with output.Progress("working", HungUp()) as progress, progress.paused():
        output.say("words", HungUp())


def test_very_much_json_is_written_without_being_held(tmp_path: Path) -> None:
    """As one text the same rows are 5 MB, and 40 MB while they are put together."""
    rows = [{"lease_id": "aws/creds/reader/abc", "role": "reader", "ends": None}] * 40_000
    with (tmp_path / "out.json").open("w", encoding="utf-8") as sink:
        tracemalloc.start()
        try:
            with contextlib.redirect_stdout(sink):
                output.as_json({"version": 1, "leases": rows})
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2_000_000
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["leases"] == rows
