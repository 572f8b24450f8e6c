"""A long-term key's life in IAM: switched off, switched on, deleted.

IAM user guide, "Managing access keys": a user has two keys at most, and one that is switched off
counts. Switching off can be undone, deleting cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

MOST_KEYS: Final = 2
"""Access keys a user may have (IAM user guide, "IAM and AWS STS quotas")."""


class KeyHands:
    """Changes the keys of users with one operator's credentials. Each call may be repeated."""

    def __init__(self, credentials: Credentials | None = None, region: str | None = None) -> None:
        self._iam: IAMClient = client("iam", credentials=credentials, region=region)

    def switch_off(self, user: str, access_key_id: str) -> None:
        with translated(f"switch off a key of {user}"):
            self._iam.update_access_key(UserName=user, AccessKeyId=access_key_id, Status="Inactive")

    def switch_on(self, user: str, access_key_id: str) -> None:
        with translated(f"switch on a key of {user}"):
            self._iam.update_access_key(UserName=user, AccessKeyId=access_key_id, Status="Active")

    def delete(self, user: str, access_key_id: str) -> bool:
        """Delete a key; False when it was gone already."""
        try:
            with translated(f"delete a key of {user}"):
                self._iam.delete_access_key(UserName=user, AccessKeyId=access_key_id)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return False
            raise
        return True
