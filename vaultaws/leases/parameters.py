"""The parameters of one request against the role's type: what the engine would ignore is refused.

Sources: Vault's AWS secrets engine (`builtin/logical/aws/path_user.go`: ttl, role_arn,
role_session_name and mfa_code are all it takes), AWS STS API reference (RoleSessionName,
TokenCode).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from vaultaws.errors import UsageError, VaultRefusedError
from vaultaws.leases.request import IssueRequest
from vaultaws.model import CredentialType, Role, Secret

_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}", re.ASCII)
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)
_MFA_REFUSED: Final = "MultiFactorAuthentication failed"  # STS, in AccessDenied
_SHOWN: Final = 6
_UNNARROWED: Final = {
    CredentialType.IAM_USER: "its IAM user gets the role's own policies and no others",
    CredentialType.ASSUMED_ROLE: "the only session policy is the role's own",
    CredentialType.FEDERATION_TOKEN: "the only session policy is the role's own",
    CredentialType.SESSION_TOKEN: "GetSessionToken takes no policy: such a session may do all that"
    " Vault's own user may",
}


def check(role: Role | None, request: IssueRequest) -> None:
    """Raise UsageError for a parameter that cannot work or would be ignored."""
    _check_forms(request)
    _check_policy(role, request)
    if role is None:
        return
    kind = request.type_of(role)
    _check_fits(role, kind, request)
    if kind is CredentialType.ASSUMED_ROLE and role.role_arns:
        _check_arn(role, request.role_arn)
    if request.mfa_code is not None and not role.mfa_serial_number:
        raise UsageError(
            f"role {role.name} takes no MFA code",
            why="it names no MFA device, and AWS refuses a code without one",
            do="leave --mfa-code out, or let the role name a device (mfa_serial_number)",
        )


def needs_code(role: Role, request: IssueRequest) -> bool:
    """True when AWS wants a code: for a session token of a role that names a device."""
    return request.type_of(role) is CredentialType.SESSION_TOKEN and bool(role.mfa_serial_number)


def code_missing(role: Role) -> UsageError:
    return UsageError(
        f"role {role.name} needs an MFA code",
        why=f"it names the device {role.mfa_serial_number}",
        do="run it at a terminal, or give --mfa-code",
    )


def checked_code(code: Secret) -> Secret:
    """The code without blanks, which some devices show. Raises UsageError, never with the code."""
    digits = Secret("".join(code.reveal().split()))
    if not _CODE.fullmatch(digits.reveal()):
        raise UsageError(
            "this is not an MFA code",
            why="a code is six digits",
            do="type the six digits that the device shows now",
        )
    return digits


@contextlib.contextmanager
def explained(request: IssueRequest) -> Iterator[None]:
    """Say what to do where AWS wanted an MFA code, or another one; its own reason stays."""
    try:
        yield
    except VaultRefusedError as refusal:
        if _MFA_REFUSED not in refusal.why:
            raise
        if request.mfa_code is None:  # the token may not read the role, so nobody was asked
            refusal.what = f"role {request.role} needs an MFA code"
            refusal.do = "give --mfa-code"
        else:
            refusal.what = f"AWS did not take the MFA code for role {request.role}"
            refusal.do = "wait for the device's next code (each works once), and check its clock"
        raise


def _check_forms(request: IssueRequest) -> None:
    if request.session_name and not _SESSION_NAME.fullmatch(request.session_name):
        raise UsageError(
            f"{request.session_name!r} cannot be a session's name",
            why="AWS takes 2 to 64 letters, digits and _ + = , . @ -",
            do="choose another --session-name",
        )
    if request.mfa_code is not None:
        checked_code(request.mfa_code)


def _check_policy(role: Role | None, request: IssueRequest) -> None:
    """The server would ignore a policy in silence, and give more than was asked for."""
    if not request.policy:
        return
    reason = _UNNARROWED[request.type_of(role)] if role else "it knows no such parameter"
    raise UsageError(
        f"credentials of {request.role} cannot be narrowed by a policy",
        why=f"the engine takes no policy with a request: {reason}",
        do="declare a role with the narrower policy (policy = … in vaultaws.toml), and ask for it",
    )


def _check_fits(role: Role, kind: CredentialType, request: IssueRequest) -> None:
    given = {
        "--role-arn": (request.role_arn, CredentialType.ASSUMED_ROLE),
        "--session-name": (request.session_name, CredentialType.ASSUMED_ROLE),
        "--mfa-code": (request.mfa_code, CredentialType.SESSION_TOKEN),
    }
    for option, (value, wanted) in given.items():
        if value and kind is not wanted:
            raise UsageError(
                f"{option} means nothing to role {role.name}",
                why=f"it is of type {kind}; only {wanted} takes it, and the engine would ignore it",
                do=f"leave {option} out",
            )


def _check_arn(role: Role, role_arn: str) -> None:
    if role_arn in role.role_arns or (not role_arn and len(role.role_arns) == 1):
        return
    more = len(role.role_arns) - _SHOWN
    listed = ", ".join(role.role_arns[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    if role_arn:
        raise UsageError(
            f"role {role.name} may not assume {role_arn}",
            why=f"it names {listed}",
            do=f"ask for one of them: --role-arn {role.role_arns[0]}",
        )
    raise UsageError(
        f"role {role.name} names {len(role.role_arns)} AWS roles to assume",
        why=f"the engine cannot choose among {listed}",
        do=f"say which: --role-arn {role.role_arns[0]}",
    )
