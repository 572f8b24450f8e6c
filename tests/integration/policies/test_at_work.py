"""Ready policies at work: boto3 against a local AWS that enforces, and through a real server."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.aws_clients import a_user, allow, client, key_of, refusal, trust
from tests.support.devices import Authenticator
from tests.support.people import declare, operator, root_shell
from tests.support.readied import document_of
from tests.support.wired import Wired
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials, Secret

BUCKET = "shared"
BODY = b"figures"
Held = Callable[..., Credentials]
Administrator = Callable[[str], Credentials]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An account with a bucket, two log groups and the roles that deployers pass."""
    with LocalAws(seed=1, region="eu-west-2") as aws:
        s3, logs, iam = (client(aws, service) for service in ("s3", "logs", "iam"))
        for bucket in (BUCKET, "state"):
            where = {"LocationConstraint": "eu-west-2"}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        for key in ("teams/data/a.csv", "teams/data-2/a.csv", "top.csv"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=BODY)
        s3.put_object(Bucket="state", Key="live/net.tfstate", Body=b"{}")
        for group in ("/app/api", "/app/web"):
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName="one")
        for role in ("app", "pull", "builder", "admin"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust("*"))
        yield aws


@pytest.fixture(scope="module")
def held(aws: LocalAws) -> Held:
    """Makes a user who holds the named policies, filled for this account."""

    def make(user: str, *names: str) -> Credentials:
        values = {"account": aws.account_id, "bucket": BUCKET, "region": "eu-west-2"}
        statements = [one for name in names for one in document_of(name, **values)["Statement"]]
        return a_user(aws, user, *statements)

    return make


def denied(call: Callable[..., object], **params: Any) -> bool:
    """Whether AWS refuses for want of a right."""
    try:
        call(**params)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in {"AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"}, (
            code
        )
        return True
    return False


@pytest.mark.parametrize("writes", [False, True])
def test_s3_by_prefix(aws: LocalAws, held: Held, writes: bool) -> None:
    name = "s3-write" if writes else "s3-read"
    s3 = client(aws, "s3", held(f"reader-{writes}", name))
    inside = {"Bucket": BUCKET, "Key": "teams/data/a.csv"}
    assert s3.get_object(**inside)["Body"].read() == BODY
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="teams/data/")["Contents"]
    assert [each["Key"] for each in listed] == ["teams/data/a.csv"]
    assert denied(s3.get_object, Bucket=BUCKET, Key="teams/data-2/a.csv")
    assert denied(s3.list_objects_v2, Bucket=BUCKET)
    assert denied(s3.list_objects_v2, Bucket=BUCKET, Prefix="teams/data")
    assert denied(s3.list_buckets)
    new = {"Bucket": BUCKET, "Key": f"teams/data/{name}"}
    assert denied(s3.put_object, **new, Body=b"x") is not writes
    assert denied(s3.delete_object, **new) is not writes
    assert denied(s3.put_object, Bucket=BUCKET, Key="top.csv", Body=b"x")


def test_logs_of_one_group(aws: LocalAws, held: Held) -> None:
    logs = client(aws, "logs", held("on-call", "logs-read"))
    assert len(logs.describe_log_groups()["logGroups"]) == 2
    logs.get_log_events(logGroupName="/app/api", logStreamName="one")
    logs.filter_log_events(logGroupName="/app/api")
    assert denied(logs.get_log_events, logGroupName="/app/web", logStreamName="one")
    assert denied(logs.delete_log_group, logGroupName="/app/api")


