"""Who is in IAM now, by path and by group, with one call a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True)
class UserThere:
    """A user, by path and name alone."""

    path: str
    name: str

    @property
    def full(self) -> str:
        return self.path + self.name


class Present:
    """Looks users up with one caller's credentials. Each method raises AwsError."""

    def __init__(self) -> None:
        self._iam: IAMClient = client("iam")

    def at(self, path: str) -> tuple[UserThere, ...]:
        """The users at a path and below it."""
        with translated(f"list the users at {path}"):
            pages = self._iam.get_paginator("list_users").paginate(PathPrefix=path)
            return tuple(user for page in pages for user in _users(page["Users"]))

    def members(self, group: str) -> tuple[UserThere, ...]:
        """The users in a group; none where there is no such group."""
        try:
            with translated(f"list the members of the group {group}"):
                pages = self._iam.get_paginator("get_group").paginate(GroupName=group)
                return tuple(user for page in pages for user in _users(page["Users"]))
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return ()
            raise


def _users(entries: Iterable[Any]) -> Iterable[UserThere]:
    return (UserThere(str(each["Path"]), str(each["UserName"])) for each in entries)
