"""`vaultaws trail` on a real server: log files as a source, the story of a key, OCSF, doubts."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.logins import log_in, write_roles
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.leases.words import short_key
from vaultaws.local.aws.control_client import ControlClient

pytestmark = pytest.mark.integration
NOW = ("--since", "10m", "--lag", "0s")


def test_log_files_tell_what_the_history_tells_and_what_is_lost_is_said(
    wired: Wired, tmp_path: Path
) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ada").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    key = issued.credentials.access_key_id
    wired.client("ec2", issued.credentials).describe_instances()
    root = wired.client("sts", wired.root_credentials)
    stolen = root.get_federation_token(Name="vault-thief")["Credentials"]["AccessKeyId"]
    ControlClient(wired.aws.endpoint, wired.aws.control_token).flush()
    shell = operator(wired, tmp_path)
    folder = str(wired.aws.trail)

    code, out, _ = here(shell, "trail", "check", *NOW, "--json")
    history = json.loads(out)
    assert code == 3
    code, out, _ = here(shell, "trail", "check", *NOW, "--json", "--source", folder)
    files = json.loads(out)
    assert code == 3
    for told in (history, files):
        seen = {row["access_key_id"]: row for row in told["credentials"]}
        assert (seen[key]["standing"], seen[key]["person"]) == ("explained", "ada")
        assert seen[key]["use"]["actions"] == ["ec2 DescribeInstances"]
        assert seen[stolen]["standing"] == "unexplained"
    assert files["counts"] == history["counts"]

    code, out, _ = here(shell, "trail", "check", *NOW, "--ocsf")
    (line,) = [json.loads(text) for text in out.splitlines()]
    assert line["evidences"][0]["data"]["access_key_id"] == stolen

    code, _, err = here(shell, "trail", "check", "--since", "91d")
    assert (code, "does not reach back that far" in err) == (1, True)

    torn = Path(folder) / "torn.json.gz"
    torn.write_bytes(gzip.compress(b'{"Records":[{"eventVersion"')[:-9])
    try:
        code, out, _ = here(shell, "trail", "check", *NOW, "--source", folder)
    finally:
        torn.unlink()
    assert code == 3
    assert "not read: 1 file" in out
    assert "torn.json.gz" in out


def test_a_digest_is_asked_of_the_server_once(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    for _ in range(3):
        log_in(wired, "ada").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    shell = operator(wired, tmp_path)
    first = _asked_for(wired, shell)
    assert first >= 4
    assert _asked_for(wired, shell) == 1


def _asked_for(wired: Wired, shell: Shell) -> int:
    """How many digests the server was asked for by one check."""
    before = _audit_hashes(wired)
    code, _, err = here(shell, "trail", "check", *NOW, "--no-orphans")
    assert code in {0, 3}, err
    return _audit_hashes(wired) - before


def _audit_hashes(wired: Wired) -> int:
    lines = wired.server.audit.read_bytes().splitlines()
    return sum(b'"type":"response"' in line and b'"sys/audit-hash/' in line for line in lines)


def test_what_the_history_answered_is_not_asked_for_again(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, "")
    shell = operator(wired, tmp_path, XDG_CACHE_HOME=str(tmp_path / "caches"))
    now = datetime.now(UTC)
    window = [f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (24, 2)]
    asked = []
    for _ in range(2):
        code, _, err = here(shell, "trail", "check", "--since", window[0], "--until", window[1])
        assert code == 0, err
        asked.append(_look_ups(wired))
    assert asked[0] > 0
    assert asked[1] == asked[0]
    kept = tmp_path / "caches" / "vaultaws" / "trail" / "history"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in kept.iterdir()} == {0o600}


def _look_ups(wired: Wired) -> int:
    """How often CloudTrail was asked what the mount's own user did."""
    ControlClient(wired.aws.endpoint, wired.aws.control_token).flush()
    files = [gzip.decompress(file.read_bytes()) for file in wired.aws.trail.rglob("*.json.gz")]
    records = [record for file in files for record in json.loads(file)["Records"]]
    asked = [one["requestParameters"] for one in records if one["eventName"] == "LookupEvents"]
    return sum(wired.root_user in json.dumps(one) for one in asked)


