"""What holds for every stack: what is written is read, and nobody else's process is touched."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.machine import PlayedClock, PlayedProcess, PlayedTable
from tests.support.records import AWS, CONTAINER_SERVER, RECORD, SERVER
from vaultaws.errors import StackError
from vaultaws.local.awsprocess import AwsOptions
from vaultaws.local.processes import Machine, ProcessRecord, end, end_tagged
from vaultaws.local.state import FILE_NAME, read_record, write_record
from vaultaws.model import Secret

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
shares = st.floats(0, 1)
pids = st.integers(1, 6)
starts = st.sampled_from([1000.0, 1001.0, 5000.0])
processes = st.dictionaries(
    pids,
    st.builds(
        PlayedProcess,
        started=starts,
        tag=st.sampled_from(["", "ours", "theirs"]),
        deaf_to=st.sampled_from([frozenset(), frozenset({15}), frozenset({9, 15})]),
    ),
)


@given(tag=words, token=words, region=words, rate=shares, parts=st.integers(0, 2))
def test_a_record_survives_the_file(
    tag: str, token: str, region: str, rate: float, parts: int
) -> None:
    record = replace(
        RECORD,
        tag=tag,
        options=AwsOptions(region=region, fault_rate=rate),
        aws=replace(AWS, control_token=Secret(token)) if parts else None,
        server=replace(SERVER if rate < 0.5 else CONTAINER_SERVER, root_token=Secret(token))
        if parts == 2
        else None,
    )
    with tempfile.TemporaryDirectory() as directory:
        write_record(Path(directory), record)
        assert read_record(Path(directory)) == record


@given(st.binary(max_size=200))
def test_any_other_file_is_refused_and_never_a_traceback(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / FILE_NAME).write_bytes(content)
        with pytest.raises(StackError):
            read_record(Path(directory))


@given(table=processes, pid=pids, started=starts, boot=st.sampled_from(["boot-1", "boot-2"]))
def test_only_the_recorded_process_is_ever_signalled(
    table: dict[int, PlayedProcess], pid: int, started: float, boot: str
) -> None:
    before = dict(table)
    played = PlayedTable(table, boot)
    record = ProcessRecord(pid, started, "boot-1")
    survived = False
    try:
        end(record, Machine(PlayedClock(), played))
    except StackError:
        survived = True
    assert {one for one, _ in played.sent} <= {pid}
    mine = pid in before and boot == "boot-1" and abs(before[pid].started - started) < 2
    assert bool(played.sent) == mine
    assert (pid in played.processes) == (pid in before and (survived or not mine))


@given(table=processes)
def test_only_what_carries_the_tag_is_ended(table: dict[int, PlayedProcess]) -> None:
    theirs = {pid for pid, process in table.items() if process.tag != "ours"}
    played = PlayedTable(table)
    try:
        end_tagged("ours", Machine(PlayedClock(), played))
    except StackError:
        assert played.tagged("ours")
    else:
        assert set(played.processes) == theirs
    assert theirs <= set(played.processes)
