"""What is refused before Vault is asked, and what is worth saying. Pure.

Sources: AWS STS API reference (DurationSeconds and TokenCode of AssumeRole, GetFederationToken
and GetSessionToken), Vault's AWS secrets engine (`builtin/logical/aws/path_user.go`). What only
concerns the parameters of a request is in `parameters`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from vaultaws.config.durations import words
from vaultaws.errors import ConfigError, UsageError
from vaultaws.leases import parameters
from vaultaws.leases.request import IssueRequest
from vaultaws.model import CredentialType, Issued, Role, TokenInfo

STS_FLOOR_SECONDS: Final = 900
CEILING_SECONDS: Final = {
    CredentialType.ASSUMED_ROLE: 43_200,
    CredentialType.FEDERATION_TOKEN: 129_600,
    CredentialType.SESSION_TOKEN: 129_600,
}
_SLACK: Final = timedelta(seconds=30)  # the server counts whole seconds, and from a bit later
_KINDS: Final = {
    CredentialType.ASSUMED_ROLE: "assumed-role credentials",
    CredentialType.FEDERATION_TOKEN: "federation tokens",
    CredentialType.SESSION_TOKEN: "session tokens",
}


def check(role: Role | None, request: IssueRequest) -> tuple[str, ...]:
    """Return notes on the request. Raises ConfigError or UsageError for what cannot work.

    Of a role that may not be read (None) little is known: the server says the rest.
    """
    parameters.check(role, request)
    if role is None:
        return ()
    kind = request.type_of(role)
    if kind is CredentialType.IAM_USER:
        return _iam_user_notes(request.ttl_seconds)
    _check_shape(role, kind)
    return _check_life(role, kind, request.ttl_seconds)


def life_notes(role: Role | None, request: IssueRequest, issued: Issued) -> tuple[str, ...]:
    """Say so where an STS token's life is not what was asked for, or not its lease's."""
    lease, token = issued.lease, issued.credentials
    if token.session_token is None or token.expires_at is None or lease.issued_at is None:
        return ()
    notes: list[str] = []
    life = token.expires_at - lease.issued_at
    asked = timedelta(seconds=request.ttl_seconds or 0)
    if life + _SLACK < asked and not (role and role.max_sts_ttl_seconds):
        notes.append(
            f"the server gave {_rounded(life)} of the {_rounded(asked)} asked for: the mount's"
            " longest lease bounds it"
        )
    if lease.expires_at is not None and lease.expires_at + _SLACK < token.expires_at:
        notes.append(
            f"the token outlives its lease: the lease ends at {lease.expires_at:%H:%M} UTC, but AWS"
            f" honours the token until {token.expires_at:%H:%M} UTC, also when it is revoked"
        )
    elif lease.expires_at is not None and token.expires_at + _SLACK < lease.expires_at:
        notes.append(
            f"the token ends at {token.expires_at:%H:%M} UTC, before its lease"
            f" ({lease.expires_at:%H:%M} UTC)"
        )
    return tuple(notes)


def parent_notes(token: TokenInfo, issued: Issued) -> tuple[str, ...]:
    """Say so when the lease dies with the token that asked, before its own end.

    A lease is the child of its token, an orphan's too (hashicorp/vault#26641, #9728). A batch
    token is no parent: the server cuts the lease to the token's life instead.
    """
    ends, lease_ends = token.expires_at, issued.lease.expires_at
    notes: list[str] = []
    if token.uses_left:
        notes.append(
            "your Vault token is good for a number of uses: the lease ends with the last of them"
        )
    if ends is None or lease_ends is None:
        return tuple(notes)
    if token.is_batch and abs(ends - lease_ends) <= _SLACK:
        notes.append(f"the lease is cut to the life of your Vault token, until {ends:%H:%M} UTC")
    elif lease_ends > ends:
        unless = " unless the token is renewed" if token.renewable else ""
        after = "; AWS honours the credentials on" if issued.credentials.session_token else ""
        notes.append(
            f"the lease ends with your Vault token at {ends:%H:%M} UTC, before its own end"
            f"{unless}{after}"
        )
    return tuple(notes)


def _rounded(span: timedelta) -> str:
    """To the minute: the server cuts seconds off."""
    return words(round(span.total_seconds() / 60) * 60)


def _iam_user_notes(ttl_seconds: int | None) -> tuple[str, ...]:
    if ttl_seconds is None:
        return ()
    return ("the ttl is ignored: an IAM user lives as long as the mount's lease says",)


def _check_shape(role: Role, kind: CredentialType) -> None:
    managed_only = role.policy_document is None and not role.iam_groups and bool(role.policy_arns)
    if kind is CredentialType.FEDERATION_TOKEN and managed_only:
        number = "only a managed policy" if len(role.policy_arns) == 1 else "only managed policies"
        raise ConfigError(
            f"role {role.name} issues federation tokens but holds {number}",
            why="older engines refuse it at issuance (use a role to assume or an inline policy"
            " instead): the role would work on one server and fail on the next",
            do="give it an inline policy (policy = …), or make it an assumed_role",
        )
    if kind is CredentialType.FEDERATION_TOKEN and _has_no_policy(role):
        raise ConfigError(
            f"role {role.name} issues federation tokens but holds no policy",
            why="the engine refuses such a role at issuance",
            do="give it an inline policy (policy = …)",
        )
    if kind is CredentialType.ASSUMED_ROLE and not role.role_arns:
        raise ConfigError(
            f"role {role.name} names no AWS roles to assume",
            why="an assumed_role needs one at least",
            do="let the role name an AWS role (role_arns = [...])",
        )


def _has_no_policy(role: Role) -> bool:
    """The policies of IAM groups go into the session as well (the engine's path_user.go)."""
    return role.policy_document is None and not role.policy_arns and not role.iam_groups


def _check_life(role: Role, kind: CredentialType, ttl_seconds: int | None) -> tuple[str, ...]:
    name = _KINDS[kind]
    if ttl_seconds is not None and ttl_seconds < STS_FLOOR_SECONDS:
        raise UsageError(
            f"{words(ttl_seconds)} is too short for {name}",
            why=f"AWS STS gives no less than {STS_FLOOR_SECONDS} s (15 min)",
            do="ask for --ttl 15m or more",
        )
    if ttl_seconds is not None and ttl_seconds > CEILING_SECONDS[kind]:
        raise UsageError(
            f"{words(ttl_seconds)} is too long for {name}",
            why=f"AWS STS gives no more than {words(CEILING_SECONDS[kind])}",
            do="ask for a shorter --ttl",
        )
    for field, seconds in (
        ("default_sts_ttl", role.default_sts_ttl_seconds if ttl_seconds is None else 0),
        ("max_sts_ttl", role.max_sts_ttl_seconds),
    ):
        if 0 < seconds < STS_FLOOR_SECONDS:
            raise ConfigError(
                f"role {role.name} bounds {name} to {words(seconds)} ({field})",
                why=f"AWS STS gives no less than {STS_FLOOR_SECONDS} s (15 min)",
                do=f"set {field} of the role to 15m or more",
            )
    if ttl_seconds is not None and 0 < role.max_sts_ttl_seconds < ttl_seconds:
        return (
            f"the role allows {words(role.max_sts_ttl_seconds)} at most: the engine cuts to it",
        )
    return ()
