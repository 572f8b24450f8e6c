"""`vaultaws leases list` on real servers and IAM: users without a lease, leases without a user."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.engine import a_role
from tests.support.people import operator, person
from tests.support.wired import Wired, must, unwire, wire_up
from vaultaws.leases.words import short_key
from vaultaws.lint.username import Sample, user_name
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.model import CredentialType

OLD_ENOUGH_SECONDS = 180


@pytest.fixture
def alone(
    wire: Callable[[LocalAws, AwsOptions], Wired],
    start_aws: Callable[[AwsOptions], LocalAws],
    aws_options: AwsOptions,
) -> Wired:
    """A mount whose account has no users of others, and a clock that may be moved."""
    return wire(start_aws(aws_options), aws_options)


def control(wired: Wired) -> ControlClient:
    return ControlClient(wired.aws.endpoint, wired.aws.control_token)


def stray(wired: Wired, login: str) -> tuple[str, str]:
    """A user as the engine would name it, and its key."""
    iam, now = wired.client("iam"), int(datetime.now(UTC).timestamp())
    name = user_name("", "reader", person=login, sample=Sample("q", now))
    iam.create_user(UserName=name)
    return name, iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]


def delete_user(wired: Wired, key: str) -> None:
    """Behind Vault's back, with all that it has."""
    iam = wired.client("iam")
    name = iam.get_access_key_last_used(AccessKeyId=key)["UserName"]
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)


def test_what_vault_and_iam_do_not_agree_on_is_told(alone: Wired, tmp_path: Path) -> None:
    alone.vault.write_role(alone.mount, a_role("reader"))
    made = [alone.vault.issue(alone.mount, "reader", sts=False) for _ in range(3)]
    delete_user(alone, made[1].credentials.access_key_id)
    name, key = stray(alone, "userpass-ben")
    shell = operator(alone, tmp_path, VAULTAWS_AUDIT_LOG=str(alone.server.audit))
    control(alone).advance(OLD_ENOUGH_SECONDS)
    told = shell.json("leases", "list")
    assert told["notes"] == []
    gone = {one["lease_id"]: one["iam_user_gone"] for one in told["credentials"]}
    assert gone == {one.lease.id: one is made[1] for one in made}
    (user,) = told["users_without_lease"]
    assert (user["name"], user["role"], user["person"]) == (name, "reader", "ben")
    assert user["access_keys"][0]["access_key_id"] == key
    text = shell.run("leases", "list").stdout
    assert "user gone !" in text
    assert f"1 IAM user has no lease (vaultaws leases show {short_key(key)})" in text
    assert f"vaultaws leases revoke {made[1].lease.id}" in text
    table = csv.DictReader(
        io.StringIO(shell.run("leases", "list", "--csv", "--person", "ben").stdout)
    )
    assert [(row["lease_state"], row["iam_user"]) for row in table] == [("none", name)]
    cured = shell.run("leases", "revoke", made[1].lease.id, "--yes")
    assert cured.returncode == 0, cured.stdout
    control(alone).configure(fault_rate=0.2)
    left = shell.json("leases", "list")
    control(alone).configure(fault_rate=0)
    assert {one["lease_id"] for one in left["credentials"]} == {*gone} - {made[1].lease.id}
    assert left["users_without_lease"] == told["users_without_lease"]


def test_without_aws_the_leases_are_listed_and_what_is_missing_is_said(
    wired: Wired, tmp_path: Path
) -> None:
    wired.vault.write_role(wired.mount, a_role("reader"))
    made = wired.vault.issue(wired.mount, "reader", sts=False)
    for more, why in (
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "no server answers"),
    ):
        told = operator(wired, tmp_path, **more).json("leases", "list")
        assert [one["lease_id"] for one in told["credentials"]] == [made.lease.id]
        assert told["users_without_lease"] is None
        (note,) = told["notes"]
        assert note.startswith("IAM users without a lease were not looked for: ")
        assert why in note
        assert "iam:ListUsers" in note


def test_a_caller_without_the_rights_hears_which(wired: Wired, tmp_path: Path) -> None:
    """In AWS it is iam:ListUsers, in Vault the roles."""
    wired.vault.write_role(wired.mount, a_role("reader"))
    iam, name = wired.client("iam"), f"nobody-{wired.mount}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    (note,) = operator(wired, tmp_path, **keys).json("leases", "list")["notes"]
    assert "AccessDenied" in note
    rules = 'path "sys/leases/*" { capabilities = ["list", "read", "update", "sudo"] }'
    must(wired.ask(f"sys/policies/acl/leases-{wired.mount}", {"policy": rules}))
    poor = person(wired, tmp_path, "ben", f"leases-{wired.mount}")
    (note,) = poor.json("leases", "list")["notes"]
    assert "were not looked for" in note
    assert f"{wired.mount}/roles" in note


def test_users_of_another_account_are_not_held_against_leases(
    alone: Wired, local_aws: LocalAws, tmp_path: Path
) -> None:
    """There every lease would seem to have lost its user."""
    alone.vault.write_role(alone.mount, a_role("reader"))
    alone.vault.issue(alone.mount, "reader", sts=False)
    foreign = replace(alone, aws=local_aws)
    (note,) = operator(foreign, tmp_path).json("leases", "list")["notes"]
    assert "does not know Vault's own key" in note


def test_a_mount_without_users_asks_iam_nothing(wired: Wired, tmp_path: Path) -> None:
    wired.vault.write_role(wired.mount, a_role("sts", CredentialType.FEDERATION_TOKEN))
    told = operator(wired, tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="").json(
        "leases", "list"
    )
    assert (told["users_without_lease"], told["notes"]) == ([], [])


def test_several_mounts_are_one_listing(wired: Wired, tmp_path: Path) -> None:
    other = wire_up(wired.server, wired.aws, wired.options)
    try:
        for one, role in ((wired, "here"), (other, "there")):
            one.vault.write_role(one.mount, a_role(f"{role}-{one.mount}"))
            one.vault.issue(one.mount, f"{role}-{one.mount}", sts=False)
        shell = operator(wired, tmp_path, VAULTAWS_AUDIT_LOG=str(wired.server.audit))
        both = ("--mount", wired.mount, "--mount", other.mount)
        told = shell.json("leases", "list", *both)
        assert (told["mount"], told["mounts"]) == (None, [wired.mount, other.mount])
        assert [one["mount"] for one in told["credentials"]] == [wired.mount, other.mount]
        alone = shell.json("leases", "list")
        assert (alone["mount"], len(alone["credentials"])) == (wired.mount, 1)
    finally:
        unwire(other)