def test_deployers_pass_their_role_to_their_service(aws: LocalAws, held: Held) -> None:
    start = f"arn:aws:iam::{aws.account_id}:role/"
    deployers = held("deployer", "deploy-ecs", "deploy-cloudformation")
    ecs, stacks = client(aws, "ecs", deployers), client(aws, "cloudformation", deployers)
    task = {"family": "api", "containerDefinitions": [], "executionRoleArn": start + "pull"}
    ecs.register_task_definition(**task, taskRoleArn=start + "app")
    assert denied(ecs.register_task_definition, **task, taskRoleArn=start + "admin")
    assert denied(ecs.register_task_definition, **{**task, "family": "other"})
    template = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    made = {"TemplateBody": template, "ChangeSetName": "one", "ChangeSetType": "CREATE"}
    stacks.create_change_set(StackName="network", RoleARN=start + "builder", **made)
    stacks.execute_change_set(StackName="network", ChangeSetName="one")
    assert denied(stacks.create_change_set, StackName="network", RoleARN=start + "admin", **made)
    assert denied(stacks.create_change_set, StackName="other", **made)
    assert denied(stacks.delete_stack, StackName="network")


def test_a_function_is_rolled_out_and_not_called(aws: LocalAws, held: Held) -> None:
    start = f"arn:aws:iam::{aws.account_id}:role/"
    code = {"ZipFile": zipped("handler.py", "def run(event, context): ...")}
    client(aws, "lambda").create_function(
        FunctionName="api",
        Runtime="python3.12",
        Role=start + "app",
        Handler="handler.run",
        Code=code,
    )
    own = client(aws, "lambda", held("roller", "deploy-lambda"))
    own.update_function_code(FunctionName="api", **code)
    own.update_function_configuration(FunctionName="api", Role=start + "app")
    assert own.publish_version(FunctionName="api")["Version"] == "1"
    assert own.get_function(FunctionName="api", Qualifier="1")["Configuration"]
    assert denied(own.update_function_configuration, FunctionName="api", Role=start + "admin")
    for call in (own.invoke, own.delete_function):
        assert denied(call, FunctionName="api")


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def test_terraform_plans_and_applies_nothing(aws: LocalAws, held: Held) -> None:
    key = held("planner", "terraform-plan")
    s3, ec2, iam = (client(aws, service, key) for service in ("s3", "ec2", "iam"))
    ec2.describe_vpcs()
    iam.get_role(RoleName="app")
    s3.get_bucket_versioning(Bucket=BUCKET)
    assert s3.get_object(Bucket="state", Key="live/net.tfstate")["Body"].read() == b"{}"
    lock = {"Bucket": "state", "Key": "live/net.tfstate.tflock"}
    s3.put_object(**lock, Body=b"{}")
    s3.delete_object(**lock)
    assert denied(s3.put_object, Bucket="state", Key="live/net.tfstate", Body=b"{}")
    assert denied(s3.get_object, Bucket=BUCKET, Key="top.csv")
    assert denied(iam.create_user, UserName="eve")
    secrets = client(aws, "secretsmanager", key)
    assert denied(secrets.get_secret_value, SecretId="any")
    assert denied(client(aws, "ssm", key).get_parameter, Name="any")


def with_device(
    aws: LocalAws, user: str, key: Credentials, name: str = ""
) -> tuple[Authenticator, str]:
    """A device of the user's own, made and enabled with this key."""
    made = client(aws, "iam", key).create_virtual_mfa_device(VirtualMFADeviceName=name or user)
    device = made["VirtualMFADevice"]
    shown, serial = Authenticator(aws, device["Base32StringSeed"].decode()), device["SerialNumber"]
    enable(aws, user, key, shown, serial)
    return shown, str(serial)


def enable(aws: LocalAws, user: str, key: Credentials, shown: Authenticator, serial: str) -> None:
    first, second = shown.pair()
    client(aws, "iam", key).enable_mfa_device(
        UserName=user,
        SerialNumber=serial,
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )


def with_code(aws: LocalAws, key: Credentials, shown: Authenticator, serial: str) -> Credentials:
    session = client(aws, "sts", key).get_session_token(
        SerialNumber=serial, TokenCode=shown.fresh()
    )
    return key_of(session)


