"""`credential_process = vaultaws creds ROLE --format process`, under the SDKs and the AWS CLI."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.clients import Together
from tests.support.profiles import (
    Profile,
    run_aws,
    run_process,
    write_profile,
    write_token_role,
    write_user_role,
)
from tests.support.waiting import until
from tests.support.wired import Wired

QUARTER_HOUR = timedelta(minutes=15)


def test_the_document_is_exactly_what_the_sdks_read(tokens: Profile) -> None:
    done = run_process(tokens)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }
    assert document["Version"] == 1
    left = datetime.fromisoformat(document["Expiration"]) - datetime.now(UTC)
    assert timedelta() < left <= QUARTER_HOUR


def test_an_ended_user_is_replaced_by_a_new_one(
    wired: Wired, tmp_path: Path, together: Together
) -> None:
    """The key dies with its lease. The programs live on, and their next call has another."""
    write_user_role(wired, "brief", "12s")
    profile = write_profile(wired, tmp_path / "brief", "brief")
    clients = together.start(profile.environ, profile.directory)
    first = {name: client.call("identity") for name, client in clients.items()}
    for name, said in first.items():
        assert said.ok, (name, said.said)
    until(lambda: profile.leases() == [])
    for name, client in clients.items():
        said = client.call("identity")
        assert said.ok, (name, said.said)
        assert said.key_id not in {each.key_id for each in first.values()}


def test_a_failure_leaves_stdout_empty_and_its_reason_reaches_people(
    aws: Path, wired: Wired, tmp_path: Path, together: Together
) -> None:
    write_token_role(wired, "reader-sts", "15m")
    profile = write_profile(wired, tmp_path / "nobody", "raeder-sts")
    alone = run_process(profile)
    assert (alone.returncode, alone.stdout) == (2, "")
    reason = alone.stderr.splitlines()[0]
    assert "raeder-sts" in reason

    said: dict[str, str] = {}
    for name, client in together.start(profile.environ, profile.directory).items():
        answer = client.call("identity")
        assert not answer.ok
        said[name] = answer.said + client.words.read_text()
    done = run_aws(aws, profile, "sts", "get-caller-identity")
    assert done.returncode != 0
    said["aws"] = done.stderr
    for name, words in said.items():
        assert reason in words, (name, words)
