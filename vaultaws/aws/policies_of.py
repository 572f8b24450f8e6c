"""The policies that decide what an IAM user may do, as IAM keeps them.

Those of the user and of the user's groups, inline and managed, and the permissions boundary
(IAM user guide, "Policy evaluation logic"). Read one by one: an operator may be denied some.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, JsonObject

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True)
class User:
    """An IAM user as GetUser has it. `boundary_arn` is empty without a boundary."""

    name: str
    arn: str
    user_id: str
    created_at: datetime
    boundary_arn: str = ""

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class HeldPolicy:
    """A policy document and the name it is found by: an ARN, or OWNER/NAME for an inline one."""

    name: str
    document: JsonObject


@dataclass(frozen=True)
class Held:
    """What a user holds. `unread` says, a sentence each, what AWS would not show."""

    user: User
    policies: tuple[HeldPolicy, ...] = ()
    boundary: HeldPolicy | None = None
    unread: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Policies found so far, and what was refused."""

    policies: list[HeldPolicy] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class PolicyReader:
    """Reads users and their policies with one operator's credentials."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        region: str | None = None,
        profile: str | None = None,
    ) -> None:
        self._iam: IAMClient = client(
            "iam", credentials=credentials, region=region, profile=profile
        )

    def user(self, name: str) -> User:
        """Read one user. Raises AwsError."""
        with translated(f"look up the user {name}"):
            entry = self._iam.get_user(UserName=name)["User"]
        boundary = entry.get("PermissionsBoundary", {})
        return User(
            name=entry["UserName"],
            arn=entry["Arn"],
            user_id=entry["UserId"],
            created_at=entry["CreateDate"].astimezone(UTC),
            boundary_arn=str(boundary.get("PermissionsBoundaryArn", "")),
        )

    def held_by(self, user: User) -> Held:
        """Everything that has a say in what the user may do. Raises AwsError only when no
        answer came; a refusal is told in `unread`."""
        reading = _Reading()
        self._gather(reading, "user", user.name)
        for group in self._listed(reading, "list_groups_for_user", "Groups", UserName=user.name):
            self._gather(reading, "group", group["GroupName"])
        before = len(reading.policies)
        if user.boundary_arn:
            self._managed(reading, user.boundary_arn)
        found = reading.policies[before:]
        return Held(
            user,
            tuple(reading.policies[:before]),
            found[0] if found else None,
            tuple(reading.unread),
        )

    def trust_of(self, role_arn: str) -> JsonObject:
        """The trust policy of a role of this account. Raises AwsError."""
        name = role_arn.rsplit("/", 1)[-1]
        with translated(f"read the trust policy of {role_arn}"):
            role = self._iam.get_role(RoleName=name)["Role"]
        return _decoded(role.get("AssumeRolePolicyDocument"))

    def _gather(self, reading: _Reading, kind: str, name: str) -> None:
        """The inline and managed policies of one user or group."""
        owner = {f"{kind.capitalize()}Name": name}
        for policy in self._listed(reading, f"list_{kind}_policies", "PolicyNames", **owner):
            self._inline(reading, kind, name, policy)
        attached = f"list_attached_{kind}_policies"
        for entry in self._listed(reading, attached, "AttachedPolicies", **owner):
            self._managed(reading, entry["PolicyArn"])

    def _listed(self, reading: _Reading, method: str, key: str, **owner: str) -> Iterator[Any]:
        pages = self._iam.get_paginator(method).paginate(**owner)  # type: ignore[call-overload]
        try:
            with translated(f"{method.replace('_', ' ')} ({', '.join(owner.values())})"):
                found = [entry for page in pages for entry in page[key]]
        except AwsError as fault:
            _note(reading, fault)
            return
        yield from found

    def _inline(self, reading: _Reading, kind: str, owner: str, name: str) -> None:
        try:
            with translated(f"read the policy {name} of the {kind} {owner}"):
                document: object = (
                    self._iam.get_user_policy(UserName=owner, PolicyName=name)["PolicyDocument"]
                    if kind == "user"
                    else self._iam.get_group_policy(GroupName=owner, PolicyName=name)[
                        "PolicyDocument"
                    ]
                )
        except AwsError as fault:
            _note(reading, fault)
            return
        reading.policies.append(HeldPolicy(f"{owner}/{name}", _decoded(document)))

    def _managed(self, reading: _Reading, arn: str) -> None:
        try:
            with translated(f"read the policy {arn}"):
                version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        except AwsError as fault:
            _note(reading, fault)
            return
        document: object = found["PolicyVersion"].get("Document")
        reading.policies.append(HeldPolicy(arn, _decoded(document)))


def _note(reading: _Reading, fault: AwsError) -> None:
    """Keep what AWS refused to show; where no answer came, nothing can be told at all."""
    if not fault.code:
        raise fault
    reading.unread.append(f"{fault.what} ({fault.code})")


def _decoded(document: object) -> JsonObject:
    """botocore decodes policy documents into mappings; its stubs say text or mapping."""
    return document if isinstance(document, dict) else {}
