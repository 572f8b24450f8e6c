"""The resources an event touched, as CloudTrail's event history lists them (Event.Resources)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.local.aws.call import Call, Outcome

MAX_RESOURCES: Final = 100  # per event; keeps the store's indexes bounded

_REQUEST: Final[Mapping[str, Mapping[str, str]]] = {
    "iam": {
        "AccessKeyId": "AWS::IAM::AccessKey",
        "GroupName": "AWS::IAM::Group",
        "InstanceProfileName": "AWS::IAM::InstanceProfile",
        "PolicyArn": "AWS::IAM::Policy",
        "PolicyName": "AWS::IAM::Policy",
        "RoleName": "AWS::IAM::Role",
        "SerialNumber": "AWS::IAM::MfaDevice",
        "UserName": "AWS::IAM::User",
    },
    "sts": {"RoleArn": "AWS::IAM::Role"},
    "ec2": {
        "GroupIds": "AWS::EC2::SecurityGroup",
        "GroupId": "AWS::EC2::SecurityGroup",
        "ImageId": "AWS::EC2::Ami",
        "InstanceId": "AWS::EC2::Instance",
        "InstanceIds": "AWS::EC2::Instance",
        "KeyName": "AWS::EC2::KeyPair",
        "SubnetId": "AWS::EC2::Subnet",
        "VolumeId": "AWS::EC2::Volume",
        "VpcId": "AWS::EC2::VPC",
    },
    "s3": {"Bucket": "AWS::S3::Bucket"},
    "cloudtrail": {"Name": "AWS::CloudTrail::Trail"},
}
_RESPONSE: Final[Mapping[str, Mapping[tuple[str, ...], str]]] = {
    "iam": {
        ("AccessKey", "AccessKeyId"): "AWS::IAM::AccessKey",
        ("AccessKey", "UserName"): "AWS::IAM::User",
        ("Group", "Arn"): "AWS::IAM::Group",
        ("Group", "GroupId"): "AWS::IAM::Group",
        ("Policy", "Arn"): "AWS::IAM::Policy",
        ("Policy", "PolicyId"): "AWS::IAM::Policy",
        ("Role", "Arn"): "AWS::IAM::Role",
        ("Role", "RoleId"): "AWS::IAM::Role",
        ("User", "Arn"): "AWS::IAM::User",
        ("User", "UserId"): "AWS::IAM::User",
        ("VirtualMFADevice", "SerialNumber"): "AWS::IAM::MfaDevice",
    },
    "sts": {
        ("Credentials", "AccessKeyId"): "AWS::IAM::AccessKey",
        ("AssumedRoleUser", "AssumedRoleId"): "AWS::STS::AssumedRole",
        ("AssumedRoleUser", "Arn"): "AWS::STS::AssumedRole",
        ("FederatedUser", "FederatedUserId"): "AWS::STS::FederatedUser",
        ("FederatedUser", "Arn"): "AWS::STS::FederatedUser",
    },
    "ec2": {("Instances", "InstanceId"): "AWS::EC2::Instance"},
    "cloudtrail": {("TrailARN",): "AWS::CloudTrail::Trail"},
}
_SESSION_NAME: Final = "RoleSessionName"


@dataclass(frozen=True, slots=True)
class Resource:
    """One entry: a CloudFormation-style type and a name, id or ARN."""

    type: str
    name: str


def resources(call: Call, outcome: Outcome) -> tuple[Resource, ...]:
    """Every resource the call names or its answer made, each once, at most `MAX_RESOURCES`."""
    found = dict.fromkeys((*_asked(call), *_answered(call, outcome)))
    return tuple(found)[:MAX_RESOURCES]


def _asked(call: Call) -> Iterator[Resource]:
    for member, kind in _REQUEST.get(call.service, {}).items():
        yield from _named(kind, call.params.get(member))
    if call.service == "sts":
        yield from _named("AWS::STS::AssumedRole", call.params.get(_SESSION_NAME))


def _answered(call: Call, outcome: Outcome) -> Iterator[Resource]:
    if outcome.error_code:
        return
    for path, kind in _RESPONSE.get(call.service, {}).items():
        for value in _follow(outcome.response, path):
            yield from _named(kind, value)


def _follow(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _follow(inner, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _follow(value.get(path[0]), path[1:])


def _named(kind: str, value: Any) -> Iterator[Resource]:
    for name in value if isinstance(value, list | tuple) else (value,):
        if isinstance(name, str) and name:
            yield Resource(kind, name)
