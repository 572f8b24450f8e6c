"""The figures of `benchmarks.inventory`, and the load generator that they stand beside."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.inventory import ALONE, COMMAND, GENERATOR, RECIPE, Figures, table
from tests.support.stage import Reply, Stage
from vaultaws.local.build import built
from vaultaws.local.directories import Directories

IDS = [f"aws/sts/reader/{number}" for number in range(50)]


def test_a_rate_is_leases_by_time_and_its_share_is_paired_by_round() -> None:
    figures = Figures(
        10_000, {GENERATOR: [2.0, 20.0, 2.5], COMMAND: [4.0, 40.0, 5.0], ALONE: [2.5, 25.0, 2.5]}
    )
    assert table(figures)[2:] == [
        "| compiled generator | 4,000 | 500 to 5,000 | 100% |",
        "| vaultaws leases list --json | 2,000 | 250 to 2,500 | 50% |",
        "| its look-ups alone | 4,000 | 400 to 4,000 | 80% |",
    ]


@pytest.fixture
def asked() -> Iterator[Stage]:
    server = Stage(lambda seen: Reply(400 if b"/gone" in seen.body else 200))
    yield server
    server.stop()


def generate(server: Stage, ids: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    program = built(RECIPE, Directories.of(os.environ).cache, lambda *_: None)
    file = place / "ids"
    file.write_text("\n".join(ids))
    return subprocess.run(
        [program, "-connections", "4", file],
        env={"VAULT_ADDR": server.address, "VAULT_TOKEN": "made-up"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_generator_looks_each_lease_up_once_over_kept_connections(
    asked: Stage, tmp_path: Path
) -> None:
    done = generate(asked, IDS, tmp_path)
    assert float(done.stdout) > 0
    assert Counter(json.loads(seen.body)["lease_id"] for seen in asked.seen) == Counter(IDS)
    assert {(seen.method, seen.path) for seen in asked.seen} == {("PUT", "/v1/sys/leases/lookup")}
    assert {seen.headers["x-vault-token"] for seen in asked.seen} == {"made-up"}
    assert len({seen.port for seen in asked.seen}) <= 4


def test_a_generator_that_is_refused_has_no_rate(asked: Stage, tmp_path: Path) -> None:
    done = generate(asked, [*IDS, "aws/sts/reader/gone"], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "answered with 400" in done.stderr
