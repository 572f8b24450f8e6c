"""What a shell is told, what a second `up` may ask, and what is left of a stale stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.machine import PlayedClock, PlayedProcess, PlayedTable
from tests.support.records import AWS, CONTAINER_SERVER, RECORD, SERVER
from vaultaws.errors import StackError
from vaultaws.local.awsprocess import AwsOptions, arguments, without_aws
from vaultaws.local.directories import Directories
from vaultaws.local.processes import Machine
from vaultaws.local.stack import (
    STALE_VARIABLES,
    StackOptions,
    StackState,
    down,
    refuse_others,
    status,
)
from vaultaws.local.state import read_record, write_record
from vaultaws.model import Secret

STATE = StackState(SERVER, AWS, AwsOptions())
WHOLE = replace(RECORD, aws=AWS, server=SERVER)


def test_the_environment_points_at_the_stack_and_masks_its_secrets() -> None:
    found = STATE.environment()
    assert found["VAULT_ADDR"] == SERVER.address
    assert found["AWS_ENDPOINT_URL"] == AWS.endpoint
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-2"
    assert isinstance(found["VAULT_TOKEN"], Secret)
    assert isinstance(found["AWS_SECRET_ACCESS_KEY"], Secret)
    assert "root-token" not in str(found)


def test_a_child_gets_the_stack_and_nothing_stale() -> None:
    stale = dict.fromkeys(STALE_VARIABLES, "old")
    child = STATE.environ_for_child({**stale, "PATH": "/bin", "VAULT_ADDR": "http://old"})
    assert child["PATH"] == "/bin"
    assert child["VAULT_ADDR"] == SERVER.address
    assert child["VAULT_TOKEN"] == "root-token"
    assert not set(STALE_VARIABLES) & set(child)


def test_a_server_in_a_virtual_machine_calls_this_machine_by_its_name_there() -> None:
    assert STATE.server_aws_endpoint == "http://127.0.0.1:2"
    desktop = replace(STATE, server=CONTAINER_SERVER)
    assert desktop.server_aws_endpoint == "http://host.docker.internal:2"


def test_what_was_not_asked_takes_the_default() -> None:
    asked = StackOptions(fault_rate=0.2, iam_delay_seconds=8.0)
    assert asked.for_aws() == AwsOptions(fault_rate=0.2, iam_delay_seconds=8.0)


@pytest.mark.parametrize(
    "options",
    [
        StackOptions(),
        StackOptions(server="auto"),
        StackOptions(server="openbao", region="eu-west-2", fault_rate=0.0),
    ],
)
def test_a_stack_as_asked_is_reused(options: StackOptions) -> None:
    refuse_others(options, WHOLE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (StackOptions(server="vault"), "server is openbao, not vault"),
        (StackOptions(iam_delay_seconds=8.0), "iam-delay is 0.0, not 8.0"),
        (StackOptions(region="us-east-1"), "region is eu-west-2, not us-east-1"),
    ],
)
def test_a_stack_that_is_not_as_asked_is_refused_with_the_difference(
    options: StackOptions, said: str
) -> None:
    with pytest.raises(StackError) as caught:
        refuse_others(options, WHOLE)
    assert caught.value.why == said
    assert "vaultaws down" in caught.value.do


def test_the_local_aws_sees_nobodys_aws_settings() -> None:
    assert without_aws({"AWS_PROFILE": "x", "AWS_CA_BUNDLE": "y", "PATH": "z"}) == {"PATH": "z"}
    said = arguments(AwsOptions(fault_rate=0.5), Path("/a"), Path("/t"))
    assert said[said.index("--fault-rate") + 1] == "0.5"
    assert said[said.index("--state-file") + 1] == "/a"


@pytest.fixture
def directories(tmp_path: Path) -> Directories:
    made = Directories(tmp_path / "cache", tmp_path / "state")
    made.state.mkdir()
    return made


def machine(processes: Mapping[int, PlayedProcess], boot: str = "boot-1") -> Machine:
    return Machine(PlayedClock(), PlayedTable(dict(processes), boot))


def both(started: float = 1000.0, tag: str = "tag") -> dict[int, PlayedProcess]:
    return {10: PlayedProcess(started, tag), 20: PlayedProcess(started, tag)}


STALE = [
    pytest.param(machine({}), id="dead pids"),
    pytest.param(machine(both(5000.0, "")), id="reused pids"),
    pytest.param(machine(both(tag=""), boot="boot-2"), id="reboot"),
]


@pytest.mark.parametrize("stale", STALE)
def test_a_stale_stack_is_seen_and_forgotten_without_a_signal(
    directories: Directories, stale: Machine
) -> None:
    write_record(directories.state, replace(WHOLE, workdir=directories.state / "stack-tag"))
    seen = status(directories, machine=stale)
    assert seen.state is None
    assert [part.alive for part in seen.parts] == [False, False]
    assert down(directories, machine=stale)
    assert read_record(directories.state) is None
    assert isinstance(stale.table, PlayedTable)
    assert stale.table.sent == []


def test_down_ends_both_and_a_plugin_and_nothing_else(directories: Directories) -> None:
    workdir = directories.state / "stack-tag"
    workdir.mkdir()
    write_record(directories.state, replace(WHOLE, workdir=workdir))
    others = {11: PlayedProcess(1001.0, "tag"), 99: PlayedProcess(1.0, "another")}
    used = machine({**both(), **others})
    assert down(directories, machine=used)
    assert isinstance(used.table, PlayedTable)
    assert set(used.table.processes) == {99}
    assert not workdir.exists()
    assert not down(directories, machine=used)


def test_a_part_that_survives_keeps_the_record_and_the_rest_is_ended(
    directories: Directories,
) -> None:
    write_record(directories.state, replace(WHOLE, workdir=directories.state / "stack-tag"))
    used = machine(
        {10: PlayedProcess(1000.0, "", frozenset({9, 15})), 20: PlayedProcess(1000.0, "tag")}
    )
    with pytest.raises(StackError) as caught:
        down(directories, machine=used)
    assert "process 10" in caught.value.what
    assert isinstance(used.table, PlayedTable)
    assert set(used.table.processes) == {10}
    assert read_record(directories.state) is not None


def test_a_half_started_stack_is_shown_and_taken_down(directories: Directories) -> None:
    write_record(directories.state, replace(RECORD, aws=AWS))
    used = machine({20: PlayedProcess(1000.0, "tag")})
    assert [part.name for part in status(directories, machine=used).parts] == ["local AWS"]
    assert down(directories, machine=used)
    assert isinstance(used.table, PlayedTable)
    assert used.table.processes == {}


def test_nothing_was_ever_up(tmp_path: Path) -> None:
    nowhere = Directories(tmp_path / "c", tmp_path / "s")
    assert status(nowhere).parts == ()
    assert not down(nowhere)
    assert not nowhere.state.exists()
