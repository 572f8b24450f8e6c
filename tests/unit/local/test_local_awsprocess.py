"""The local AWS as a process: it is ready when its file is whole, and its end is told."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vaultaws.errors import StackError
from vaultaws.interrupts import deferred_signals
from vaultaws.local.awsprocess import AwsOptions, start_local_aws
from vaultaws.local.processes import Machine, end, is_alive

ANSWER = {
    "endpoint": "http://127.0.0.1:9",
    "access_key_id": "AKIA" + "0" * 16,
    "secret_access_key": "made-up",
    "control_token": "made-up",
}


def shell(script: str) -> list[str]:
    """A program in place of the local AWS."""
    return ["/bin/sh", "-c", script, "aws"]


def test_it_is_ready_when_its_file_is_whole(tmp_path: Path) -> None:
    """A file that is there and not yet whole is waited for."""
    machine = Machine()
    whole = tmp_path / "whole"
    whole.write_text(json.dumps(ANSWER))
    answer = tmp_path / "aws.json"
    script = f"echo '{{' >{answer}; sleep 0.2; cp {whole} {answer}; exec sleep 60"
    aws = start_local_aws(
        AwsOptions(), tmp_path, tag=f"aws-{tmp_path.name}", machine=machine, command=shell(script)
    )
    try:
        assert aws.endpoint == ANSWER["endpoint"]
        assert "made-up" not in repr(aws)
        assert is_alive(aws.process, machine.table)
    finally:
        end(aws.process, machine)


def test_one_that_ends_early_shows_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        start_local_aws(
            AwsOptions(),
            tmp_path,
            tag=f"aws-{tmp_path.name}",
            machine=Machine(),
            command=shell("echo first; echo No module named moto >&2; exit 1"),
        )
    assert caught.value.why == "No module named moto"


def test_an_old_answer_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "aws.json").write_text(json.dumps(ANSWER))
    with pytest.raises(StackError):
        start_local_aws(
            AwsOptions(),
            tmp_path,
            tag=f"aws-{tmp_path.name}",
            machine=Machine(),
            command=shell("exit 1"),
        )


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    def handler_inside() -> object:
        with deferred_signals():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handler_inside).result() is signal.getsignal(signal.SIGINT)
