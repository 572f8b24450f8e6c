"""STS: the credentials it mints, and who they make of their bearer.

Source: AWS STS API reference, GetFederationToken, GetSessionToken, AssumeRole,
GetCallerIdentity, GetAccessKeyInfo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultaws.local.aws.call import Call, Caller


def get_caller_identity(call: Call, caller: Caller) -> Mapping[str, Any]:
    """Never denied, whatever the policies say."""
    del call
    return {"UserId": caller.principal_id, "Account": caller.account_id, "Arn": caller.arn}
