"""The cache on real servers: herds, revocation, a server that is gone, and nothing in clear."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.commands import Shell
from tests.support.kernel import cleared, real_keys
from tests.support.people import ACCESS, TWO_ROLES, declare, operator, person, root_shell
from tests.support.waiting import until
from tests.support.wired import Wired
from vaultaws.cache.flight import Flight
from vaultaws.clock import SystemClock
from vaultaws.leases.journal import Journal

HERD = 50


@pytest.fixture
def declared(wired: Wired, tmp_path: Path) -> Iterator[Shell]:
    """The operator's shell, with sets kept in the kernel's keyring; they go with the test."""
    declare(wired, tmp_path, TWO_ROLES, ACCESS)
    done = root_shell(wired, tmp_path).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    shell = operator(wired, tmp_path, VAULTAWS_CACHE="kernel")
    with cleared(real_keys(), Flight(str(shell.state / "cache")).keys):
        yield shell


def issue(shell: Shell, role: str, *arguments: str) -> dict[str, Any]:
    done = shell.run("creds", role, "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def minted(wired: Wired, event: str) -> list[str]:
    """The key ids that AWS says were minted for this mount's own user."""
    found = wired.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}]
    )["Events"]
    records = [json.loads(record["CloudTrailEvent"]) for record in found]
    return [
        record["responseElements"]["credentials"]["accessKeyId"]
        for record in records
        if record["userIdentity"].get("userName") == wired.root_user
    ]


def test_fifty_cold_processes_ask_once(declared: Shell, wired: Wired) -> None:
    running = [declared.start("creds", "reader-sts", "--format", "process") for _ in range(HERD)]
    ended = [(process.communicate(timeout=240), process.returncode) for process in running]
    assert {code for _, code in ended} == {0}
    assert len({out for (out, _), _ in ended}) == 1
    key = json.loads(ended[0][0][0])["AccessKeyId"]
    assert len(wired.vault.list_leases(f"{wired.mount}/sts/reader-sts")) == 1
    until(lambda: minted(wired, "GetFederationToken") == [key])


def test_every_process_of_a_failing_herd_has_the_error(declared: Shell) -> None:
    running = [declared.start("creds", "no-such-role") for _ in range(4)]
    ended = [(process.communicate(timeout=240), process.returncode) for process in running]
    assert {(out, code) for (out, _), code in ended} == {("", 2)}
    assert all("error:" in words for (_, words), _ in ended)


def test_what_is_revoked_is_not_handed_out_again(declared: Shell) -> None:
    first = issue(declared, "reader")
    again = issue(declared, "reader")
    assert (first["cached"], again["cached"]) == (False, True)
    assert again["access_key_id"] == first["access_key_id"]
    assert declared.run("leases", "revoke", first["lease_id"], "--yes").returncode == 0
    fresh = issue(declared, "reader")
    assert fresh["cached"] is False
    assert fresh["access_key_id"] != first["access_key_id"]


def test_a_new_set_is_had_by_saying_so_and_is_not_kept(declared: Shell) -> None:
    first = issue(declared, "reader-sts")
    assert issue(declared, "reader-sts", "--no-cache")["cached"] is False
    assert issue(declared, "reader-sts")["access_key_id"] == first["access_key_id"]


def test_an_sdk_that_asks_before_every_call_gets_one_lease_of_fifteen_minutes(
    declared: Shell, wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore asks again when less than 15 minutes are left: here, always."""
    words = f"{sys.executable} -m vaultaws creds reader-sts --format process"
    (tmp_path / "aws.ini").write_text(f"[profile reader]\ncredential_process = {words}\n")
    for name, value in {**declared.environ, "AWS_CONFIG_FILE": str(tmp_path / "aws.ini")}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.Session(profile_name="reader").client("ec2", region_name="eu-west-2")
    for _ in range(5):
        client.describe_instances()
    assert len(wired.vault.list_leases(f"{wired.mount}/sts/reader-sts")) == 1


def test_another_person_another_life_and_another_token_are_other_sets(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    ada, ben = (
        Shell(tmp_path, {**shell.more, "VAULTAWS_CACHE": "kernel"})
        for shell in (
            person(wired, tmp_path, name, f"vaultaws-{wired.mount}-analysts")
            for name in ("ada", "ben")
        )
    )
    sets = [
        issue(declared, "reader-sts"),
        issue(declared, "reader-sts", "--ttl", "20m"),
        issue(ada, "reader-sts"),
        issue(ben, "reader-sts"),
    ]
    assert [found["cached"] for found in sets] == [False] * 4
    assert len({found["access_key_id"] for found in sets}) == 4
    assert issue(ben, "reader-sts")["access_key_id"] == sets[3]["access_key_id"]


def test_a_key_is_good_no_longer_than_the_token_that_asked(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    token = wired.ask(
        "auth/token/create", {"ttl": "200s", "policies": [f"vaultaws-{wired.mount}-analysts"]}
    ).body["auth"]["client_token"]
    short = Shell(tmp_path, {**declared.more, "VAULT_TOKEN": token})
    found = issue(short, "reader")
    ends = wired.vault.lookup_lease(found["lease_id"]).expires_at
    assert ends is not None
    assert found["lease_expires_at"] < f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    assert issue(short, "reader")["lease_expires_at"] == found["lease_expires_at"]


def test_only_the_run_that_asked_journals_and_its_set_is_handed_over(declared: Shell) -> None:
    issue(declared, "reader-sts")
    issue(declared, "reader-sts")
    with Journal(declared.state / "journal", SystemClock()) as journal:
        (record,) = journal.ledger().records
        assert (record.handed_over, record.is_open) == (True, False)
        assert journal.pending() == ()


def test_no_secret_is_on_disk(declared: Shell, tmp_path: Path) -> None:
    found = issue(declared, "reader-sts")
    issue(declared, "reader-sts", "--format", "json")
    hidden = (found["secret_access_key"].encode(), found["session_token"].encode())
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".lock" and path.parent.name == "cache" for path in written)
    for path in written:
        content = path.read_bytes()
        assert not any(secret in content for secret in hidden), path


def test_a_file_is_private_and_only_where_it_is_allowed(declared: Shell, tmp_path: Path) -> None:
    allowed = Shell(tmp_path, {**declared.more, "VAULTAWS_CACHE": "file"})
    name = f"session-{secrets.token_hex(4)}"
    found = issue(allowed, "reader-sts", "--region", name)
    assert issue(allowed, "reader-sts", "--region", name)["lease_id"] == found["lease_id"]
    (kept,) = (allowed.state / "cache").glob("*.set")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
