"""The ready templates, deployed, and proved by what real clients may then do and may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.askers import Account, call, role_caller
from tests.support.aws_clients import a_user, allow, client, key_of, refusal, trust
from tests.support.devices import Authenticator
from tests.support.enrolled import Enrolled, may, person
from tests.support.rootfiles import ACCOUNT
from tests.support.stackclient import deployed
from vaultaws.infra.cloudformation import load
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.local.aws.cfn.kind import Place
from vaultaws.local.aws.cfn.stacks import KINDS, Made, Stack
from vaultaws.local.aws.cfn.template import read, settled
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials
from vaultaws.policy.document import parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, Actor, ActorKind, AttachedPolicy, PolicySet

ANY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_administrators_need_mfa_for_everything_but_the_role(aws: LocalAws) -> None:
    made = deployed(aws, "admin-mfa")
    ada = person(aws, "ada", made["GroupName"])
    assert not may(aws, ada.key, "ec2", "describe_instances")
    assert not may(aws, ada.key, "iam", "list_users")
    assert ada.assumed(made["RoleArn"], mfa=False) is None
    role = ada.assumed(made["RoleArn"], mfa=True)
    assert role is not None
    for session in (role, ada.with_mfa()):
        assert may(aws, session, "ec2", "describe_instances")
        assert may(aws, session, "iam", "list_users")
    outsider = person(aws, "eve")
    assert outsider.assumed(made["RoleArn"], mfa=True) is None


def test_the_s3_role_has_nothing_but_s3(aws: LocalAws) -> None:
    made = deployed(aws, "s3-mfa")
    ada = person(aws, "ada", made["GroupName"])
    assert not may(aws, ada.key, "s3", "list_buckets")
    assert ada.assumed(made["RoleArn"], mfa=False) is None
    role = ada.assumed(made["RoleArn"], mfa=True)
    assert role is not None
    for session in (role, ada.with_mfa()):
        assert may(aws, session, "s3", "list_buckets")
        assert may(aws, session, "s3", "get_object", Bucket="none", Key="none")
        for service, operation in (
            ("ec2", "describe_instances"),
            ("iam", "list_users"),
            ("cloudtrail", "describe_trails"),
        ):
            assert not may(aws, session, service, operation)


def enrol(aws: LocalAws, key: Credentials, name: str, user: str) -> Authenticator:
    """Make a device and enable it, with one's own key."""
    iam = client(aws, "iam", key)
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    authenticator = Authenticator(aws, made["Base32StringSeed"].decode())
    first, second = authenticator.pair()
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )
    return authenticator


def mfa_session(aws: LocalAws, key: Credentials, name: str, shows: Authenticator) -> Credentials:
    serial = f"arn:aws:iam::{aws.account_id}:mfa/{name}"
    sts = client(aws, "sts", key)
    return key_of(sts.get_session_token(SerialNumber=serial, TokenCode=shows.fresh()))