def test_a_person_sets_up_mfa_and_only_then_may_work(aws: LocalAws, held: Held) -> None:
    key = held("ada", "manage-mfa", "block-without-mfa", "s3-only", "roles-list")
    assert denied(client(aws, "s3", key).list_buckets)
    assert denied(client(aws, "iam", key).create_virtual_mfa_device, VirtualMFADeviceName="b")
    shown, serial = with_device(aws, "ada", key)
    off = {"UserName": "ada", "SerialNumber": serial}
    assert denied(client(aws, "iam", key).deactivate_mfa_device, **off)
    session = with_code(aws, key, shown, serial)
    assert client(aws, "s3", session).list_buckets()["Buckets"]
    assert client(aws, "iam", session).list_roles()["Roles"]
    assert denied(client(aws, "ec2", session).describe_vpcs)
    client(aws, "iam", session).deactivate_mfa_device(**off)


@pytest.fixture(scope="module")
def administrator(aws: LocalAws) -> Administrator:
    """Makes a user of all rights on whom MFA is enforced; the long-term key."""

    def make(user: str) -> Credentials:
        blocked = document_of("block-without-mfa")["Statement"]
        return a_user(aws, user, allow("*"), *blocked)

    return make


def test_a_stolen_key_of_an_administrator_finds_no_way_round_the_device(
    aws: LocalAws, administrator: Administrator
) -> None:
    key = administrator("nora")
    shown, serial = with_device(aws, "nora", key)
    iam, sts = client(aws, "iam", key), client(aws, "sts", key)
    make = iam.create_virtual_mfa_device
    assert denied(make, VirtualMFADeviceName="evil")
    assert denied(make, VirtualMFADeviceName="nora", Path="/evil/")
    assert refusal(make, VirtualMFADeviceName="nora").code == "EntityAlreadyExists"
    assert denied(iam.deactivate_mfa_device, UserName="nora", SerialNumber=serial)
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial).code == "DeleteConflict"
    role = client(aws, "iam").create_role(
        RoleName="trusting", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root")
    )["Role"]["Arn"]
    assert denied(sts.assume_role, RoleArn=role, RoleSessionName="nora")
    assert denied(sts.get_federation_token, Name="nora")
    assert denied(iam.create_access_key, UserName="nora")
    assert denied(client(aws, "s3", key_of(sts.get_session_token())).list_buckets)
    assert client(aws, "s3", with_code(aws, key, shown, serial)).list_buckets()["Buckets"]
    code = {"SerialNumber": serial, "TokenCode": shown.fresh()}
    assert sts.assume_role(RoleArn=role, RoleSessionName="nora", **code)["Credentials"]


def test_a_stolen_key_of_an_administrator_touches_no_device_of_others(
    aws: LocalAws, administrator: Administrator
) -> None:
    key = administrator("otto")
    iam = client(aws, "iam", key)
    a_user(aws, "pia")
    made = client(aws, "iam").create_virtual_mfa_device(VirtualMFADeviceName="pia")
    serial = made["VirtualMFADevice"]["SerialNumber"]
    both = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    theirs = {"UserName": "pia", "SerialNumber": serial}
    assert denied(iam.create_virtual_mfa_device, VirtualMFADeviceName="quentin")
    assert denied(iam.enable_mfa_device, **theirs, **both)
    assert denied(iam.resync_mfa_device, **theirs, **both)
    assert denied(iam.deactivate_mfa_device, **theirs)
    assert denied(iam.delete_virtual_mfa_device, SerialNumber=serial)


def test_a_device_that_was_begun_and_not_enabled_is_begun_again(
    aws: LocalAws, administrator: Administrator
) -> None:
    key = administrator("rita")
    iam = client(aws, "iam", key)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="rita")["VirtualMFADevice"]
    iam.delete_virtual_mfa_device(SerialNumber=made["SerialNumber"])
    assert with_device(aws, "rita", key)


