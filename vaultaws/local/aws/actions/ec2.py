"""EC2 (service authorization reference, "Amazon EC2"; EC2 user guide, "Supported resource-level
permissions"). Describe* and whatever is not mapped are asked on "*".

RunInstances is one request for every resource it touches; what does not exist yet is asked as
`instance/*`, as AWS does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vaultaws.local.aws.actions.facts import Ask, Mapper, Need
from vaultaws.local.aws.actions.params import (
    Keys,
    mapping,
    mappings,
    merged,
    request_tags,
    resource_tags,
    scalar,
    texts,
)

_ID_KINDS: Final = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
_KINDS_WITHOUT_ACCOUNT: Final = frozenset({"image", "snapshot"})
_INSTANCE_CALLS: Final = (
    "TerminateInstances",
    "StopInstances",
    "StartInstances",
    "RebootInstances",
)
_BY_IDS: Final = {
    "AttachVolume": ("VolumeId", "InstanceId"),
    "AuthorizeSecurityGroupEgress": ("GroupId",),
    "AuthorizeSecurityGroupIngress": ("GroupId",),
    "DeleteInternetGateway": ("InternetGatewayId",),
    "DeleteNetworkInterface": ("NetworkInterfaceId",),
    "DeleteRouteTable": ("RouteTableId",),
    "DeleteSecurityGroup": ("GroupId",),
    "DeleteSnapshot": ("SnapshotId",),
    "DeleteSubnet": ("SubnetId",),
    "DeleteVolume": ("VolumeId",),
    "DeleteVpc": ("VpcId",),
    "DeregisterImage": ("ImageId",),
    "DetachVolume": ("VolumeId", "InstanceId"),
    "GetConsoleOutput": ("InstanceId",),
    "GetPasswordData": ("InstanceId",),
    "ModifyInstanceAttribute": ("InstanceId",),
    "RevokeSecurityGroupEgress": ("GroupId",),
    "RevokeSecurityGroupIngress": ("GroupId",),
    **dict.fromkeys(_INSTANCE_CALLS, ("InstanceIds",)),
    "CreateTags": ("Resources",),
    "DeleteTags": ("Resources",),
}
_CREATES: Final = {
    "CreateInternetGateway": ("internet-gateway", ()),
    "CreateSecurityGroup": ("security-group", ("VpcId",)),
    "CreateSnapshot": ("snapshot", ("VolumeId",)),
    "CreateSubnet": ("subnet", ("VpcId",)),
    "CreateVolume": ("volume", ()),
    "CreateVpc": ("vpc", ()),
}


def _arn(ask: Ask, kind: str, name: str) -> str:
    account = "" if kind in _KINDS_WITHOUT_ACCOUNT else ask.account
    return f"arn:aws:ec2:{ask.call.region}:{account}:{kind}/{name}"


def _arn_of_id(ask: Ask, identifier: str) -> str:
    """The ARN of an id like i-0abc; "*" for a kind that is not known."""
    kind = _ID_KINDS.get(identifier.partition("-")[0])
    return _arn(ask, kind, identifier) if kind else "*"


def _ids(ask: Ask, parameters: tuple[str, ...]) -> Iterator[str]:
    for parameter in parameters:
        for identifier in texts(ask.call.params.get(parameter)):
            yield _arn_of_id(ask, identifier)


def _region(ask: Ask) -> Keys:
    return {"ec2:region": (ask.call.region,)}


def _need(ask: Ask, resource: str, extra: Keys) -> Need:
    context = merged(_region(ask), resource_tags(ask, resource, "ec2"), extra)
    return Need(f"ec2:{ask.call.operation}", resource, context)


def _on_ids(parameters: tuple[str, ...]) -> Mapper:
    def mapper(ask: Ask) -> tuple[Need, ...]:
        extra = request_tags(ask.call.params.get("Tags"))
        resources = tuple(_ids(ask, parameters)) or ("*",)
        return tuple(_need(ask, resource, extra) for resource in resources)

    return mapper


def _creating(kind: str, parents: tuple[str, ...]) -> Mapper:
    def mapper(ask: Ask) -> tuple[Need, ...]:
        tags = _specified_tags(ask)
        made = _need(ask, _arn(ask, kind, "*"), tags.get(kind, {}))
        above = tuple(_need(ask, resource, {}) for resource in _ids(ask, parents))
        return (made, *above, *_tagging(ask, tags))

    return mapper


def _specified_tags(ask: Ask) -> dict[str, Keys]:
    """aws:RequestTag and aws:TagKeys by resource kind, of the call's TagSpecifications."""
    return {
        str(item.get("ResourceType", "")): request_tags(item.get("Tags"))
        for item in mappings(ask.call.params.get("TagSpecifications"))
        if item.get("Tags")
    }


