"""IAM users deleted behind Vault's back."""

from __future__ import annotations

from tests.support.connections import REGION, administrator
from vaultaws.aws.identity import Directory
from vaultaws.aws.users import Users
from vaultaws.local.awsprocess import LocalAws


def owner(aws: LocalAws, access_key_id: str) -> str:
    """The user that a key belongs to."""
    return Directory(administrator(aws), REGION).key_owner(access_key_id)


def behind_its_back(aws: LocalAws, access_key_id: str) -> str:
    """Delete the user that a key belongs to; return its name."""
    user, users = owner(aws, access_key_id), Users(administrator(aws), REGION)
    users.clear(user)
    users.delete(user)
    return user
