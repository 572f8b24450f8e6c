"""Who calls, and which IAM users and keys there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, Pairs, Principal

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


MOST_A_PAGE: Final = 1000
"""IAM API reference, ListUsers: MaxItems."""


@dataclass(frozen=True)
class AccessKey:
    """A long-term key of an IAM user. `last_used_at` is None when AWS knows of no use."""

    id: str
    user: str
    active: bool
    created_at: datetime
    last_used_at: datetime | None = None
    last_used_service: str = ""
    last_used_region: str = ""


@dataclass(frozen=True)
class IamUser:
    """An IAM user, as ListUsers has it."""

    name: str
    arn: str
    path: str
    user_id: str
    created_at: datetime


def caller_identity(
    credentials: Credentials | None = None,
    region: str | None = None,
    profile: str | None = None,
) -> Principal:
    """Ask AWS who calls. It answers even where every action is denied (STS API reference)."""
    sts = client("sts", credentials=credentials, region=region, profile=profile)
    with translated("say who calls"):
        answer = sts.get_caller_identity()
    return Principal(account=answer["Account"], arn=answer["Arn"], user_id=answer["UserId"])


class Directory:
    """IAM's users and keys, read with one caller's credentials over one client."""

    def __init__(self, credentials: Credentials | None = None, region: str | None = None) -> None:
        self._iam: IAMClient = client("iam", credentials=credentials, region=region)

    def user_exists(self, name: str) -> bool:
        try:
            with translated(f"look up the user {name}"):
                self._iam.get_user(UserName=name)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return False
            raise
        return True

    def users(self, path: str = "/", prefix: str = "") -> Iterator[IamUser]:
        """IAM users below `path` whose names start with `prefix`, page by page."""
        pages = self._iam.get_paginator("list_users").paginate(
            PathPrefix=path, PaginationConfig={"PageSize": MOST_A_PAGE}
        )
        with translated("list the users"):
            for page in pages:
                for entry in page["Users"]:
                    if entry["UserName"].startswith(prefix):
                        yield IamUser(
                            name=entry["UserName"],
                            arn=entry["Arn"],
                            path=entry["Path"],
                            user_id=entry["UserId"],
                            created_at=_utc(entry["CreateDate"]),
                        )

    def access_keys(self, user: str) -> tuple[AccessKey, ...]:
        """The user's keys with their last use; empty when there is no such user."""
        pages = self._iam.get_paginator("list_access_keys").paginate(UserName=user)
        try:
            with translated(f"list the keys of {user}"):
                listed = [entry for page in pages for entry in page["AccessKeyMetadata"]]
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return ()
            raise
        return tuple(
            self._with_use(
                AccessKey(
                    id=entry["AccessKeyId"],
                    user=user,
                    active=entry["Status"] == "Active",
                    created_at=_utc(entry["CreateDate"]),
                )
            )
            for entry in listed
        )

    def tags(self, user: str) -> Pairs:
        """The user's tags by key; empty when there is no such user."""
        pages = self._iam.get_paginator("list_user_tags").paginate(UserName=user)
        try:
            with translated(f"list the tags of {user}"):
                found = [(tag["Key"], tag["Value"]) for page in pages for tag in page["Tags"]]
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return ()
            raise
        return tuple(sorted(found))

    def key_owner(self, access_key_id: str) -> str:
        """The user a long-term key belongs to, empty when AWS says there is no such key.

        For a key of another account AWS answers AccessDenied, which is raised.
        """
        try:
            with translated("look up the key's owner"):
                return self._iam.get_access_key_last_used(AccessKeyId=access_key_id)["UserName"]
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return ""
            raise

    def key(self, access_key_id: str) -> AccessKey | None:
        """A long-term key with its last use; None when AWS says there is no such key."""
        owner = self.key_owner(access_key_id)
        keys = self.access_keys(owner) if owner else ()
        return next((key for key in keys if key.id == access_key_id), None)

    def _with_use(self, key: AccessKey) -> AccessKey:
        with translated("look up the key's last use"):
            answer = self._iam.get_access_key_last_used(AccessKeyId=key.id)
        used: Mapping[str, Any] = answer.get("AccessKeyLastUsed", {})
        moment = used.get("LastUsedDate")
        if moment is None:
            return key
        return AccessKey(
            id=key.id,
            user=key.user,
            active=key.active,
            created_at=key.created_at,
            last_used_at=_utc(moment),
            last_used_service=used.get("ServiceName", ""),
            last_used_region=used.get("Region", ""),
        )


def user_exists(name: str, credentials: Credentials | None = None) -> bool:
    """True when IAM has a user of that name."""
    return Directory(credentials).user_exists(name)


def user_access_keys(name: str, credentials: Credentials | None = None) -> tuple[AccessKey, ...]:
    """The user's keys with their last use; empty when there is no such user."""
    return Directory(credentials).access_keys(name)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