class TestWhatNoPolicyCanSay:
    """IAM has no condition for a user who has a device already: the pages say so."""

    def test_a_device_of_another_name_leaves_the_own_one_free(
        self, aws: LocalAws, administrator: Administrator
    ) -> None:
        key = administrator("sara")
        _, phone = with_device(aws, "sara", aws.admin, name="phone")
        shown, serial = with_device(aws, "sara", key)
        session = with_code(aws, key, shown, serial)
        client(aws, "iam", session).deactivate_mfa_device(UserName="sara", SerialNumber=phone)

    def test_so_does_one_who_is_not_enrolled_yet(
        self, aws: LocalAws, administrator: Administrator
    ) -> None:
        key = administrator("tom")
        shown, serial = with_device(aws, "tom", key)
        assert client(aws, "iam", with_code(aws, key, shown, serial)).list_users()["Users"]

    def test_a_device_that_another_user_made_is_enabled_with_the_key(
        self, aws: LocalAws, administrator: Administrator, held: Held
    ) -> None:
        key = administrator("ute")
        with_device(aws, "ute", key)
        other = client(aws, "iam", held("vera", "manage-mfa"))
        made = other.create_virtual_mfa_device(VirtualMFADeviceName="vera")["VirtualMFADevice"]
        shown = Authenticator(aws, made["Base32StringSeed"].decode())
        enable(aws, "ute", key, shown, made["SerialNumber"])


def test_ops_becomes_a_role_that_wants_a_code(aws: LocalAws, held: Held) -> None:
    key = held("olga", "manage-mfa", "opssudo-assume")
    shown, serial = with_device(aws, "olga", key)
    wants = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    account = f"arn:aws:iam::{aws.account_id}:root"
    iam, sts = client(aws, "iam"), client(aws, "sts", key)
    arns = [
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(account, Condition=wants))[
            "Role"
        ]["Arn"]
        for name in ("OpsSudo", "Other")
    ]
    ask = {"RoleSessionName": "olga"}
    code = {"SerialNumber": serial, "TokenCode": shown.fresh()}
    assert denied(sts.assume_role, RoleArn=arns[0], **ask)
    assert sts.assume_role(RoleArn=arns[0], **ask, **code)["Credentials"]
    code["TokenCode"] = shown.fresh()
    assert denied(sts.assume_role, RoleArn=arns[1], **ask, **code)


def test_the_glass_is_broken_with_a_code_and_for_an_hour(aws: LocalAws, held: Held) -> None:
    key = held("bea", "break-glass")
    shown, serial = with_device(aws, "bea", aws.admin)
    assert denied(client(aws, "iam", key).list_users)
    session = with_code(aws, key, shown, serial)
    assert client(aws, "iam", session).list_users()["Users"]
    assert denied(client(aws, "cloudtrail", session).stop_logging, Name="any")
    aws.clock.advance(3600)
    assert denied(client(aws, "iam", session).list_users)


def test_from_the_library_to_a_key_that_reads_below_the_prefix(
    wired: Wired, tmp_path: Path
) -> None:
    """init aside: use, lint, plan, apply, creds, and a boto3 client with what was issued."""
    s3 = wired.client("s3")
    bucket = f"reports-{wired.mount}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    for key in ("daily/a.csv", "weekly/a.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=BODY)
    declare(wired, tmp_path, "")
    shell = root_shell(wired, tmp_path)
    use = ("policies", "use", "s3-read", "--set", f"bucket={bucket}", "--set", "prefix=daily")
    used = shell.run(*use, "--role", "reports", "--type", "iam_user")
    assert used.returncode == 0, used.stderr
    assert shell.run("lint").returncode == 0
    planned = shell.run("plan")
    assert "reports" in planned.stdout + planned.stderr
    applied = shell.run("apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    issued = json.loads(
        operator(wired, tmp_path).run("creds", "reports", "--format", "process").stdout
    )
    reads = Credentials(issued["AccessKeyId"], Secret(issued["SecretAccessKey"]))
    reader = wired.client("s3", reads)
    assert reader.get_object(Bucket=bucket, Key="daily/a.csv")["Body"].read() == BODY
    assert denied(reader.get_object, Bucket=bucket, Key="weekly/a.csv")
    assert denied(reader.list_objects_v2, Bucket=bucket)
    assert denied(reader.put_object, Bucket=bucket, Key="daily/b.csv", Body=BODY)
