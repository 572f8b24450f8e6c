"""DuckDB at its limits says so in our words."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.world import END, START, World
from vaultaws.errors import LocalStateError
from vaultaws.interrupts import ending_signals_raise
from vaultaws.trail import tables
from vaultaws.trail.engines import DuckDb, said
from vaultaws.trail.evidence import Window


def test_too_little_memory_is_said_with_what_to_do() -> None:
    world = World()
    for number in range(20_000):
        world.mint(START + timedelta(milliseconds=number), sts=True, by=f"key-{number}")
    with DuckDb(memory="1MB", threads=1) as engine:
        engine.table("events", tables.events(world.events))
        keys = [{"key_id": f"key-{number}"} for number in range(20_000)]
        engine.table("parents", tables.table(tables.KEYS, keys))
        with pytest.raises(LocalStateError, match="did not fit") as raised:
            engine.rows("children")
    assert "TMPDIR" in raised.value.do
    assert raised.value.why


def test_a_cache_that_is_no_parquet_is_said_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    file.write_bytes(b"no parquet at all, whatever its name says")
    wrong = pytest.raises(LocalStateError, match="could not be worked out")
    with DuckDb(threads=1) as engine, wrong as raised:
        engine.files("events", [str(file)], tables.events([]), Window(START, END), within=[])
    assert "vaultaws/trail" in raised.value.do


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_ends_a_query_as_it_ends_all_else(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    long = "SELECT count(*) FROM range(100000000) a, range(1000) b WHERE a.range % 7 = b.range"
    later = threading.Timer(0.5, os.kill, (os.getpid(), number))
    ended = pytest.raises(raised)
    with ending_signals_raise(), duckdb.connect() as connection, ended, said():
        later.start()
        connection.execute(long).fetchall()
