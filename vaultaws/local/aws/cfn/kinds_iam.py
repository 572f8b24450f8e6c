"""IAM's resources: users, groups, roles and managed policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from vaultaws.local.aws.cfn.kind import Clients, Kind, Place, Properties, given, words
from vaultaws.local.aws.cfn.template import text_of

_USER: Final = words("Path PermissionsBoundary Tags")
_ROLE: Final = words("Path Description MaxSessionDuration PermissionsBoundary Tags")
_MANAGED: Final = words("Path Description")
_POLICIES: Final = words("ManagedPolicyArns Policies")
_HOLDERS: Final = (("Users", "User"), ("Groups", "Group"), ("Roles", "Role"))


def _differences(old: Iterable[Any], new: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """What is gone, and what is new."""
    before, after = list(old), list(new)
    return [x for x in before if x not in after], [x for x in after if x not in before]


def _gone(call: Callable[..., object], **params: Any) -> None:
    """Take something away; what is not there is as good as taken."""
    try:
        call(**params)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise


def _policies(clients: Clients, kind: str, name: str, old: Properties, new: Properties) -> None:
    """Make inline and managed policies those of `new`."""
    iam, low, owner = clients.client("iam"), kind.lower(), {f"{kind}Name": name}
    gone, added = _differences(old.get("ManagedPolicyArns", ()), new.get("ManagedPolicyArns", ()))
    for arn in gone:
        _gone(getattr(iam, f"detach_{low}_policy"), **owner, PolicyArn=arn)
    for arn in added:
        getattr(iam, f"attach_{low}_policy")(**owner, PolicyArn=arn)
    before = {each["PolicyName"]: each["PolicyDocument"] for each in old.get("Policies", ())}
    after = {each["PolicyName"]: each["PolicyDocument"] for each in new.get("Policies", ())}
    for policy in sorted(before.keys() - after.keys()):
        _gone(getattr(iam, f"delete_{low}_policy"), **owner, PolicyName=policy)
    for policy, document in after.items():
        if before.get(policy) != document:
            put = getattr(iam, f"put_{low}_policy")
            put(**owner, PolicyName=policy, PolicyDocument=text_of(document))


def _boundary(clients: Clients, kind: str, name: str, old: Properties, new: Properties) -> None:
    iam, low, owner = clients.client("iam"), kind.lower(), {f"{kind}Name": name}
    before, after = old.get("PermissionsBoundary"), new.get("PermissionsBoundary")
    if after and after != before:
        put = getattr(iam, f"put_{low}_permissions_boundary")
        put(**owner, PermissionsBoundary=after)
    elif before and not after:
        _gone(getattr(iam, f"delete_{low}_permissions_boundary"), **owner)


def _tags(clients: Clients, kind: str, name: str, old: Properties, new: Properties) -> None:
    iam, low, owner = clients.client("iam"), kind.lower(), {f"{kind}Name": name}
    gone, added = _differences(old.get("Tags", ()), new.get("Tags", ()))
    kept = {each["Key"] for each in new.get("Tags", ())}
    keys = [each["Key"] for each in gone if each["Key"] not in kept]
    if keys:
        getattr(iam, f"untag_{low}")(**owner, TagKeys=keys)
    if added:
        getattr(iam, f"tag_{low}")(**owner, Tags=added)


def _make_user(clients: Clients, name: str, said: Properties) -> str:
    clients.client("iam").create_user(UserName=name, **given(said, _USER))
    return name


def _change_user(clients: Clients, name: str, old: Properties, new: Properties) -> None:
    iam, path = clients.client("iam"), new.get("Path", "/")
    if old.get("Path", "/") != path:
        iam.update_user(UserName=name, NewPath=path)
    _boundary(clients, "User", name, old, new)
    _tags(clients, "User", name, old, new)
    gone, added = _differences(old.get("Groups", ()), new.get("Groups", ()))
    for group in gone:
        _gone(iam.remove_user_from_group, GroupName=group, UserName=name)
    for group in added:
        iam.add_user_to_group(GroupName=group, UserName=name)
    _policies(clients, "User", name, old, new)


def _end_user(clients: Clients, name: str, said: Properties) -> None:
    iam = clients.client("iam")
    for group in said.get("Groups", ()):
        _gone(iam.remove_user_from_group, GroupName=group, UserName=name)
    _policies(clients, "User", name, said, {})
    _gone(iam.delete_user, UserName=name)


def _make_group(clients: Clients, name: str, said: Properties) -> str:
    clients.client("iam").create_group(GroupName=name, **given(said, words("Path")))
    return name


def _change_group(clients: Clients, name: str, old: Properties, new: Properties) -> None:
    path = new.get("Path", "/")
    if old.get("Path", "/") != path:
        clients.client("iam").update_group(GroupName=name, NewPath=path)
    _policies(clients, "Group", name, old, new)


def _end_group(clients: Clients, name: str, said: Properties) -> None:
    _policies(clients, "Group", name, said, {})
    _gone(clients.client("iam").delete_group, GroupName=name)


def _make_role(clients: Clients, name: str, said: Properties) -> str:
    more = given(said, _ROLE)
    if "MaxSessionDuration" in more:
        more["MaxSessionDuration"] = int(more["MaxSessionDuration"])
    trust = text_of(said["AssumeRolePolicyDocument"])
    clients.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)
    return name


def _change_role(clients: Clients, name: str, old: Properties, new: Properties) -> None:
    iam, trust = clients.client("iam"), new["AssumeRolePolicyDocument"]
    if trust != old["AssumeRolePolicyDocument"]:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=text_of(trust))
    settings = {"Description": "", "MaxSessionDuration": 3600}
    if any(old.get(key, usual) != new.get(key, usual) for key, usual in settings.items()):
        iam.update_role(
            RoleName=name,
            Description=new.get("Description", ""),
            MaxSessionDuration=int(new.get("MaxSessionDuration", 3600)),
        )
    _boundary(clients, "Role", name, old, new)
    _tags(clients, "Role", name, old, new)
    _policies(clients, "Role", name, old, new)


def _end_role(clients: Clients, name: str, said: Properties) -> None:
    _policies(clients, "Role", name, said, {})
    _gone(clients.client("iam").delete_role, RoleName=name)


def _attached(clients: Clients, arn: str, old: Properties, new: Properties) -> None:
    """Attach a managed policy to those that `new` names, and to nobody else of `old`."""
    iam = clients.client("iam")
    for field, kind in _HOLDERS:
        gone, added = _differences(old.get(field, ()), new.get(field, ()))
        for name in gone:
            detach = getattr(iam, f"detach_{kind.lower()}_policy")
            _gone(detach, **{f"{kind}Name": name}, PolicyArn=arn)
        for name in added:
            getattr(iam, f"attach_{kind.lower()}_policy")(**{f"{kind}Name": name}, PolicyArn=arn)


def _make_managed(clients: Clients, name: str, said: Properties) -> str:
    document = text_of(said["PolicyDocument"])
    more = given(said, _MANAGED)
    made = clients.client("iam").create_policy(PolicyName=name, PolicyDocument=document, **more)
    return str(made["Policy"]["Arn"])


def _drop_old_versions(iam: Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _change_managed(clients: Clients, arn: str, old: Properties, new: Properties) -> None:
    if old["PolicyDocument"] != new["PolicyDocument"]:
        iam, document = clients.client("iam"), text_of(new["PolicyDocument"])
        _drop_old_versions(iam, arn)
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    _attached(clients, arn, old, new)


def _end_managed(clients: Clients, arn: str, said: Properties) -> None:
    iam = clients.client("iam")
    _attached(clients, arn, said, {})
    _gone(_drop_old_versions, iam=iam, arn=arn)
    _gone(iam.delete_policy, PolicyArn=arn)


def _arn_of(kind: str) -> Callable[[Place, str, Properties], Mapping[str, str]]:
    def attributes(place: Place, name: str, said: Properties) -> Mapping[str, str]:
        path = said.get("Path", "/")
        return {"": name, "Arn": f"arn:aws:iam::{place.account_id}:{kind}{path}{name}"}

    return attributes


KINDS: Final = (
    Kind(
        "AWS::IAM::User",
        "UserName",
        fixed=words("UserName"),
        known=words("UserName Groups") | _USER | _POLICIES,
        made_with=_USER,
        make=_make_user,
        change=_change_user,
        end=_end_user,
        attributes=_arn_of("user"),
    ),
    Kind(
        "AWS::IAM::Group",
        "GroupName",
        fixed=words("GroupName"),
        known=words("GroupName Path") | _POLICIES,
        made_with=words("Path"),
        make=_make_group,
        change=_change_group,
        end=_end_group,
        attributes=_arn_of("group"),
    ),
    Kind(
        "AWS::IAM::Role",
        "RoleName",
        fixed=words("RoleName Path"),
        known=words("RoleName AssumeRolePolicyDocument") | _ROLE | _POLICIES,
        made_with=words("AssumeRolePolicyDocument") | _ROLE,
        make=_make_role,
        change=_change_role,
        end=_end_role,
        attributes=_arn_of("role"),
    ),
    Kind(
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
        fixed=words("ManagedPolicyName") | _MANAGED,
        known=words("ManagedPolicyName PolicyDocument Users Groups Roles") | _MANAGED,
        made_with=words("PolicyDocument") | _MANAGED,
        make=_make_managed,
        change=_change_managed,
        end=_end_managed,
        attributes=lambda _place, arn, _said: {"": arn, "PolicyArn": arn},
    ),
)
