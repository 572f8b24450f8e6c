"""Users: create, read, rename, delete (IAM API reference, the User actions)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.documents import load_aws_policy
from vaultaws.local.aws.iam.state import (
    State,
    boundary_of,
    conflict,
    exists_already,
    no_such,
    over_quota,
    set_user_boundary,
    utc,
)

MAX_USERS: Final = 5000
MAX_TAGS: Final = 50


class Users:
    """Users of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateUser"): self.create,
            ("iam", "GetUser"): self.get,
            ("iam", "ListUsers"): self.list,
            ("iam", "UpdateUser"): self.update,
            ("iam", "DeleteUser"): self.delete,
            ("iam", "TagUser"): self.tag,
            ("iam", "PutUserPermissionsBoundary"): self.put_boundary,
            ("iam", "DeleteUserPermissionsBoundary"): self.delete_boundary,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        state, name = self._state, str(call.params["UserName"])
        self._check_name(name)
        if len(state.backend.users) >= MAX_USERS:
            raise over_quota("UsersPerAccount", MAX_USERS)
        tags = checked_tags(call.params.get("Tags", ()))
        boundary = str(call.params.get("PermissionsBoundary", ""))
        if boundary:
            self._check_boundary(boundary)
        path = call.params.get("Path", "/")
        user = state.backend.create_user("us-east-1", name, path, tags)
        user.id, user.create_date = state.new_id(ids.USER), state.naive_now()
        set_user_boundary(user, boundary)
        return {"User": self._shown(user)}

    def _check_name(self, name: str) -> None:
        """Names are unique whatever their case."""
        if name in self._state.backend.users or any(
            name.lower() == other.lower() for other in self._state.backend.users
        ):
            raise exists_already(f"User with name {name} already exists.")

    def _check_boundary(self, arn: str) -> None:
        load_aws_policy(arn, self._state)
        if arn not in self._state.backend.managed_policies:
            raise no_such(f"Scope ARN: {arn} does not exist or is not attachable.")

    def get(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        if "UserName" not in call.params and caller.kind is CallerKind.ROOT:
            created = self._state.clock.now().replace(month=1, day=1, hour=0, minute=0, second=0)
            root = {
                "Path": "/",
                "UserName": "root",
                "UserId": caller.account_id,
                "Arn": caller.arn,
                "CreateDate": created.replace(microsecond=0),
            }
            return {"User": root}
        return {"User": self._shown(self._state.user(str(call.params["UserName"])))}

    def list(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        prefix = str(call.params.get("PathPrefix", "/"))
        users = self._state.backend.users
        names = sorted(name for name, user in users.items() if user.path.startswith(prefix))
        page, rest = paged(names, call.params)
        shown = [self._shown(users[name], whole=False) for name in page]
        return {"Users": shown, **rest}

    def _shown(self, user: Any, *, whole: bool = True) -> Mapping[str, Any]:
        """A user as the API shows it; lists leave tags and boundary out."""
        shown: dict[str, Any] = {
            "Path": user.path,
            "UserName": user.name,
            "UserId": user.id,
            "Arn": user.arn,
            "CreateDate": utc(user.create_date),
        }
        if user.password_last_used:
            shown["PasswordLastUsed"] = utc(user.password_last_used)
        if whole:
            if boundary_of(user):
                shown["PermissionsBoundary"] = user.permissions_boundary
            tags = self._state.tags_of_user(user)
            if tags:
                shown["Tags"] = tags
        return shown

    def update(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        """A rename keeps keys, groups, policies and tags; the ARN changes."""
        state, name = self._state, str(call.params["UserName"])
        user = state.user(name)
        new_name = str(call.params.get("NewUserName", name))
        if new_name.lower() != name.lower():
            self._check_name(new_name)
        tags = state.tags_of_user(user)
        state.backend.tagger.delete_all_tags_for_resource(user.arn)
        user.path = call.params.get("NewPath", user.path)
        user.name = new_name
        state.backend.users[new_name] = state.backend.users.pop(name)
        for key in user.access_keys:
            key.user_name = new_name
        state.backend.tagger.tag_resource(user.arn, tags)
        return {}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        obstacle = self._obstacle(user)
        if obstacle:
            raise conflict(obstacle)
        self._state.backend.tagger.delete_all_tags_for_resource(user.arn)
        del self._state.backend.users[user.name]
        return {}

    def _obstacle(self, user: Any) -> str:
        """What a user must lose before it can be deleted (API reference, DeleteUser)."""
        obstacles = (
            (user.policies, "delete policies"),
            (user.managed_policies, "detach all policies"),
            (user.access_keys, "delete access keys"),
            (self._state.groups_of(user), "remove users from group"),
            (user.mfa_devices, "delete MFA device"),
            (user.password, "delete login profile"),
            (user.signing_certificates, "delete signing certificates"),
            (user.ssh_public_keys, "delete ssh public keys"),
            (
                self._state.service_credentials_of(user),
                "delete service specific credentials",
            ),
        )
        return next((must for held, must in obstacles if held), "")

    def tag(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        tags = checked_tags(call.params.get("Tags", ()))
        held = {tag["Key"] for tag in self._state.tags_of_user(user)}
        if len(held | {tag["Key"] for tag in tags}) > MAX_TAGS:
            raise over_quota("TagsPerUser", MAX_TAGS)
        self._state.backend.tagger.tag_resource(user.arn, tags)
        return {}

    def put_boundary(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        arn = str(call.params["PermissionsBoundary"])
        self._check_boundary(arn)
        set_user_boundary(user, arn)
        return {}

    def delete_boundary(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        if not boundary_of(user):
            raise no_such("A permissions boundary is not attached to this user.")
        set_user_boundary(user, "")
        return {}


def checked_tags(tags: Any) -> list[dict[str, str]]:
    """Tags with keys unique whatever their case. Raises ApiError InvalidInput."""
    if len({tag["Key"].lower() for tag in tags}) < len(tags):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise ApiError("InvalidInput", text, 400)
    return [dict(tag) for tag in tags]


def paged(names: list[str], params: Mapping[str, Any]) -> tuple[list[str], Mapping[str, Any]]:
    """One page of sorted names; the marker is the last name of the page before it."""
    marker, most = str(params.get("Marker", "")), int(params.get("MaxItems", 100))
    left = [name for name in names if name > marker]
    page = left[:most]
    if len(left) > most:
        return page, {"IsTruncated": True, "Marker": page[-1]}
    return page, {"IsTruncated": False}
