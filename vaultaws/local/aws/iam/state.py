"""moto's IAM objects by name, and the errors when there is none.

Callers hold `moto_door.LOCK`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from vaultaws.local.aws import ids
from vaultaws.local.aws.hooks import ApiError, Clock
from vaultaws.local.aws.moto_door import Moto

PREFIXES: Final = {"users": ids.USER, "groups": ids.GROUP, "roles": ids.ROLE}


def no_such(text: str) -> ApiError:
    return ApiError("NoSuchEntity", text, 404)


def exists_already(text: str) -> ApiError:
    return ApiError("EntityAlreadyExists", text, 409)


def conflict(must: str) -> ApiError:
    return ApiError("DeleteConflict", f"Cannot delete entity, must {must} first.", 409)


def over_quota(name: str, limit: int) -> ApiError:
    return ApiError("LimitExceeded", f"Cannot exceed quota for {name}: {limit}", 409)


@dataclass
class ServiceCredential:
    """One name and password of a user for one service; moto has none of it."""

    id: str
    user_id: str
    service: str
    created_at: datetime
    user_name: str
    password: str = field(repr=False)
    status: str = "Active"


class State:
    """The IAM entities of one account."""

    def __init__(self, moto: Moto, clock: Clock) -> None:
        self.moto = moto
        self.clock = clock
        self.account_id = moto.account_id
        self.service_credentials: dict[str, ServiceCredential] = {}

    @property
    def backend(self) -> Any:
        return self.moto.iam

    def naive_now(self) -> datetime:
        """The time as moto's objects keep it: UTC without a zone, in whole seconds."""
        return self.clock.now().replace(tzinfo=None, microsecond=0)

    def new_id(self, prefix: str) -> str:
        return ids.new_id(prefix, self.account_id)

    def user(self, name: str) -> Any:
        found = self.backend.users.get(name)
        if found is None:
            raise no_such(f"The user with name {name} cannot be found.")
        return found

    def group(self, name: str) -> Any:
        found = self.backend.groups.get(name)
        if found is None:
            raise no_such(f"The group with name {name} cannot be found.")
        return found

    def role(self, name: str) -> Any:
        found = self.find_role(name)
        if found is None:
            raise no_such(f"The role with name {name} cannot be found.")
        return found

    def find_role(self, name: str) -> Any | None:
        return next((role for role in self.backend.roles.values() if role.name == name), None)

    def policy(self, arn: str) -> Any:
        found = self.backend.managed_policies.get(arn)
        if found is None:
            raise no_such(f"Policy {arn} was not found.")
        return found

    def user_by_id(self, principal_id: str, name: str = "") -> Any | None:
        """The user with this AIDA id; `name` is where to look first."""
        user = self.backend.users.get(name)
        if user is not None and user.id == principal_id:
            return user
        users = self.backend.users.values()
        return next((user for user in users if user.id == principal_id), None)

    def groups_of(self, user: Any) -> list[Any]:
        return [group for group in self.backend.groups.values() if user in group.users]

    def service_credentials_of(self, user: Any) -> list[ServiceCredential]:
        return [one for one in self.service_credentials.values() if one.user_id == user.id]

    def tags_of_user(self, user: Any) -> list[dict[str, str]]:
        tags: list[dict[str, str]] = self.backend.tagger.list_tags_for_resource(user.arn)["Tags"]
        return tags

    def adopt(self) -> None:
        """Give moto's own new entities (CloudFormation makes some) ids as IAM's are."""
        for kind, prefix in (("users", ids.USER), ("groups", ids.GROUP)):
            for entity in getattr(self.backend, kind).values():
                if not entity.id.startswith(prefix):
                    entity.id = self.new_id(prefix)
        for policy in self.backend.managed_policies.values():
            if not policy.id.startswith(ids.POLICY):
                policy.id = self.new_id(ids.POLICY)


def boundary_of(entity: Any) -> str:
    """The ARN of the permissions boundary of a user or role, or an empty text.

    moto knows a role's; a user's is kept on moto's object under the name its serialiser reads.
    """
    boundary = getattr(entity, "permissions_boundary", None)
    return str(boundary["PermissionsBoundaryArn"]) if boundary else ""


def boundary_value(arn: str) -> Mapping[str, str]:
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


def utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def set_user_boundary(user: Any, arn: str) -> None:
    user.permissions_boundary = dict(boundary_value(arn)) if arn else None
