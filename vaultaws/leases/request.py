"""What a person asks of a role, as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vaultaws.model import CredentialType, Role, Secret

CodeSource = Callable[[str], Secret]
"""Asks a person for the code of the MFA device with the given serial number. Raises UsageError
when nobody is there to ask."""


@dataclass(frozen=True)
class IssueRequest:
    """What is asked for; empty texts are not said to the server.

    `sts` None lets the role's type choose the endpoint. `code_from` is asked for the MFA code
    when the role needs one and `mfa_code` is None. `policy` is what a person gave to narrow with:
    a file's name or JSON.
    """

    mount: str
    role: str
    ttl_seconds: int | None = None
    sts: bool | None = None
    role_arn: str = ""
    session_name: str = ""
    mfa_code: Secret | None = None
    policy: str = ""
    code_from: CodeSource | None = None

    def uses_sts(self, role: Role | None) -> bool:
        """True when the request goes to `sts/`; to `creds/` where the role is not known."""
        if self.sts is not None:
            return self.sts
        return role is not None and role.credential_type.is_sts

    def type_of(self, role: Role) -> CredentialType:
        """What the role gives to this request. A role of an old server gives federation tokens
        at `sts/` (the engine's path_user.go)."""
        tokens = CredentialType.FEDERATION_TOKEN
        return tokens if self.sts and tokens in role.other_types else role.credential_type
