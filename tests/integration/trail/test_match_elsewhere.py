"""The match's queries on other engines than DuckDB: a local Spark, and text for Athena."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sqlglot

from tests.support.spark import Spark, local_spark
from tests.support.world import START, World, judge
from vaultaws.trail import queries
from vaultaws.trail.expect import Expected
from vaultaws.trail.verdicts import MarkKind, Standing

AT = START + timedelta(hours=1)
PARSERS = {"athena": "athena", "trino": "trino", "duckdb": "duckdb", "pyspark": "spark"}


def a_world() -> World:
    """People, a thief with a child, a lease that CloudTrail lacks, and a door that was opened."""
    world = World()
    for number, person in enumerate(("ada", "ben")):
        moment = AT + timedelta(minutes=number)
        key = world.mint(moment, sts=bool(number))
        world.audited(key, person, moment, clear=False)
        world.use(key, moment + timedelta(minutes=5), 2)
    thief = world.mint(AT, sts=True)
    child = world.mint(AT, sts=True, by=thief)
    world.use(child, AT, 3)
    world.audited("nobody-saw-it", "cleo", AT, clear=False)
    world.event("PutUserPolicy", world.events[0].access_key_id, AT, user="somebody")
    return world


@pytest.mark.integration
def test_spark_comes_to_the_same_verdicts(tmp_path: Path) -> None:
    if not shutil.which("java"):
        pytest.skip("no java on PATH, which Spark needs")
    session = local_spark(tmp_path)
    try:
        here = judge(a_world(), expected=Expected(networks=("10.0.0.0/8",), refusals=1))
        there = judge(
            a_world(),
            engine=Spark(session, tmp_path),
            expected=Expected(networks=("10.0.0.0/8",), refusals=1),
        )
    finally:
        session.stop()
    assert there == here
    standings = {verdict.standing for verdict in here.verdicts}
    assert standings == {Standing.EXPLAINED, Standing.UNEXPLAINED, Standing.MISSING}
    assert here.acts
    assert all(mark.kind in MarkKind for verdict in here.verdicts for mark in verdict.marks)


@pytest.mark.parametrize("name", queries.NAMES)
@pytest.mark.parametrize("dialect", ["athena", "trino", "duckdb", "pyspark"])
def test_each_query_can_be_said_in_each_dialect(name: str, dialect: str) -> None:
    text = queries.sql(name, dialect)
    assert isinstance(sqlglot.parse_one(text, dialect=PARSERS[dialect]), sqlglot.exp.Query)
    assert dialect not in queries.ZONELESS or "ZONE" not in text
