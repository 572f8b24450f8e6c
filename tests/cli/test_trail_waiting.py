"""`trail check --wait`: how long it takes is shown, on a terminal and in a pipe."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.memory_vault import START, FixedClock
from vaultaws.cli.output import Progress
from vaultaws.cli.trail_wiring import regions_of, wait_until
from vaultaws.config.load import load
from vaultaws.model import RootConfig


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_waits_until_cloudtrail_must_have_all_and_counts_down() -> None:
    clock, said = FixedClock(), list[str]()
    wait_until(START + timedelta(seconds=90.5), clock, said.append)
    assert clock.now() == START + timedelta(seconds=90.5)
    assert len(said) == 91
    assert said[0].startswith("waiting for CloudTrail, complete to 08:01:30 UTC in 1 min")
    assert said[-1].endswith("in 0 s") or said[-1].endswith("in 1 s")


def test_what_is_complete_already_is_not_waited_for() -> None:
    clock, said = FixedClock(), list[str]()
    wait_until(START, clock, said.append)
    assert (clock.now(), said) == (START, [])


def ticked(stream: io.StringIO, ticks: int) -> str:
    """What a progress line writes in so many ticks of an injected clock."""
    clock, over = FixedClock(), threading.Event()
    left = iter(range(ticks))

    def wait(seconds: float) -> bool:
        if next(left, None) is None:
            over.set()
            return True
        clock.sleep(seconds)
        return False

    monotonic: Callable[[], float] = clock.monotonic
    with Progress("waiting", stream, monotonic=monotonic, wait=wait):
        assert over.wait(60)
    return stream.getvalue()


def test_a_pipe_gets_a_line_every_ten_seconds() -> None:
    assert ticked(io.StringIO(), 3).splitlines() == [
        "· waiting … 10 s",
        "· waiting … 20 s",
        "· waiting … 30 s",
    ]


def test_a_terminal_gets_one_line_redrawn_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = ticked(Terminal(), 4)
    assert "\n" not in text
    drawn = text.split("\r\x1b[K")
    assert drawn[0] == drawn[-1] == ""
    assert len(drawn[1:-1]) == 4
    assert all(line.startswith("· waiting … ") for line in drawn[1:-1])


def test_the_regions_of_vault_s_root_and_of_the_file_are_asked_for(tmp_path: Path) -> None:
    root = RootConfig(
        region="eu-west-1", sts_region="eu-west-2", sts_fallback_regions=("sa-east-1",)
    )
    assert regions_of(root, None) == ("eu-west-2", "sa-east-1", "eu-west-1")
    assert regions_of(None, None) == ()
    file = tmp_path / "vaultaws.toml"
    file.write_text('[root]\nregion = "eu-west-1"\nsts_region = "ap-south-1"\n')
    assert regions_of(root, load(file)) == ("eu-west-2", "sa-east-1", "eu-west-1", "ap-south-1")
