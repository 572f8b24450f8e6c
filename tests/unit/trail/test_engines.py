"""DuckDB at its limits says so in our words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import END, START, World
from vaultaws.errors import LocalStateError
from vaultaws.trail import tables
from vaultaws.trail.engines import DuckDb
from vaultaws.trail.evidence import Window


def test_too_little_memory_is_said_with_what_to_do() -> None:
    world = World()
    for number in range(20_000):
        world.mint(START + timedelta(milliseconds=number), sts=True, by=f"key-{number}")
    with DuckDb(memory="1MB", threads=1) as engine:
        engine.table("events", tables.events(world.events))
        with pytest.raises(LocalStateError, match="did not fit") as raised:
            engine.keep("minting")
    assert "TMPDIR" in raised.value.do
    assert raised.value.why


def test_a_cache_that_is_no_parquet_is_said_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    file.write_bytes(b"no parquet at all, whatever its name says")
    wrong = pytest.raises(LocalStateError, match="could not be worked out")
    with DuckDb(threads=1) as engine, wrong as raised:
        engine.files("events", [str(file)], tables.events([]), Window(START, END))
    assert "vaultaws/trail" in raised.value.do
