"""When each SDK runs a credential_process again: what docs/credentials.md says of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.clients import Together
from vaultaws.local.awsprocess import LocalAws

CALLS = 3
ASKS_AGAIN_BELOW_MINUTES = {"python": 15, "js": 5, "go": 0}


PROGRAM = """\
#!{python}
import datetime, json
with open({noted!r}, "a") as file:
    file.write("run\\n")
end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes={minutes})
key = {{"AccessKeyId": {key_id!r}, "SecretAccessKey": {secret!r}}}
print(json.dumps({{"Version": 1, "Expiration": end.isoformat(), **key}}))
"""


def write_process(aws: LocalAws, directory: Path, minutes: int) -> dict[str, str]:
    """A process that gives the same key with the same time left, and notes each run of it."""
    script, config = directory / "process", directory / "config"
    program = PROGRAM.format(
        python=sys.executable,
        noted=str(directory / "runs"),
        minutes=minutes,
        key_id=aws.access_key_id,
        secret=aws.secret_access_key.reveal(),
    )
    script.write_text(program)
    script.chmod(0o755)
    config.write_text(f"[default]\nregion = eu-west-2\ncredential_process = {script}\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": aws.endpoint,
    }


@pytest.mark.parametrize("minutes", [4, 10, 16])
def test_an_sdk_asks_again_when_little_time_is_left(
    minutes: int, local_aws: LocalAws, together: Together, tmp_path: Path
) -> None:
    for sdk, below in ASKS_AGAIN_BELOW_MINUTES.items():
        directory = tmp_path / sdk
        directory.mkdir()
        client = together.start_one(sdk, write_process(local_aws, directory, minutes), directory)
        for _ in range(CALLS):
            said = client.call("identity")
            assert said.ok, said.said
        runs = len((directory / "runs").read_text().splitlines())
        assert runs == 1 if minutes > below else runs >= CALLS, (sdk, runs)
