"""The kill switch for STS tokens: deny what was issued before a moment, then prove it dead.

AWS cannot revoke a token. An inline policy on its principal can deny all that was issued before
a moment, by aws:TokenIssueTime (IAM user guide, "Revoking IAM role temporary security
credentials"). The key is absent from requests signed by a long-term key, and an operator without
IfExists does not match an absent key: so Vault's own IAM user keeps working while every
federation and session token it minted before the moment is dead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, JsonObject

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

POLICY_NAME: Final = "vaultaws-cut-tokens"
_ISSUE_TIME: Final = "aws:TokenIssueTime"
_INLINE_LIMITS: Final = {"user": 2048, "role": 10240}  # characters, all inline policies together


class HolderKind(StrEnum):
    """Whose inline policy denies: the user behind federation and session tokens, or a role."""

    USER = "user"
    ROLE = "role"


@dataclass(frozen=True)
class Holder:
    """The principal that carries the deny."""

    kind: HolderKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Cut:
    """A deny in force: tokens of `holder` issued before `moment` are refused."""

    holder: Holder
    policy_name: str
    moment: datetime


def deny_document(moment: datetime) -> dict[str, Any]:
    """The policy. AWS writes issue times in whole seconds, rounded down: so round ours up."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "VaultawsCutTokens",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {_ISSUE_TIME: _iso(round_up(moment))}},
            }
        ],
    }


def round_up(moment: datetime) -> datetime:
    """The moment in UTC, at the next whole second."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def moment_of(document: JsonObject) -> datetime | None:
    """Read the moment back from a policy; None when it is not one of ours."""
    try:
        (statement,) = document["Statement"]
        if (statement["Effect"], statement["Action"], statement["Resource"]) != ("Deny", "*", "*"):
            return None
        text = statement["Condition"]["DateLessThan"][_ISSUE_TIME]
        moment = datetime.fromisoformat(text)
    except (KeyError, TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


class Cutter:
    """Sets, reads and lifts denies with one operator's credentials."""

    def __init__(self, credentials: Credentials | None = None, region: str | None = None) -> None:
        self._iam: IAMClient = client("iam", credentials=credentials, region=region)

    def cut(self, holder: Holder, moment: datetime, policy_name: str = POLICY_NAME) -> Cut:
        """Deny tokens issued before `moment`. A later deny already in force stays.

        Raises AwsError; with code LimitExceeded when the inline policies leave no room.
        """
        standing = self.find(holder, policy_name)
        wanted = Cut(holder, policy_name, round_up(moment))
        if standing is not None and standing.moment >= wanted.moment:
            return standing
        document = json.dumps(deny_document(moment), separators=(",", ":"))
        try:
            with translated(f"put the deny on {holder}"):
                self._put(holder, policy_name, document)
        except AwsError as fault:
            raise _no_room(fault, holder) if fault.code == "LimitExceeded" else fault from None
        return wanted

    def find(self, holder: Holder, policy_name: str = POLICY_NAME) -> Cut | None:
        """The deny in force on `holder`; None without one. Raises AwsError for no such holder."""
        try:
            with translated(f"read the deny on {holder}"):
                document = self._get(holder, policy_name)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return None
            raise
        moment = moment_of(document)
        return None if moment is None else Cut(holder, policy_name, moment)

    def lift(self, holder: Holder, policy_name: str = POLICY_NAME) -> bool:
        """Remove the deny; False when there was none."""
        try:
            with translated(f"lift the deny on {holder}"):
                self._delete(holder, policy_name)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return False
            raise
        return True

    def _put(self, holder: Holder, policy_name: str, document: str) -> None:
        if holder.kind is HolderKind.USER:
            self._iam.put_user_policy(
                UserName=holder.name, PolicyName=policy_name, PolicyDocument=document
            )
        else:
            self._iam.put_role_policy(
                RoleName=holder.name, PolicyName=policy_name, PolicyDocument=document
            )

    def _get(self, holder: Holder, policy_name: str) -> JsonObject:
        """botocore decodes the document; its stubs call it a dict or text."""
        document: object
        if holder.kind is HolderKind.USER:
            document = self._iam.get_user_policy(UserName=holder.name, PolicyName=policy_name)[
                "PolicyDocument"
            ]
        else:
            document = self._iam.get_role_policy(RoleName=holder.name, PolicyName=policy_name)[
                "PolicyDocument"
            ]
        return document if isinstance(document, dict) else {}

    def _delete(self, holder: Holder, policy_name: str) -> None:
        if holder.kind is HolderKind.USER:
            self._iam.delete_user_policy(UserName=holder.name, PolicyName=policy_name)
        else:
            self._iam.delete_role_policy(RoleName=holder.name, PolicyName=policy_name)


def deny_tokens_issued_before(
    holder: Holder,
    moment: datetime,
    *,
    policy_name: str = POLICY_NAME,
    credentials: Credentials | None = None,
) -> Cut:
    """Deny every token of `holder` issued before `moment`; see `Cutter.cut`."""
    return Cutter(credentials).cut(holder, moment, policy_name)


def lift(
    holder: Holder, *, policy_name: str = POLICY_NAME, credentials: Credentials | None = None
) -> bool:
    """Remove the deny; False when there was none."""
    return Cutter(credentials).lift(holder, policy_name)


def is_cut(
    holder: Holder,
    issued_at: datetime,
    *,
    policy_name: str = POLICY_NAME,
    credentials: Credentials | None = None,
) -> bool:
    """True when a deny in force covers a token of `holder` issued at `issued_at`."""
    standing = Cutter(credentials).find(holder, policy_name)
    return standing is not None and issued_at < standing.moment


def _no_room(fault: AwsError, holder: Holder) -> AwsError:
    limit = _INLINE_LIMITS[holder.kind.value]
    return AwsError(
        f"there is no room for the deny on {holder}",
        why=f"all inline policies of a {holder.kind} together may have {limit} characters",
        do="move one of its inline policies to a managed policy, then try again",
        code=fault.code,
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
