"""The local AWS as a process, and the edges of starting one."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.aws_clients import client, document, refusal
from vaultaws.errors import StackError
from vaultaws.local.aws.__main__ import main
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Secret

START_SECONDS = 60


@contextmanager
def process(state_file: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vaultaws.local.aws", "--state-file", str(state_file)]
    running = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def state_of(state_file: Path, running: subprocess.Popen[str]) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while not state_file.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    state: dict[str, Any] = json.loads(state_file.read_text())
    return state


def test_a_process_from_start_to_sigterm(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    arguments = ("--account-id", "210987654321", "--region", "eu-west-1", "--iam-delay", "5")
    with process(file, *arguments) as running:
        state = state_of(file, running)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().count("\n") == 1
        sts = boto3.client(
            "sts",
            region_name=state["region"],
            endpoint_url=state["endpoint"],
            aws_access_key_id=state["access_key_id"],
            aws_secret_access_key=state["secret_access_key"],
        )
        assert sts.get_caller_identity()["Account"] == "210987654321"
        control = ControlClient(state["endpoint"], Secret(state["control_token"]))
        assert control.settings()["iam_delay"] == 5
        command_line = Path(f"/proc/{running.pid}/cmdline")
        if command_line.exists():
            assert state["secret_access_key"] not in command_line.read_text()
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=30)
        assert (running.returncode, out, err) == (0, "", "")
        assert list(tmp_path.iterdir()) == [file]


def test_a_taken_port_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError) as error:
            LocalAws(port=port)
        assert str(port) in error.value.what
        assert main(["--state-file", str(tmp_path / "s"), "--port", str(port)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--account-id", "12"],
        ["--port", "-1"],
        ["--port", "70000"],
        ["--iam-delay", "-1"],
        ["--fault-rate", "2"],
    ],
)
def test_wrong_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert main(["--state-file", str(tmp_path / "s"), *arguments]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_state_file_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "state.json"
    with process(file) as running:
        _, err = running.communicate(timeout=START_SECONDS)
        assert running.returncode == 1
        assert "cannot write its state file" in err
        assert "Traceback" not in err


def test_only_this_machine_reaches_it(aws: LocalAws) -> None:
    assert aws.endpoint.startswith("http://127.0.0.1:")


def test_accounts_are_worlds_apart(aws: LocalAws) -> None:
    with LocalAws() as other:
        client(other, "iam").create_user(UserName="ada")
        assert refusal(client(aws, "iam").get_user, UserName="ada").code == "NoSuchEntity"
        refused = refusal(client(aws, "sts", other.admin).get_caller_identity)
        assert refused.code == "InvalidClientTokenId"


def test_an_accounts_bucket_names_are_free_when_it_ends() -> None:
    place = {"LocationConstraint": "eu-west-2"}
    for _ in range(2):
        with LocalAws(seed=1) as account:
            client(account, "s3").create_bucket(
                Bucket="one-of-a-kind", CreateBucketConfiguration=place
            )


def test_warming_up_does_no_harm(aws: LocalAws) -> None:
    aws.warm()
    assert client(aws, "ec2").describe_instances()["Reservations"] == []


def test_a_bucket_a_stream_and_a_trail(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(
        Bucket="streams-and-more", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    for algorithm in ("CRC32", "SHA256"):
        s3.put_object(
            Bucket="streams-and-more",
            Key=algorithm,
            Body=b"x" * 70_000,
            ChecksumAlgorithm=algorithm,
            Metadata={"under_scored": "kept"},
        )
        got = s3.get_object(Bucket="streams-and-more", Key=algorithm)
        assert got["Body"].read() == b"x" * 70_000
        assert got["Metadata"] == {"under_scored": "kept"}
    head = s3.head_object(Bucket="streams-and-more", Key="CRC32")
    assert head["ContentLength"] == 70_000
    assert refusal(s3.head_object, Bucket="streams-and-more", Key="no").status == 404
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    s3.put_bucket_policy(Bucket="streams-and-more", Policy=document(policy))
    trail = client(aws, "cloudtrail")
    trail.create_trail(Name="one", S3BucketName="streams-and-more")
    assert trail.describe_trails()["trailList"][0]["Name"] == "one"
