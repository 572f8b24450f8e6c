"""Spans and moments on the command line, and values gathered into one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from vaultaws.cli.options import (
    Filters,
    Moment,
    ServerFlags,
    Span,
    files_options,
    filter_options,
    server_options,
)


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("90", 90), ("1h30m", 5400)])
def test_spans(text: str, seconds: int) -> None:
    assert Span().convert(text, None, None) == seconds
    assert Span().convert(seconds, None, None) == seconds


def test_what_is_no_span_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="not a span of time"):
        Span().convert("soon", None, None)


def test_a_span_as_a_moment_is_that_long_ago() -> None:
    before = datetime.now(UTC)
    found = Moment().convert("1h", None, None)
    assert before <= found + timedelta(hours=1) <= datetime.now(UTC)


def test_a_moment_without_a_zone_is_utc() -> None:
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert Moment().convert("2026-11-21T12:00", None, None) == noon
    assert Moment().convert("2026-11-21T13:00+01:00", None, None) == noon
    assert Moment().convert(noon, None, None) is noon


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "99999999999999d", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Moment().convert(text, None, None)


def test_shared_options_arrive_as_one_value() -> None:
    seen: list[object] = []

    @click.command()
    @filter_options
    @server_options
    def command(*, filters: Filters, server: ServerFlags) -> None:
        seen.extend((filters, server))

    answer = CliRunner().invoke(
        command, ["--role", "reader", "--address", "http://a", "--tls-skip-verify"]
    )
    assert answer.exit_code == 0, answer.output
    assert seen == [Filters(role="reader"), ServerFlags(address="http://a", tls_skip_verify=True)]


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ([], ["vaultaws.toml"]),
        (["-c", "a.toml"], ["a.toml"]),
        (["b.toml", "a.toml"], ["b.toml", "a.toml"]),
        (["b.toml", "-c", "a.toml", "--config", "c.toml"], ["a.toml", "c.toml", "b.toml"]),
        (["-c", "a.toml", "./a.toml", "a.toml"], ["a.toml"]),
    ],
)
def test_files_are_named_by_option_or_plainly(line: list[str], files: list[str]) -> None:
    seen: list[Path] = []

    @click.command()
    @files_options
    def command(*, files: tuple[Path, ...]) -> None:
        seen.extend(files)

    answer = CliRunner().invoke(command, line)
    assert answer.exit_code == 0, answer.output
    assert seen == [Path(name) for name in files]