def test_people_look_after_their_own_device_and_nobody_elses(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_group(GroupName="people")
    deployed(aws, "manage-mfa", Groups="people")
    ben = person(aws, "ben", "people")
    key = a_user(aws, "ada")
    iam.add_user_to_group(GroupName="people", UserName="ada")
    shows = enrol(aws, key, "ada", "ada")
    assert may(aws, key, "iam", "list_users")
    assert may(aws, key, "iam", "list_mfa_devices", UserName="ada")
    serial = f"arn:aws:iam::{aws.account_id}:mfa/ada"
    both = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    theirs: dict[str, Any] = {"UserName": "ben", "SerialNumber": ben.serial}
    session = mfa_session(aws, key, "ada", shows)
    for credentials in (key, session):
        assert not may(aws, credentials, "iam", "resync_mfa_device", **theirs, **both)
        assert not may(aws, credentials, "iam", "deactivate_mfa_device", **theirs)
        assert not may(aws, credentials, "iam", "enable_mfa_device", **theirs, **both)
        delete = {"SerialNumber": ben.serial}
        assert not may(aws, credentials, "iam", "delete_virtual_mfa_device", **delete)
        named = {"VirtualMFADeviceName": "spare"}
        assert not may(aws, credentials, "iam", "create_virtual_mfa_device", **named)
        assert not may(aws, credentials, "ec2", "describe_instances")
    own = {"UserName": "ada", "SerialNumber": serial}
    assert not may(aws, key, "iam", "deactivate_mfa_device", **own)  # a stolen key takes nothing
    client(aws, "iam", session).deactivate_mfa_device(**own)
    assert iam.list_mfa_devices(UserName="ada")["MFADevices"] == []


def test_most_is_blocked_until_one_is_signed_in_with_mfa(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_group(GroupName="people")
    key = a_user(aws, "ada", allow("*"))
    iam.add_user_to_group(GroupName="people", UserName="ada")
    assert may(aws, key, "ec2", "describe_instances")
    deployed(aws, "block-without-mfa", Groups="people")
    for service, operation in (("ec2", "describe_instances"), ("s3", "list_buckets")):
        assert not may(aws, key, service, operation)
    assert not may(aws, key, "iam", "create_access_key", UserName="ada")
    named = {"VirtualMFADeviceName": "other"}
    assert not may(aws, key, "iam", "create_virtual_mfa_device", **named)
    session = mfa_session(aws, key, "ada", enrol(aws, key, "ada", "ada"))
    for service, operation in (("ec2", "describe_instances"), ("s3", "list_buckets")):
        assert may(aws, session, service, operation)
    assert not may(aws, key, "ec2", "describe_instances")
    free = a_user(aws, "free", allow("*"))
    assert may(aws, free, "ec2", "describe_instances")


def test_opssudo_is_assumed_by_the_team_with_a_fresh_code(aws: LocalAws) -> None:
    made = deployed(aws, "ops-sudo")
    ada, eve = person(aws, "ada", made["GroupName"]), person(aws, "eve")
    assert ada.assumed(made["RoleArn"], mfa=False) is None
    assert eve.assumed(made["RoleArn"], mfa=True) is None
    sudo = ada.assumed(made["RoleArn"], mfa=True)
    assert sudo is not None
    assert may(aws, sudo, "iam", "list_users")
    assert not may(aws, ada.key, "iam", "list_users")
    session = ada.with_mfa()
    assumes = client(aws, "sts", session).assume_role
    assumes(RoleArn=made["RoleArn"], RoleSessionName="fresh")
    aws.clock.advance(3601)
    assert refusal(assumes, RoleArn=made["RoleArn"], RoleSessionName="old").code == "AccessDenied"


def test_the_roles_list_lets_look_and_not_touch(aws: LocalAws) -> None:
    sudo, listed = deployed(aws, "ops-sudo"), deployed(aws, "roles-list")
    ada = person(aws, "ada", listed["GroupName"])
    assert may(aws, ada.key, "iam", "list_roles")
    assert may(aws, ada.key, "iam", "get_role", RoleName="OpsSudo")
    policy = {"RoleName": "OpsSudo", "PolicyName": "x"}
    assert may(aws, ada.key, "iam", "get_role_policy", **policy)
    assert not may(aws, ada.key, "iam", "put_role_policy", **policy, PolicyDocument="{}")
    assert not may(aws, ada.key, "iam", "list_users")
    assert ada.assumed(sudo["RoleArn"], mfa=True) is None


def bastion(aws: LocalAws) -> tuple[Enrolled, str, str]:
    target = deployed(aws, "bastion-target", BastionAccount=aws.account_id, PolicyArns=ANY)
    other = deployed(aws, "ops-sudo")
    group = deployed(aws, "bastion-users", RoleArns=target["RoleArn"])["GroupName"]
    return person(aws, "ada", group), target["RoleArn"], other["RoleArn"]


def test_bastion_users_assume_the_named_roles_and_nothing_else(aws: LocalAws) -> None:
    ada, target, other = bastion(aws)
    client(aws, "iam").attach_user_policy(
        UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    assert ada.assumed(target, mfa=False) is None
    assert ada.assumed(other, mfa=True) is None
    role = ada.assumed(target, mfa=True)
    assert role is not None
    assert may(aws, role, "ec2", "describe_instances")
    assert not may(aws, role, "ec2", "create_key_pair", KeyName="k")
    for session in (ada.key, ada.with_mfa()):
        for service, operation in (
            ("ec2", "describe_instances"),
            ("iam", "list_users"),
            ("s3", "list_buckets"),
        ):
            assert not may(aws, session, service, operation)


def test_the_target_trusts_the_bastion_account_alone(aws: LocalAws) -> None:
    stranger = "111111111111"
    made = deployed(aws, "bastion-target", BastionAccount=stranger, PolicyArns=ANY)
    ada = Enrolled(*_administrator(aws))
    assert ada.assumed(made["RoleArn"], mfa=True) is None


BASTION, TARGET = "111111111111", "222222222222"
WORK = f"arn:aws:iam::{TARGET}:role/BastionRole"


@pytest.mark.parametrize(
    ("home", "role", "mfa", "allowed"),
    [
        (BASTION, WORK, True, True),
        (BASTION, WORK, False, False),
        (BASTION, f"arn:aws:iam::{TARGET}:role/Other", True, False),
        ("333333333333", WORK, True, False),
    ],
)
def test_the_bastion_pair_across_accounts_by_the_evaluator(
    home: str, role: str, *, mfa: bool, allowed: bool
) -> None:
    """With two accounts, of which a local AWS is one alone."""
    group = made_in(home, "bastion-users", "BastionPolicy", RoleArns=WORK)["PolicyDocument"]
    trusting = made_in(
        TARGET, "bastion-target", "BastionRole", BastionAccount=BASTION, PolicyArns=ANY
    )["AssumeRolePolicyDocument"]
    arn = f"arn:aws:iam::{home}:user/ada"
    ada = Actor(ActorKind.USER, arn, home, "AIDA1", arn)
    present = {"aws:multifactorauthpresent": ("true",)} if mfa else {}
    asked = AccessRequest(ada, "sts:AssumeRole", role, present, TARGET)
    policies = PolicySet(
        identity=(AttachedPolicy("group", parse_policy(group)),),
        trust=AttachedPolicy("trust", parse_policy(trusting)),
    )
    assert decide(asked, policies).allowed is allowed


def made_in(account: str, name: str, resource: str, **parameters: str) -> dict[str, Any]:
    """What a template asks for in an account, with everything filled in."""
    template = read(load(name).body)
    stack = Stack("id", name, Place(account, "eu-west-2"), datetime.now(UTC))
    resolver = stack.resolver(template, settled(template, parameters), {})
    found: dict[str, Any] = resolver.value(dict(template.resources[resource].properties))
    return found


def _administrator(aws: LocalAws) -> tuple[Any, ...]:
    ada = person(aws, "ada")
    client(aws, "iam").attach_user_policy(
        UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    return aws, ada.name, ada.key, ada.serial, ada.authenticator


def test_the_boundary_bounds_an_issued_user(aws: LocalAws) -> None:
    arn = deployed(aws, "issued-boundary", Actions="s3:*,ec2:Describe*")["BoundaryArn"]
    iam = client(aws, "iam")
    key = a_user(aws, "issued", allow("*"))
    assert may(aws, key, "iam", "list_users")
    iam.put_user_permissions_boundary(UserName="issued", PermissionsBoundary=arn)
    assert may(aws, key, "ec2", "describe_instances")
    assert may(aws, key, "s3", "list_buckets")
    assert not may(aws, key, "ec2", "create_key_pair", KeyName="k")
    assert not may(aws, key, "iam", "list_users")
    assert not may(aws, key, "cloudtrail", "delete_trail", Name="t")
    root = f"arn:aws:iam::{aws.account_id}:root"
    role = iam.create_role(RoleName="any", AssumeRolePolicyDocument=trust(root))["Role"]["Arn"]
    assert not may(aws, key, "sts", "assume_role", RoleArn=role, RoleSessionName="bound")
    drop = {"UserName": "issued"}
    assert not may(aws, key, "iam", "delete_user_permissions_boundary", **drop)


def bounded(aws: LocalAws) -> Credentials:
    """An issued user of all rights, within the boundary as it is by default."""
    arn = deployed(aws, "issued-boundary")["BoundaryArn"]
    key = a_user(aws, "issued", allow("*"))
    client(aws, "iam").put_user_permissions_boundary(UserName="issued", PermissionsBoundary=arn)
    return key


def test_the_boundary_by_default_leaves_the_trail_and_its_bucket_alone(aws: LocalAws) -> None:
    made = deployed(aws, "trail")
    # the policy of the trail's own bucket denies all that has no TLS, so ask at one named like it
    like, other = f"{made['BucketName']}-2", "of-others"
    for bucket in (like, other):
        where = {"LocationConstraint": "eu-west-2"}
        client(aws, "s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    key = bounded(aws)
    for bucket, granted in ((like, False), (other, True)):
        for operation, params in CHANGES:
            assert may(aws, key, "s3", operation, Bucket=bucket, **params) is granted
        assert may(aws, key, "s3", "list_objects_v2", Bucket=bucket)
    for operation in ("stop_logging", "delete_trail", "update_trail"):
        assert not may(aws, key, "cloudtrail", operation, Name=made["TrailArn"])


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("put_object", {"Key": "k", "Body": b"x"}),
    ("delete_object", {"Key": "k"}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    ("put_bucket_policy", {"Policy": "{}"}),
    ("delete_bucket_policy", {}),
    ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": []}}),
    ("delete_bucket", {}),
]


def test_the_boundary_by_default_leads_to_no_other_role(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    role = iam.create_role(RoleName="any", AssumeRolePolicyDocument=trust("*"))["Role"]["Arn"]
    key = bounded(aws)
    code = {"FunctionName": "f"}
    assert not may(aws, key, "lambda", "update_function_code", **code, ZipFile=b"x")
    assert not may(aws, key, "lambda", "update_function_configuration", FunctionName="f")
    assert not may(aws, key, "lambda", "create_function", **code, Role=role)
    grant = {"StatementId": "s", "Action": "lambda:*", "Principal": "*"}
    assert not may(aws, key, "lambda", "add_permission", FunctionName="f", **grant)
    data = {"InstanceId": "i-1234567890abcdef0", "UserData": {"Value": b"x"}}
    assert not may(aws, key, "ec2", "modify_instance_attribute", **data)
    assert not may(aws, key, "sts", "assume_role", RoleArn=role, RoleSessionName="bound")
    assert not may(aws, key, "sts", "get_federation_token", Name="bound")
    for service, operation in (("lambda", "list_functions"), ("ec2", "describe_instances")):
        assert may(aws, key, service, operation)


def test_responders_stop_users_and_cannot_give_themselves_more(aws: LocalAws) -> None:
    made = deployed(aws, "responder")
    ada = person(aws, "ada", made["GroupName"])
    a_user(aws, "suspect")
    put = {"UserName": "suspect", "PolicyName": "vaultaws-deny", "PolicyDocument": DENY}
    assert may(aws, ada.key, "iam", "put_user_policy", **put)
    assert may(aws, ada.key, "iam", "list_users")
    assert not may(aws, ada.key, "iam", "create_user", UserName="eve")
    assert not may(aws, ada.key, "iam", "create_access_key", UserName="suspect")
    version = {"PolicyArn": made["PolicyArn"], "PolicyDocument": DENY, "SetAsDefault": True}
    assert not may(aws, ada.key, "iam", "create_policy_version", **version)


DENY = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'


def test_the_trail_logs_into_a_bucket_that_keeps_what_it_has(aws: LocalAws) -> None:
    made = deployed(aws, "trail")
    bucket, trails = made["BucketName"], client(aws, "cloudtrail")
    assert bucket.startswith(f"vaultaws-trail-{aws.account_id}-")
    (trail,) = trails.describe_trails()["trailList"]
    assert trail["LogFileValidationEnabled"]
    assert trail["IsMultiRegionTrail"]
    assert trails.get_trail_status(Name=made["TrailArn"])["IsLogging"]
    s3 = client(aws, "s3")
    for call_ in (s3.list_objects_v2, s3.get_bucket_versioning, s3.delete_bucket):
        assert refusal(call_, Bucket=bucket).code == "AccessDenied"  # nothing here has TLS
    client(aws, "cloudformation").delete_stack(StackName="trail")
    assert bucket in {each["Name"] for each in s3.list_buckets()["Buckets"]}
    assert deployed(aws, "trail")["BucketName"] != bucket


@pytest.mark.parametrize(
    ("operation", "params", "secure", "allowed"),
    [
        ("ListObjectsV2", {}, True, True),
        ("ListObjectsV2", {}, False, False),
        ("GetObject", {"Key": "k"}, True, True),
        ("GetObject", {"Key": "k"}, False, False),
        ("DeleteObject", {"Key": "k"}, True, False),
        ("DeleteObject", {"Key": "k", "VersionId": "v"}, True, False),
        ("DeleteBucket", {}, True, False),
        ("DeleteBucketPolicy", {}, True, False),
        ("PutBucketLifecycleConfiguration", {}, True, False),
    ],
)
def test_the_buckets_policy_by_the_evaluator(
    operation: str, params: dict[str, str], *, secure: bool, allowed: bool
) -> None:
    """With TLS, which the local AWS does not speak."""
    asked = replace(call("s3", operation, Bucket="logs", **params), secure=secure)
    assert lets(bucket_policy(), asked, user("ada")) is allowed


SETTINGS = (
    "PutBucketAcl",
    "PutBucketEncryption",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketReplication",
    "PutBucketVersioning",
    "PutPublicAccessBlock",
)


@pytest.mark.parametrize("operation", SETTINGS)
def test_with_a_keeper_nobody_else_changes_the_bucket(operation: str) -> None:
    asked = replace(call("s3", operation, Bucket="logs"), secure=True)
    open_, kept = bucket_policy(), bucket_policy(Keeper=f"arn:aws:iam::{ACCOUNT}:role/ops/Keeper")
    root = Caller(CallerKind.ROOT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "AKIA1")
    assert lets(open_, asked, user("ada"))
    assert not lets(kept, asked, user("ada"))
    assert not lets(kept, asked, of_role("Other"))
    assert lets(kept, asked, of_role("ops/Keeper"))
    assert lets(kept, asked, root)


@pytest.mark.parametrize("operation", ["DeleteBucketPolicy", "DeleteBucket"])
def test_nor_does_the_keeper_delete(operation: str) -> None:
    asked = replace(call("s3", operation, Bucket="logs"), secure=True)
    kept = bucket_policy(Keeper=f"arn:aws:iam::{ACCOUNT}:role/ops/Keeper")
    assert not lets(kept, asked, of_role("ops/Keeper"))


def lets(policy: AttachedPolicy, asked: Call, caller: Caller) -> bool:
    """Whether a bucket's policy lets somebody of all rights make the call."""
    everything = parse_policy({"Version": "2012-10-17", "Statement": allow("*")})
    policies = PolicySet(identity=(AttachedPolicy("all", everything),), resource=policy)
    requests = access_requests(asked, caller, Account())
    return all(decide(each, policies).allowed for each in requests)


def user(name: str) -> Caller:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return Caller(CallerKind.IAM_USER, ACCOUNT, arn, "AIDA1", "AKIA1", name)


def of_role(name: str) -> Caller:
    """A session of a role, which may have a path."""
    last = name.rsplit("/", 1)[-1]
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    acting = f"arn:aws:sts::{ACCOUNT}:assumed-role/{last}/one"
    return replace(role_caller(), account_id=ACCOUNT, arn=acting, issuer_arn=arn)


def bucket_policy(**values: str) -> AttachedPolicy:
    """The policy of the trail's bucket, as the template makes it with these parameters."""
    template = read(load("trail").body)
    place = Place(ACCOUNT, "eu-west-2")
    arn = f"arn:aws:cloudformation:eu-west-2:{ACCOUNT}:stack/trail/1a2b3c4d-0000"
    stack = Stack(arn, "trail", place, datetime.now(UTC))
    made = {"Bucket": Made(KINDS["AWS::S3::Bucket"], "logs", {}, retained=True)}
    resolver = stack.resolver(template, settled(template, values), made)
    document = resolver.value(dict(template.resources["BucketPolicy"].properties))
    return AttachedPolicy("bucket", parse_policy(document["PolicyDocument"]))
