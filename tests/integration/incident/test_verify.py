"""`incident verify` on real servers: dead, alive or unknown, each when it is so."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.contained import CASE, Contained, contained
from tests.support.wired import must, wire_up
from vaultaws.incident import denyblock
from vaultaws.incident.model import StepKind
from vaultaws.incident.status import failed_of
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer


def test_what_was_contained_is_proved_dead(case: Contained) -> None:
    found = case.told("verify")
    by_key = {each["access_key_id"]: each for each in found["credentials"]}
    assert set(by_key) == {
        case.token.credentials.access_key_id,
        case.user.credentials.access_key_id,
    }
    assert {each["standing"] for each in by_key.values()} == {"dead"}, found
    assert {each["how"] for each in by_key.values()} == {"canary"}
    assert [each["trial"] for each in found["canaries"]] == ["refused", "refused"]
    assert all(each["times"] >= 5 for each in found["canaries"])
    assert [each["held"] for each in found["checks"]] == ["holds"] * len(found["checks"])
    assert found["passed"] is True
    kept = case.cases.read(CASE)
    assert kept.verified["passed"] is True
    assert kept.verified_at is not None
    for secret in (case.token.credentials, case.user.credentials):
        assert secret.secret_access_key.reveal() not in json.dumps(found)
    again = case.shell.run("incident", "verify")
    assert again.returncode == 0, again.stderr
    assert "2 credentials: 2 dead" in again.stdout
    assert "All of it is dead, and what was stopped is stopped." in again.stdout


def test_what_a_suspect_undid_is_noticed_and_open_again(case: Contained) -> None:
    iam = case.wired.client("iam")
    iam.delete_user_policy(UserName=case.holder.name, PolicyName=case.policy_name)
    text = case.wired.vault.read_acl_policies(["default"])["default"]
    case.wired.vault.write_acl_policy("default", denyblock.without_block(text, case.mark))
    said = case.said("verify", code=3)
    assert "taken away at" in said
    assert "(DeleteUserPolicy)" in said
    assert "ALIVE" in said
    assert f"vaultaws incident contain --resume {CASE} --stronger" in said
    kept = case.cases.read(CASE)
    failed = {step.kind: kept.progress[step.id].why for step in failed_of(kept)}
    assert set(failed) == {StepKind.DENY_TOKENS, StepKind.DENY_ISSUANCE}
    assert "DeleteUserPolicy by admin" in failed[StepKind.DENY_TOKENS]
    standing = {each["name"]: each for each in kept.verified["credentials"]}
    token = standing[case.token.credentials.access_key_id]
    assert token["standing"] == "alive"
    assert token["until"]
    found = case.told("status")
    assert found["next"] == f"vaultaws incident contain --resume {CASE}"
    assert {each["why"] for each in found["failed"]} == set(failed.values())


def test_a_use_after_the_cut_is_found_and_probing_is_told(case: Contained) -> None:
    """The suspect holds a token whose deny was gone for a while: it was used then."""
    case.told("verify")
    iam = case.wired.client("iam")
    document = iam.get_user_policy(UserName=case.holder.name, PolicyName=case.policy_name)
    token = case.wired.client("ec2", case.token.credentials)
    with pytest.raises(ClientError):
        token.describe_instances()
    iam.delete_user_policy(UserName=case.holder.name, PolicyName=case.policy_name)
    time.sleep(1.1)
    token.describe_instances()
    text = json.dumps(document["PolicyDocument"])
    iam.put_user_policy(UserName=case.holder.name, PolicyName=case.policy_name, PolicyDocument=text)
    found = case.told("verify", code=3)
    by_key = {each["access_key_id"]: each for each in found["credentials"]}
    judged = by_key[case.token.credentials.access_key_id]
    assert (judged["standing"], judged["how"]) == ("alive", "used")
    assert judged["used_after_cut"]["allowed"] == 1
    assert judged["used_after_cut"]["refused"] == 1
    assert "DescribeInstances" in judged["why"]


def test_an_iam_user_without_a_lease_is_found(own_case: Contained) -> None:
    case, iam = own_case, own_case.wired.client("iam")
    name = f"{case.user_name[:-8]}leftover"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    aws = case.wired.aws
    ControlClient(aws.endpoint, aws.control_token).advance(180)
    said = case.said("verify", code=3)
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.delete_user(UserName=name)
    assert f"IAM user {name} without a lease" in said
    assert f"vaultaws incident contain --key {key}" in said
    assert case.cases.read(CASE).verified["strays"] == [name]


def test_with_vault_sealed_the_half_in_aws_is_judged(
    own_server: RunningServer,
    local_aws: LocalAws,
    aws_options: AwsOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wired = wire_up(own_server, local_aws, aws_options)
    for name, value in wired.environ({}).items():
        monkeypatch.setenv(name, value)
    with contained(wired, tmp_path) as case:
        must(wired.ask("sys/seal", method="PUT"))
        found = case.told("verify", code=3)
    assert {each["standing"] for each in found["credentials"]} == {"dead"}
    assert {each["held"] for each in found["checks"]} == {"unknown"}
    assert all("sealed" in each["why"] for each in found["checks"])
    assert found["passed"] is False


def test_a_canary_that_is_lost_leaves_its_kind_unknown(case: Contained) -> None:
    for step in case.cases.read(CASE).steps:
        case.keeper.forget(step.id)
    found = case.told("verify", code=3)
    by_type = {each["type"]: each for each in found["credentials"]}
    assert by_type["federation_token"]["standing"] == "unknown"
    assert "does not have it any more" in by_type["federation_token"]["why"]
    assert by_type["iam_user"]["standing"] == "unknown"
    assert "it counts from" in by_type["iam_user"]["why"]


def test_another_server_is_refused(case: Contained) -> None:
    shell = replace(case.shell, more={**case.shell.more, "VAULT_ADDR": "http://127.0.0.1:9"})
    done = shell.run("incident", "verify", CASE)
    assert done.returncode == 1
    assert "is of another server" in done.stderr


def test_without_a_region_of_ones_own_a_canary_is_tried_all_the_same(case: Contained) -> None:
    """Contain issues one without a region; a verify must not end for want of it."""
    none = {"AWS_DEFAULT_REGION": "", "AWS_REGION": ""}
    shell = replace(case.shell, more={**case.shell.more, **none})
    done = shell.run("incident", "verify", CASE)
    assert done.returncode == 0, done.stderr


def test_an_aws_that_fails_every_fifth_call_is_asked_again(own_case: Contained) -> None:
    aws = own_case.wired.aws
    control = ControlClient(aws.endpoint, aws.control_token)
    control.configure(fault_rate=0.2)
    try:
        assert own_case.told("verify")["passed"] is True
    finally:
        control.configure(fault_rate=0)
