"""The made-up log files of the benchmark are such as the product reads."""

from __future__ import annotations

from pathlib import Path

from benchmarks.trail_files import Reading, table
from benchmarks.trail_readers import with_duckdb, with_vaultaws
from benchmarks.trail_world import EVENTS_A_FILE, World, path_of, write_file
from vaultaws.trail.sources.decode import decode
from vaultaws.trail.sources.layout import source_file


def test_a_file_depends_on_the_seed_and_its_number_alone(tmp_path: Path) -> None:
    one, two, other = World(tmp_path / "1", 9), World(tmp_path / "2", 9), World(tmp_path, 9, 8)
    for world in (one, two, other):
        write_file(world, 3)
    first, second, third = (path_of(world, 3).read_bytes() for world in (one, two, other))
    assert first == second != third


def test_every_record_is_whole_and_true_to_its_file(tmp_path: Path) -> None:
    world = World(tmp_path, 2 * EVENTS_A_FILE)
    for number in range(world.files):
        write_file(world, number)
        path = path_of(world, number)
        file = source_file(str(path), 0, "")
        read = decode(path.read_bytes(), file.name, file.place)
        assert (read.events.num_rows, read.faults, bool(file.day)) == (EVENTS_A_FILE, (), True)
        assert len(set(read.events["name"].to_pylist())) > 100
        assert any(read.events["issued_key"].to_pylist())
        assert any(read.events["policy_document"].to_pylist())


def test_every_reader_finds_all_events(tmp_path: Path) -> None:
    world = World(tmp_path / "world", EVENTS_A_FILE)
    write_file(world, 0)
    assert with_vaultaws(world.root, tmp_path / "cache") == EVENTS_A_FILE
    for typed in (True, False):
        output = tmp_path / f"{typed}.parquet"
        assert with_duckdb(world.root, output, typed=typed) == EVENTS_A_FILE


def test_figures_are_a_table() -> None:
    text = table([Reading("a", 1_000, "1000", 0.5, 12.3), Reading("b", 10, "", 2.0)], 1_500)
    assert text.splitlines()[2:] == [
        "| a | 1,000 | 0.5 | 2,000 | 3 | 12 |",
        "| b | 10 | 2.0 | 5 | 0 |  |",
    ]