def test_a_key_s_story_is_told_by_key_lease_and_person(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    declare(wired, tmp_path, "")
    issued = log_in(wired, "ben").issue(wired.mount, "reader", sts=False)
    key = issued.credentials.access_key_id
    wired.client("ec2", issued.credentials).describe_instances()
    wired.vault.revoke_lease(issued.lease.id)
    shell = operator(wired, tmp_path)

    code, out, _ = here(shell, "trail", "explain", short_key(key), *NOW)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"{short_key(key)} · ben · reader · explained"
    told = "\n".join(lines)
    for words in (
        "CreateAccessKey for ",
        f"ben asked for {wired.mount}/creds/reader from 127.0.0.1",
        "ec2 DescribeInstances in ",
        "the lease was revoked",
        "rests on     the audit log's request",
    ):
        assert words in told
    code, out, _ = here(shell, "trail", "explain", issued.lease.id, *NOW, "--json")
    (credential,) = json.loads(out)["credentials"]
    assert credential["access_key_id"] == key
    assert [moment["side"] for moment in credential["timeline"]].count("vault") == 2
    code, out, said = here(shell, "trail", "explain", "nobody", *NOW)
    assert (code, out) == (1, "")
    assert "error: nothing is known of nobody" in said
    assert "do:    look further back" in said


def test_use_from_where_nobody_should_be_is_found(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    file = declare(wired, tmp_path, "")
    with file.open("a", encoding="utf-8") as opened:
        opened.write('networks = ["10.0.0.0/8"]\nregions = ["ap-south-1"]\n')
    issued = log_in(wired, "ada").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    wired.client("ec2", issued.credentials).describe_instances()
    code, out, _ = here(operator(wired, tmp_path), "trail", "check", *NOW)
    assert code == 3
    assert "used from an unexpected network  !  " in out
    assert "used in an unexpected region  !  " in out


def test_a_token_that_was_cut_off_is_no_finding_until_the_deny_goes(
    wired: Wired, tmp_path: Path
) -> None:
    """By the event history and by log files; what stands in IAM now is read as well."""
    write_roles(wired)
    declare(wired, tmp_path, "")
    shell = operator(wired, tmp_path)
    issued = log_in(wired, "ada").issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    key = issued.credentials.access_key_id
    wired.vault.revoke_lease(issued.lease.id)
    code, out, _ = here(shell, "trail", "check", *NOW, "--json")
    assert (code, kinds(out)) == (3, ["alive beyond its lease"])
    code, out, said = here(shell, "leases", "revoke", "--key", key, "--cut", "--yes")
    assert code == 0, (out, said)
    user, name = wired.root_user, "vaultaws-cut-tokens"
    folder = ("--source", str(wired.aws.trail))

    for source in ((), folder):
        ControlClient(wired.aws.endpoint, wired.aws.control_token).flush()
        code, out, _ = here(shell, "trail", "check", *NOW, *source)
        assert code == 0, out
        assert f"denied in AWS, its lease over: {short_key(key)} since " in out
        assert f"(by the policy {name} on user {user}; event " in out
        (row,) = json.loads(here(shell, "trail", "check", *NOW, *source, "--json")[1])[
            "credentials"
        ]
        assert row["denied_by"] == f"the policy {name} on user {user}"
        assert row["alive_beyond_lease_until"] is None
    _, out, _ = here(shell, "trail", "explain", key, *NOW)
    assert f"denied everything by the policy {name} on user {user}" in out
    assert "the token ends (to come)" in out

    wired.client("iam").delete_user_policy(UserName=user, PolicyName=name)
    for source in ((), folder):
        ControlClient(wired.aws.endpoint, wired.aws.control_token).flush()
        code, out, _ = here(shell, "trail", "check", *NOW, *source, "--json")
        assert (code, kinds(out)) == (3, ["denied no more"])


def kinds(out: str) -> list[str]:
    return [finding["kind"] for finding in json.loads(out)["findings"]]
