"""A match in Athena, from the very text that is printed: run on another engine it comes to the
verdicts of the match here."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.apart import IDENTITY, WINDOW, Both, agree, by_key, told
from tests.support.athena import PLACE, Athena, as_csv, statements
from tests.support.memory_vault import START
from tests.support.whole import REFUSALS, Whole
from tests.support.whole_truth import END, Key
from vaultaws.cli.main import run as cli
from vaultaws.errors import LocalStateError, UsageError, VaultDeniedError
from vaultaws.trail import apart, carried, tables
from vaultaws.trail.athena import MOST_BYTES, inline
from vaultaws.trail.athenarun import printed, run, write
from vaultaws.trail.evidence import Window
from vaultaws.trail.expect import Expected
from vaultaws.trail.verdicts import MarkKind, Standing, Why

AT = START + timedelta(hours=1)
FUNCTIONS = """abs bool_or cast coalesce concat count date_diff date_parse date_trunc exists if
json_extract_scalar least length max max_by min min_by regexp_replace row_number starts_with strpos
substring sum timestamp try"""
"""Those of Trino that are asked for."""
WORDS = """and array as between by case distinct else from in join not on or over select t then
values when where with"""
"""What else stands before a bracket."""
EXPECTED = Expected(
    networks=("10.0.0.0/8", "2001:db8::/32"), agents=("boto3/*",), refusals=REFUSALS
)


def a_world() -> Whole:
    """People, a thief with two generations, tokens that end, a rotation, a failure, a static role's
    keys, and a lease that CloudTrail does not have."""
    world = Whole(Random(7))
    world.line("sys/health", START - timedelta(hours=1))
    ada = world.issue(AT, "ada", user=True)
    world.use(ada, AT, 2)
    world.revoke(ada, AT + timedelta(minutes=10), "prefix")
    world.use(ada, AT + timedelta(minutes=30))
    ben = world.issue(AT, "o'ben", user=False)
    world.use(ben, AT, REFUSALS, "AccessDenied")
    ends(ben, AT + timedelta(minutes=15))
    world.use(ben, AT + timedelta(minutes=20), 2)
    child = world.child(world.child(ben, AT), AT + timedelta(minutes=1))
    from_elsewhere(world, child, AT + timedelta(minutes=2))
    thief = world.mint("thief", AT, user=False)
    world.use(world.child(thief, AT), AT, 2)
    world.mint("thief", AT, user=True)
    world.fail(AT + timedelta(minutes=20))
    world.static(AT)
    world.read_static(AT + timedelta(minutes=5))
    world.steal_static(AT + timedelta(minutes=10))
    world.read_static(AT + timedelta(minutes=20))
    lost = world.issue(AT + timedelta(minutes=40), "cleo", user=False)
    world.events.remove(lost.event)
    world.rotate(AT + timedelta(minutes=50))
    last = world.issue(AT + timedelta(minutes=55), "ada", user=False)
    last.event["sourceIPAddress"] = "203.0.113.9"  # from where Vault's own new key calls
    last.event["responseElements"]["credentials"]["expiration"] = "2026-01-01T00:00:00Z"
    return world


def ends(key: Key, moment: datetime) -> None:
    """Say when a token ends, as CloudTrail does, with a narrow space before AM."""
    words = f"{moment:%b} {moment.day}, {moment:%Y, %I:%M:%S}\u202f{moment:%p}"
    key.event["responseElements"]["credentials"]["expiration"] = words


def from_elsewhere(world: Whole, key: Key, at: datetime) -> None:
    for source in ("203.0.113.9", "2001:db8::1", "10.1.1.1", "ec2.amazonaws.com"):
        world.use(key, at)
        key.calls[-1] |= {"sourceIPAddress": source, "userAgent": "curl/8"}


def test_athena_comes_to_the_same_verdicts(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world(), expected=EXPECTED)
    here = agree(both)
    standings = {found.standing for found in here.verdicts}
    assert standings >= {
        Standing.EXPLAINED,
        Standing.DESCENDANT,
        Standing.UNEXPLAINED,
        Standing.ROTATION,
        Standing.STATIC,
        Standing.ROLLED_BACK,
        Standing.MISSING,
    }
    assert {mark.kind for found in here.verdicts for mark in found.marks} == {
        MarkKind.AFTER_END,
        MarkKind.NETWORK,
        MarkKind.AGENT,
        MarkKind.REFUSED,
    }
    assert all(found.ends for found in here.verdicts if found.access_key_id.startswith("ASIA"))


def test_what_is_printed_alone_comes_to_them_too(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world(), expected=EXPECTED)
    database = Athena(both.records)
    first = printed(run(both.sources, WINDOW), PLACE)
    (*_, seen) = [database.run(text) for text in statements(first)]
    later = Window(START, END + timedelta(hours=1))
    second = printed(run(both.sources, later, as_csv(seen).splitlines()), PLACE)
    rows = [found for text in statements(second) if (found := database.run(text))]
    assert by_key(rows[0]) == by_key([told(found) for found in both.here().verdicts])
    assert "ZONE" not in first + second


def test_a_log_in_clear_needs_one_round(tmp_path: Path) -> None:
    world = Whole(Random(1))
    world.line("sys/health", START)
    key = world.issue(AT, "ada", user=False)
    key.in_clear = True
    world.lines[-1]["response"]["data"]["access_key"] = key.key_id
    both = Both(tmp_path, world)
    here = agree(both)
    assert [found.standing for found in here.verdicts] == [Standing.EXPLAINED]
    assert {path.name for path in both.out.iterdir()} == {"run.sh", "tables", "1", "2"}
    assert both.rounds == ["1", "2"]


def test_without_a_log_nothing_can_be_said(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world())
    both.sources = replace(both.sources, audit=None)
    assert {found.why for found in agree(both).verdicts if found.why} == {Why.NO_LOG, Why.CROWDED}


def test_a_server_that_tells_no_digests_accuses_nobody(tmp_path: Path) -> None:
    def denied(values: Sequence[str]) -> Mapping[str, str]:
        if not values:
            return {}
        raise VaultDeniedError("no", why="no", do="no")

    here = agree(Both(tmp_path, a_world(), digests=denied))
    assert {found.why for found in here.verdicts if found.why} == {Why.UNDIGESTED, Why.CROWDED}


def test_a_root_key_that_the_log_names_later_takes_the_first_round_again(tmp_path: Path) -> None:
    world = a_world()
    for event in world.events:
        event["userIdentity"]["userName"] = ""
    both = Both(tmp_path, world, replace(IDENTITY, user_name=""))
    here = agree(both)
    assert both.rounds == ["1", "1", "2"]
    assert here.verdicts[-1].standing is Standing.EXPLAINED


def test_vault_s_user_is_known_by_its_calls(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world(), replace(IDENTITY, user_name=""))
    here = agree(both)
    assert both.rounds == ["1", "2"]
    assert here.verdicts[-1].standing is Standing.EXPLAINED


def test_generations_of_keys_are_followed(tmp_path: Path) -> None:
    world = Whole(Random(1))
    world.line("sys/health", START)
    key = world.issue(AT, "ada", user=False)
    for minute in range(apart.GENERATIONS):
        key = world.child(key, AT + timedelta(minutes=minute))
    here = agree(Both(tmp_path, world))
    assert len(here.of(Standing.DESCENDANT)) == apart.GENERATIONS


def test_two_keys_within_a_period_are_uncovered(tmp_path: Path) -> None:
    world = Whole(Random(1))
    world.line("sys/health", START)
    world.static(AT)
    world.static(AT + timedelta(minutes=20))
    world.static(AT + timedelta(hours=2))
    here = agree(Both(tmp_path, world))
    assert [found.standing for found in here.verdicts] == [
        Standing.UNCOVERED,
        Standing.UNCOVERED,
        Standing.STATIC,
    ]


def test_a_key_that_was_made_by_a_write_of_its_role_is_vault_s(tmp_path: Path) -> None:
    world = Whole(Random(1))
    world.line("sys/health", START)
    world.static(AT)
    world.static(AT + timedelta(minutes=20))
    written = {"operation": "update", "data": {}}
    world.line("aws/static-roles/ci", AT + timedelta(minutes=20), request=written)
    here = agree(Both(tmp_path, world))
    assert [found.standing for found in here.verdicts] == [Standing.UNCOVERED, Standing.STATIC]


def test_times_bear_no_zone_and_a_statement_stands_alone(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world())
    both.there()
    for path in both.out.glob("*/*.sql"):
        text = path.read_text("utf-8")
        assert not re.search(r"zone|iso8601|now\(|current_", text, re.IGNORECASE), path
        bare = re.sub("'[^']*'|\"[^\"]*\"", "''", text)
        called = {name.lower() for name in re.findall(r"(\w+) ?\(", bare)}
        is_hive = text.startswith("CREATE EXTERNAL")
        assert is_hive or called <= set(f"{FUNCTIONS} {WORDS}".split()), path
        assert ";" not in text.replace("';", ""), path
        assert len(text) < MOST_BYTES
    for path in both.out.glob("tables/*/*.parquet"):
        kinds = [field.type for field in pq.read_schema(path)]
        assert all(kind.tz is None for kind in kinds if pa.types.is_timestamp(kind))


def test_the_script_uploads_then_runs_each_statement_and_keeps_the_rows(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world())
    rounds = write(run(both.sources, WINDOW), PLACE, both.out, "a_database")
    assert rounds == (1,)
    code, calls, said = run_script(both.out, tmp_path, "SUCCEEDED")
    assert code == 0, said
    assert calls[0] == "s3 cp --recursive --only-show-errors tables s3://work/match"
    asked = [line for line in calls if line.startswith("athena start")]
    assert "CREATE DATABASE IF NOT EXISTS `a_database`" in asked[0]
    files = sorted(f"1/{path.name}" for path in (both.out / "1").iterdir())
    assert [line.partition("file://")[2] for line in asked[1:]] == files
    assert calls[-1] == "s3 cp --only-show-errors s3://work/match/results/id.csv seen.csv"


def test_the_script_stops_at_a_statement_that_fails(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world())
    write(run(both.sources, WINDOW), PLACE, both.out, "a_database")
    code, calls, said = run_script(both.out, tmp_path, "FAILED")
    assert (code, said) == (1, "FAILED\n")
    assert sum(line.startswith("athena start") for line in calls) == 1


def run_script(out: Path, tmp_path: Path, state: str) -> tuple[int, list[str], str]:
    """Run run.sh with an AWS CLI that answers and writes down what it was asked."""
    programs, log = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    (programs / "aws").write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        'case "$*" in\n'
        "  *start-query*) echo id ;;\n"
        "  *OutputLocation*) echo s3://work/match/results/id.csv ;;\n"
        f"  *Status*) echo {state} ;;\n"
        "esac\n"
    )
    (programs / "aws").chmod(0o755)
    done = subprocess.run(
        ["sh", str(out / "run.sh"), "1"],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, log.read_text().splitlines(), done.stderr


def test_an_earlier_round_in_the_directory_is_written_over(tmp_path: Path) -> None:
    both = Both(tmp_path, a_world())
    (both.out / "1").mkdir(parents=True)
    (both.out / "1" / "99-left.sql").write_text("SELECT 1")
    write(run(both.sources, WINDOW), PLACE, both.out, "a_database")
    assert not (both.out / "1" / "99-left.sql").exists()


@pytest.mark.parametrize(
    "said",
    [
        {"trail": "s3://x'; DROP TABLE y; --"},
        {"tables_at": "/tmp"},
        {"account": "12"},
        {"regions": ()},
        {"regions": ("eu-west-2'",)},
    ],
)
def test_nothing_but_names_gets_into_the_statements(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        replace(PLACE, **said)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "kind,value\nkey,AKIA\n", 'kind,value\nsince,"x"\nuntil,"y"\n']
)
def test_another_file_is_not_taken_for_the_first_round_s(text: str) -> None:
    with pytest.raises(UsageError, match="first round"):
        carried.read(text.splitlines())


def test_a_name_of_a_database_and_a_place_to_write_are_needed(tmp_path: Path) -> None:
    made = run(Both(tmp_path, Whole(Random(1))).sources, WINDOW)
    with pytest.raises(UsageError, match="database"):
        write(made, PLACE, tmp_path / "out", "a;b")
    (tmp_path / "file").touch()
    with pytest.raises(LocalStateError, match="cannot be written"):
        write(made, PLACE, tmp_path / "file", "a_database")


def test_rows_that_are_too_many_for_a_statement_are_refused() -> None:
    rows = [{"kind": "key", "value": "x" * 60}] * (MOST_BYTES // 60)
    with pytest.raises(UsageError, match="too many"):
        inline("roots", tables.table(tables.ROOTS, rows))


def test_any_text_is_carried_as_it_is() -> None:
    values = ["", "o'ben", "a\\b", "\x1b[2Jx\\'y", "line\nline", "Zoë 漢", "--;"]
    rows = [{"kind": "key", "value": value} for value in values]
    (view,) = inline("roots", tables.table(tables.ROOTS, rows))
    assert view.text.replace("\n", "").isprintable()
    database = Athena([])
    database.run(view.text)
    found = database.run("SELECT * FROM roots")
    assert [row["value"] for row in found] == values


def test_a_file_of_something_else_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seen.csv").write_bytes(b"\xff\xfe")
    words = "trail athena --trail s3://trail --tables s3://work/match --account 123456789012"
    code = cli([*words.split(), "--region", "eu-west-2", "--seen", str(tmp_path / "seen.csv")])
    assert (code, "seen.csv cannot be read" in capsys.readouterr().err) == (
        UsageError.exit_code,
        True,
    )