def _tagging(ask: Ask, tags: Mapping[str, Keys]) -> tuple[Need, ...]:
    """Tags at creation need ec2:CreateTags with ec2:CreateAction."""
    action: Keys = {"ec2:createaction": (ask.call.operation,)}
    return tuple(
        Need("ec2:CreateTags", _arn(ask, kind, "*"), merged(_region(ask), action, keys))
        for kind, keys in tags.items()
    )


def _run_instances(ask: Ask) -> tuple[Need, ...]:
    params = ask.call.params
    tags = _specified_tags(ask)
    shape: Keys = (
        {"ec2:instancetype": (scalar(params["InstanceType"]),)}
        if params.get("InstanceType")
        else {}
    )
    needs = [
        _need(ask, _arn(ask, "instance", "*"), merged(shape, tags.get("instance", {}))),
        _need(ask, _arn(ask, "volume", "*"), tags.get("volume", {})),
        _need(ask, _arn(ask, "network-interface", "*"), tags.get("network-interface", {})),
    ]
    needs.extend(_need(ask, resource, {}) for resource in _used_by_run(ask))
    needs.extend(_tagging(ask, tags))
    needs.extend(_passed_role(ask))
    return tuple(needs)


def _used_by_run(ask: Ask) -> Iterator[str]:
    """Image, subnet, security groups and key pair; what the call leaves to the account's default
    is asked as any of its kind."""
    params = ask.call.params
    groups = list(texts(params.get("SecurityGroupIds")))
    subnets = list(texts(params.get("SubnetId")))
    for interface in mappings(params.get("NetworkInterfaces")):
        groups.extend(texts(interface.get("Groups")))
        subnets.extend(texts(interface.get("SubnetId")))
    yield _arn(ask, "image", str(params.get("ImageId") or "*"))
    for subnet in subnets or ["*"]:
        yield _arn(ask, "subnet", subnet)
    for group in groups or ["*"]:
        yield _arn(ask, "security-group", group)
    if params.get("KeyName"):
        yield _arn(ask, "key-pair", str(params["KeyName"]))
    template = params.get("LaunchTemplate")
    if isinstance(template, Mapping):
        yield _arn(ask, "launch-template", str(template.get("LaunchTemplateId") or "*"))


def _passed_role(ask: Ask) -> tuple[Need, ...]:
    """An instance profile hands its role to EC2. A profile that is not known, or that a launch
    template may hold, asks for any role."""
    profile = mapping(ask.call.params.get("IamInstanceProfile"))
    if not profile and not ask.call.params.get("LaunchTemplate"):
        return ()
    name = str(profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2])
    role = ask.facts.instance_profile_role(ask.account, name)
    return (Need("iam:PassRole", role or "*", {"iam:passedtoservice": ("ec2.amazonaws.com",)}),)


MAPPERS: Final[dict[str, Mapper]] = {
    **{operation: _on_ids(parameters) for operation, parameters in _BY_IDS.items()},
    **{operation: _creating(kind, parents) for operation, (kind, parents) in _CREATES.items()},
    "RunInstances": _run_instances,
}
