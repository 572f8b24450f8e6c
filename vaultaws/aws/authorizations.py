"""IAM's users with every policy that grants them something, read in one sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Authorized:
    """A user: groups, the documents of inline and own managed policies, ARNs of managed ones; those
    of the groups among them."""

    name: str
    groups: tuple[str, ...]
    documents: tuple[Document, ...]
    policy_arns: tuple[str, ...]


class Authorizations:
    """Looks users up with one caller's credentials. Each method raises AwsError."""

    def __init__(self) -> None:
        self._iam: IAMClient = client("iam")

    def users(self) -> tuple[Authorized, ...]:
        """Every user (IAM API reference, GetAccountAuthorizationDetails)."""
        users: list[Any] = []
        groups: dict[str, Any] = {}
        managed: dict[str, Document] = {}
        with translated("read who may do what"):
            paginator = self._iam.get_paginator("get_account_authorization_details")
            for page in paginator.paginate(Filter=["User", "Group", "LocalManagedPolicy"]):
                users += page["UserDetailList"]
                groups |= {each["GroupName"]: each for each in page["GroupDetailList"]}
                managed |= {each["Arn"]: _default(each) for each in page["Policies"]}
        return tuple(_authorized(user, groups, managed) for user in users)

    def with_device(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the users who have an MFA device in use."""
        found = set()
        for name in names:
            with translated(f"list the devices of {name}"):
                if self._iam.list_mfa_devices(UserName=name)["MFADevices"]:
                    found.add(name)
        return frozenset(found)


def _default(policy: Any) -> Document:
    versions = policy.get("PolicyVersionList", ())
    return next((each["Document"] for each in versions if each["IsDefaultVersion"]), {})


def _authorized(
    user: Any, groups: Mapping[str, Any], managed: Mapping[str, Document]
) -> Authorized:
    names = tuple(user.get("GroupList", ()))
    holders = [(user, "UserPolicyList")]
    holders += [(groups[name], "GroupPolicyList") for name in names if name in groups]
    inline = [each["PolicyDocument"] for holder, key in holders for each in holder.get(key, ())]
    arns = [
        str(each["PolicyArn"])
        for holder, _ in holders
        for each in holder.get("AttachedManagedPolicies", ())
    ]
    documents = [*inline, *(managed[arn] for arn in arns if arn in managed)]
    return Authorized(user["UserName"], names, tuple(documents), tuple(dict.fromkeys(arns)))
