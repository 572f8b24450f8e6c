"""The main job on real servers and an AWS that enforces: wait, use, cut, prove dead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.connections import administrator
from tests.support.engine import Engine, a_role
from vaultaws.aws.actions import Action, attempt_with
from vaultaws.aws.cloudtrail import lookup_records
from vaultaws.aws.cutoff import (
    POLICY_NAME,
    Cutter,
    Holder,
    HolderKind,
    deny_tokens_issued_before,
    is_cut,
    lift,
)
from vaultaws.aws.identity import caller_identity, user_access_keys, user_exists
from vaultaws.aws.proof import prove_dead
from vaultaws.aws.sessions import client
from vaultaws.aws.wait import WaitProgress, wait_until_good
from vaultaws.clock import SystemClock
from vaultaws.errors import AwsError, WaitTimeoutError
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.model import Credentials, CredentialType, Secret

pytestmark = pytest.mark.integration

CLOCK = SystemClock()
REGION = "eu-west-2"
READ = Action.parse("ec2:DescribeInstances")


def test_a_new_key_is_waited_for_used_and_dies_with_its_lease(
    engine: Engine, local_aws: LocalAws
) -> None:
    engine.vault.write_role(engine.mount, a_role("r"))
    issued = engine.vault.issue(engine.mount, "r", sts=False)
    seen: list[WaitProgress] = []
    report = wait_until_good(
        issued.credentials, clock=CLOCK, regions=[REGION], allowed=READ, watch=seen.append
    )
    assert report.attempts == len(seen) >= 6
    assert [step.in_a_row for step in seen if step.needed == 5][-5:] == [1, 2, 3, 4, 5]
    assert (seen[-1].in_a_row, seen[-1].needed) == (1, 1)
    who = caller_identity(issued.credentials, REGION)
    assert ":user/" in who.arn
    forbidden = attempt_with(issued.credentials, Action.parse("s3:ListBuckets"), REGION)()
    assert isinstance(forbidden, AwsError)
    assert forbidden.code == "AccessDenied"

    user = who.arn.rsplit("/", 1)[1]
    operator = administrator(local_aws)
    (key,) = user_access_keys(user, operator)
    assert key.active
    assert key.last_used_at is not None
    engine.vault.revoke_lease(issued.lease.id)
    assert not user_exists(user, operator)
    proof = prove_dead(issued.credentials, READ, clock=CLOCK, region=REGION)
    assert set(proof.codes) <= {"AuthFailure", "InvalidClientTokenId"}


def test_a_federation_token_lives_on_until_it_is_cut(
    engine: Engine, local_aws: LocalAws, request: pytest.FixtureRequest
) -> None:
    vault, mount = engine.vault, engine.mount
    vault.write_role(mount, a_role("f", CredentialType.FEDERATION_TOKEN))
    issued = vault.issue(mount, "f", sts=True, ttl_seconds=900)
    assert ":federated-user/" in caller_identity(issued.credentials, REGION).arn
    vault.revoke_lease(issued.lease.id)
    assert attempt_with(issued.credentials, READ, REGION)() is None
    with pytest.raises(WaitTimeoutError, match="not proved dead"):
        prove_dead(issued.credentials, READ, clock=CLOCK, region=REGION, deadline_seconds=1)

    cutter, holder = Cutter(administrator(local_aws)), Holder(HolderKind.USER, engine.root_user)
    cut = cutter.cut(holder, datetime.now(UTC))
    request.addfinalizer(lambda: cutter.lift(holder))
    assert cutter.find(holder) == cut
    proof = prove_dead(issued.credentials, READ, clock=CLOCK, region=REGION)
    assert proof.codes == ("UnauthorizedOperation",)
    assert proof.access_key_id == issued.credentials.access_key_id

    CLOCK.sleep(max((cut.moment - CLOCK.now()).total_seconds(), 0))
    later = vault.issue(mount, "f", sts=True, ttl_seconds=900)
    assert attempt_with(later.credentials, READ, REGION)() is None
    assert cutter.cut(holder, cut.moment - timedelta(hours=1)) == cut
    assert cutter.lift(holder)
    assert not cutter.lift(holder)
    assert cutter.find(holder) is None


def test_an_assumed_role_is_cut_on_the_role(engine: Engine, local_aws: LocalAws) -> None:
    operator = administrator(local_aws)
    iam = client("iam", credentials=operator, region="us-east-1")
    account = caller_identity(operator, REGION).account
    name = f"vault-{engine.mount}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            }
        ],
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    reads = json.dumps(a_role("r").policy_document)
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=reads)
    CLOCK.sleep(1.2)
    arns = (made["Role"]["Arn"],)
    role = a_role("a", CredentialType.ASSUMED_ROLE, role_arns=arns)
    engine.vault.write_role(engine.mount, role)
    issued = engine.vault.issue(engine.mount, "a", sts=True, ttl_seconds=900)
    issued_at = datetime.now(UTC)
    assert f":assumed-role/{name}/" in caller_identity(issued.credentials, REGION).arn
    assert attempt_with(issued.credentials, READ, REGION)() is None
    holder = Holder(HolderKind.ROLE, name)
    assert not is_cut(holder, issued_at, credentials=operator)
    cut = deny_tokens_issued_before(holder, datetime.now(UTC), credentials=operator)
    assert is_cut(holder, issued_at, credentials=operator)
    assert not is_cut(holder, cut.moment, credentials=operator)
    assert prove_dead(issued.credentials, READ, clock=CLOCK, region=REGION).codes
    assert lift(holder, credentials=operator)


def test_a_policy_of_somebody_else_is_no_cut(engine: Engine, local_aws: LocalAws) -> None:
    cutter, holder = Cutter(administrator(local_aws)), Holder(HolderKind.USER, engine.root_user)
    assert cutter.find(holder, "own") is None
    assert cutter.find(holder, POLICY_NAME) is None
    with pytest.raises(AwsError) as caught:
        cutter.cut(replace(holder, name="nobody"), datetime.now(UTC))
    assert caught.value.code == "NoSuchEntity"


def test_a_key_that_never_comes_runs_out_of_time(engine: Engine) -> None:
    unknown = Credentials("AKIA" + "0" * 16, Secret("s" * 40))
    with pytest.raises(WaitTimeoutError, match="not good within"):
        wait_until_good(unknown, clock=CLOCK, regions=[REGION], deadline_seconds=2)


def test_cloudtrail_knows_the_issuance_by_vaults_own_key(
    engine: Engine, local_aws: LocalAws
) -> None:
    started = datetime.now(UTC) - timedelta(seconds=2)
    engine.vault.write_role(engine.mount, a_role("f", CredentialType.FEDERATION_TOKEN))
    issued = engine.vault.issue(engine.mount, "f", sts=True, ttl_seconds=900)
    root = engine.vault.read_root(engine.mount)
    assert root is not None
    records = [
        record
        for region in ("us-east-1", REGION)
        for record in lookup_records(
            "AccessKeyId",
            root.access_key_id,
            start=started,
            end=datetime.now(UTC) + timedelta(seconds=5),
            clock=CLOCK,
            region=region,
            credentials=administrator(local_aws),
        )
    ]
    minted = [
        record["responseElements"]["credentials"]["accessKeyId"]
        for record in records
        if record["eventName"] == "GetFederationToken"
    ]
    assert issued.credentials.access_key_id in minted


def test_a_new_key_is_refused_at_first(
    start_aws: Callable[[AwsOptions], LocalAws], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = start_aws(AwsOptions(iam_delay_seconds=4.0))
    monkeypatch.setenv("AWS_ENDPOINT_URL", slow.endpoint)
    iam = client("iam", credentials=administrator(slow))
    sts = client("sts", credentials=administrator(slow), region=REGION)
    sts.get_caller_identity()  # warm: what botocore loads once must not eat the delay
    iam.create_user(UserName="new")
    made = iam.create_access_key(UserName="new")["AccessKey"]
    key = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    report = wait_until_good(key, clock=CLOCK, regions=[REGION, "us-east-1"])
    assert report.refusals > 0
    assert caller_identity(key, REGION).arn.endswith(":user/new")
