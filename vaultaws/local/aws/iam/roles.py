"""Roles and groups (IAM API reference, the Role and Group actions)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from moto.iam.models import Role

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import Handlers
from vaultaws.local.aws.iam import documents
from vaultaws.local.aws.iam.state import (
    State,
    boundary_of,
    boundary_value,
    conflict,
    exists_already,
    no_such,
    over_quota,
    utc,
)
from vaultaws.local.aws.iam.users import checked_tags

MAX_ROLES: Final = 1000
MAX_GROUPS: Final = 300
MAX_GROUPS_PER_USER: Final = 10
DEFAULT_SECONDS: Final = 3600


class Roles:
    """Roles of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateRole"): self.create,
            ("iam", "UpdateRole"): self.update,
            ("iam", "DeleteRole"): self.delete,
            ("iam", "UpdateAssumeRolePolicy"): self.update_trust,
            ("iam", "PutRolePermissionsBoundary"): self.put_boundary,
            ("iam", "DeleteRolePermissionsBoundary"): self.delete_boundary,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        state, name = self._state, str(call.params["RoleName"])
        if any(role.name.lower() == name.lower() for role in state.backend.roles.values()):
            raise exists_already(f"Role with name {name} already exists.")
        if len(state.backend.roles) >= MAX_ROLES:
            raise over_quota("RolesPerAccount", MAX_ROLES)
        trust = str(call.params["AssumeRolePolicyDocument"])
        documents.trust_document(trust, state)
        boundary = str(call.params.get("PermissionsBoundary", ""))
        if boundary:
            self._check_boundary(boundary)
        role = Role(
            account_id=state.account_id,
            partition="aws",
            role_id=state.new_id(ids.ROLE),
            name=name,
            assume_role_policy_document=trust,
            path=call.params.get("Path", "/"),
            permissions_boundary=boundary or None,
            description=call.params.get("Description", ""),
            tags=checked_tags(call.params.get("Tags", ())),
            max_session_duration=call.params.get("MaxSessionDuration", DEFAULT_SECONDS),
        )
        role.create_date = state.naive_now()
        state.backend.roles[role.id] = role
        return {"Role": _shown(role)}

    def _check_boundary(self, arn: str) -> None:
        documents.load_aws_policy(arn, self._state)
        if arn not in self._state.backend.managed_policies:
            raise no_such(f"Scope ARN: {arn} does not exist or is not attachable.")

    def update(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        """What is left out falls back, as in AWS: no description, one hour."""
        role = self._state.role(str(call.params["RoleName"]))
        role.description = call.params.get("Description", "")
        role.max_session_duration = call.params.get("MaxSessionDuration", DEFAULT_SECONDS)
        return {}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        role = self._state.role(str(call.params["RoleName"]))
        profiles = self._state.backend.instance_profiles.values()
        obstacles = (
            (
                any(role in profile.roles for profile in profiles),
                "remove roles from instance profile",
            ),
            (role.managed_policies, "detach all policies"),
            (role.policies, "delete policies"),
        )
        for held, must in obstacles:
            if held:
                raise conflict(must)
        del self._state.backend.roles[role.id]
        return {}

    def update_trust(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        role, text = self._state.role(str(call.params["RoleName"])), call.params["PolicyDocument"]
        documents.trust_document(str(text), self._state)
        role.assume_role_policy_document = str(text)
        return {}

    def put_boundary(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        role = self._state.role(str(call.params["RoleName"]))
        arn = str(call.params["PermissionsBoundary"])
        self._check_boundary(arn)
        role.permissions_boundary_arn = arn
        return {}

    def delete_boundary(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        role = self._state.role(str(call.params["RoleName"]))
        if not boundary_of(role):
            raise no_such("A permissions boundary is not attached to this role.")
        role.permissions_boundary_arn = None
        return {}


def _shown(role: Any) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": utc(role.create_date),
        "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
    }
    if role.tags:
        shown["Tags"] = role.tags
    if boundary_of(role):
        shown["PermissionsBoundary"] = boundary_value(boundary_of(role))
    return shown


class Groups:
    """Groups of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateGroup"): self.create,
            ("iam", "DeleteGroup"): self.delete,
            ("iam", "AddUserToGroup"): self.add_user,
            ("iam", "RemoveUserFromGroup"): self.remove_user,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        state, name = self._state, str(call.params["GroupName"])
        if any(name.lower() == other.lower() for other in state.backend.groups):
            raise exists_already(f"Group with name {name} already exists.")
        if len(state.backend.groups) >= MAX_GROUPS:
            raise over_quota("GroupsPerAccount", MAX_GROUPS)
        group = state.backend.create_group(name, call.params.get("Path", "/"))
        group.id, group.create_date = state.new_id(ids.GROUP), state.naive_now()
        shown = {
            "Path": group.path,
            "GroupName": group.name,
            "GroupId": group.id,
            "Arn": group.arn,
            "CreateDate": utc(group.create_date),
        }
        return {"Group": shown}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        group = self._state.group(str(call.params["GroupName"]))
        obstacles = (
            (group.users, "remove users from group"),
            (group.managed_policies, "detach all policies"),
            (group.policies, "delete policies"),
        )
        for held, must in obstacles:
            if held:
                raise conflict(must)
        del self._state.backend.groups[group.name]
        return {}

    def add_user(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        group = self._state.group(str(call.params["GroupName"]))
        user = self._state.user(str(call.params["UserName"]))
        if user not in group.users:
            if len(self._state.groups_of(user)) >= MAX_GROUPS_PER_USER:
                raise over_quota("GroupsPerUser", MAX_GROUPS_PER_USER)
            group.users.append(user)
        return {}

    def remove_user(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        group = self._state.group(str(call.params["GroupName"]))
        user = self._state.user(str(call.params["UserName"]))
        if user in group.users:
            group.users.remove(user)
        return {}
