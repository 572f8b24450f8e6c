"""Customer-managed policies, written by name: made, given a new default version, deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from vaultaws.aws.errors import translated
from vaultaws.errors import AwsError
from vaultaws.model import JsonObject, Principal

MOST_VERSIONS: Final = 5
_NO_SUCH: Final = "NoSuchEntity"


class Account:
    """The account whose policies are meant: that of the caller, asked for once."""

    def __init__(self, caller: Callable[[], Principal]) -> None:
        self._caller = caller

    @cached_property
    def _root(self) -> str:
        caller = self._caller()
        return f"arn:{caller.arn.split(':')[1]}:iam::{caller.account}:policy/"

    def policy_arn(self, name: str) -> str:
        """The ARN of the account's policy of that name. Raises AwsError."""
        return self._root + name


class Managed:
    """Managed policies over one client of IAM."""

    def __init__(self, iam: Any, account: Account) -> None:
        self._iam, self._account = iam, account

    def arn(self, name: str) -> str:
        return self._account.policy_arn(name)

    def put(self, name: str, text: str, description: str) -> str:
        """Make the policy, or give the one there is this text; return its ARN.

        `description` is only for a new one: IAM never changes it. Raises AwsError.
        """
        try:
            with translated(f"make the policy {name}"):
                made = self._iam.create_policy(
                    PolicyName=name, PolicyDocument=text, Description=description
                )
            return str(made["Policy"]["Arn"])
        except AwsError as fault:
            if fault.code != "EntityAlreadyExists":
                raise
        arn = self.arn(name)
        with translated(f"write the policy {name}"):
            self._make_room(arn)
            self._iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        return arn

    def document(self, arn: str) -> JsonObject | None:
        """The default version; None when there is no such policy. Raises AwsError."""
        with gone() as went, translated(f"read the policy {arn}"):
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        if went:
            return None
        document = found["PolicyVersion"]["Document"]
        return document if isinstance(document, dict) else {}

    def description(self, arn: str) -> str:
        """The policy's description; empty when there is no such policy. Raises AwsError."""
        with gone() as went, translated(f"read the policy {arn}"):
            found = self._iam.get_policy(PolicyArn=arn)
        return "" if went else str(found["Policy"].get("Description", ""))

    def delete(self, arn: str) -> bool:
        """Delete the policy with its versions; False when there was none. Raises AwsError."""
        with gone() as went, translated(f"delete the policy {arn}"):
            for version in self._others(arn):
                self._iam.delete_policy_version(PolicyArn=arn, VersionId=version)
            self._iam.delete_policy(PolicyArn=arn)
        return not went

    def _make_room(self, arn: str) -> None:
        others = self._others(arn)
        if len(others) + 1 >= MOST_VERSIONS:
            self._iam.delete_policy_version(PolicyArn=arn, VersionId=others[-1])

    def _others(self, arn: str) -> list[str]:
        """The versions that are not the default, the newest first."""
        pages = self._iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
        found = [entry for page in pages for entry in page["Versions"]]
        found.sort(key=lambda entry: int(entry["VersionId"][1:]), reverse=True)
        return [entry["VersionId"] for entry in found if not entry["IsDefaultVersion"]]


@contextmanager
def gone() -> Iterator[list[AwsError]]:
    """Take NoSuchEntity for an answer: what is yielded holds it afterwards."""
    went: list[AwsError] = []
    try:
        yield went
    except AwsError as fault:
        if fault.code != _NO_SUCH:
            raise
        went.append(fault)
