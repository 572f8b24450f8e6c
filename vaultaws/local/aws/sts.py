"""STS: the credentials it mints, and who they make of their bearer.

Source: AWS STS API reference, GetFederationToken, GetSessionToken, AssumeRole,
GetCallerIdentity, GetAccessKeyInfo. The caller's right to ask was checked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.local.aws import ids, sessions
from vaultaws.local.aws.call import Call, Caller, CallerKind, Session
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.documents import load_aws_policy
from vaultaws.local.aws.iam.state import State
from vaultaws.local.aws.keys import Keys
from vaultaws.local.aws.mfa import Codes, check_session_code
from vaultaws.local.aws.moto_door import LOCK
from vaultaws.model import Secret

DEFAULT_MAX_SECONDS: Final = 3600


class Sts:
    """The STS of one account."""

    def __init__(self, state: State, keys: Keys, codes: Codes) -> None:
        self._state = state
        self._keys = keys
        self._codes = codes

    def handlers(self) -> Handlers:
        return {
            ("sts", "GetCallerIdentity"): self.get_caller_identity,
            ("sts", "GetAccessKeyInfo"): self.get_access_key_info,
            ("sts", "GetSessionToken"): self.get_session_token,
            ("sts", "GetFederationToken"): self.get_federation_token,
            ("sts", "AssumeRole"): self.assume_role,
            ("sts", "AssumeRoleWithWebIdentity"): _no_provider,
            ("sts", "AssumeRoleWithSAML"): _no_provider,
        }

    def get_caller_identity(self, _call: Call, caller: Caller) -> Mapping[str, Any]:
        """Never denied, whatever the policies say."""
        return {"UserId": caller.principal_id, "Account": caller.account_id, "Arn": caller.arn}

    def get_access_key_info(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        """The account is written in the key's id; the key need not exist."""
        try:
            return {"Account": ids.account_of(str(call.params["AccessKeyId"]))}
        except ValueError as error:
            text = "Invalid AccessKeyId"
            raise ApiError("ValidationError", text, 400) from error

    def get_session_token(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        mfa_at = self._mfa(call, caller)
        root = caller.kind is CallerKind.ROOT
        seconds = sessions.token_seconds(call.params.get("DurationSeconds"), root=root)
        session = _session(call.time, seconds, mfa_at=mfa_at)
        return {"Credentials": self._mint(replace(caller, session=session), call.time)}

    def get_federation_token(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        limits = sessions.limits_of(call.params, None)
        self._load(limits.policy_arns)
        root = caller.kind is CallerKind.ROOT
        seconds = sessions.token_seconds(call.params.get("DurationSeconds"), root=root)
        name = str(call.params["Name"])
        federated = Caller(
            kind=CallerKind.FEDERATED_USER,
            account_id=caller.account_id,
            arn=f"arn:aws:sts::{caller.account_id}:federated-user/{name}",
            principal_id=f"{caller.account_id}:{name}",
            access_key_id="",
            session=_session(call.time, seconds, limits=limits),
            issuer_arn=caller.arn,
            issuer_principal_id=caller.principal_id,
            issuer_user_name=caller.user_name,
        )
        answer: dict[str, Any] = {
            "Credentials": self._mint(federated, call.time),
            "FederatedUser": {"FederatedUserId": federated.principal_id, "Arn": federated.arn},
        }
        return _with_size(answer, limits)

    def assume_role(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        with LOCK:
            role = self._role(str(call.params["RoleArn"]), caller)
        if call.params.get("SerialNumber") or call.params.get("TokenCode"):
            self._mfa(call, caller)
        behind = caller.session if caller.kind is CallerKind.ASSUMED_ROLE else None
        limits = sessions.limits_of(call.params, behind)
        self._load(limits.policy_arns)
        seconds = sessions.role_seconds(
            call.params.get("DurationSeconds"),
            role_max=int(role.max_session_duration or DEFAULT_MAX_SECONDS),
            chained=behind is not None,
        )
        session = replace(
            _session(call.time, seconds, limits=limits),
            source_identity=sessions.source_identity(
                str(call.params.get("SourceIdentity", "")), behind
            ),
            external_id=str(call.params.get("ExternalId", "")),
            chained=behind is not None,
        )
        with LOCK:
            role.last_used, role.last_used_region = self._state.naive_now(), call.region
        assumed = _role_session(role, str(call.params["RoleSessionName"]), caller, session)
        answer: dict[str, Any] = {
            "Credentials": self._mint(assumed, call.time),
            "AssumedRoleUser": {"AssumedRoleId": assumed.principal_id, "Arn": assumed.arn},
        }
        if session.source_identity:
            answer["SourceIdentity"] = session.source_identity
        return _with_size(answer, limits)

    def _role(self, arn: str, caller: Caller) -> Any:
        roles = self._state.backend.roles.values()
        found = next((role for role in roles if role.arn == arn), None)
        if found is None:
            action = "sts:AssumeRole"
            text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}"
            raise ApiError("AccessDenied", text, 403)
        return found

    def _load(self, arns: tuple[str, ...]) -> None:
        """Managed session policies must exist."""
        with LOCK:
            for arn in arns:
                load_aws_policy(arn, self._state)
                if arn not in self._state.backend.managed_policies:
                    text = f"The specified policy ARN {arn} does not exist."
                    raise ApiError("ValidationError", text, 400)

    def _mfa(self, call: Call, caller: Caller) -> datetime | None:
        """When the caller proved a device with this call; None when none was named."""
        serial = str(call.params.get("SerialNumber", ""))
        code = str(call.params.get("TokenCode", ""))
        if not (serial or code):
            return None
        with LOCK:
            user = self._state.backend.users.get(caller.user_name)
            check_session_code(self._codes, self._state.backend, user, serial, code)
        return call.time

    def _mint(self, bearer: Caller, now: datetime) -> Mapping[str, Any]:
        if bearer.session is None:
            msg = "STS mints sessions only"
            raise ValueError(msg)
        key_id = ids.new_id(ids.SESSION_KEY, bearer.account_id)
        secret, token = Secret(ids.new_secret()), Secret(ids.new_token())
        self._keys.add_session(replace(bearer, access_key_id=key_id), secret, token, now)
        return {
            "AccessKeyId": key_id,
            "SecretAccessKey": secret.reveal(),
            "SessionToken": token.reveal(),
            "Expiration": bearer.session.expires_at,
        }


def _session(
    now: datetime,
    seconds: int,
    *,
    mfa_at: datetime | None = None,
    limits: sessions.Limits | None = None,
) -> Session:
    issued = now.replace(microsecond=0)
    limits = limits or sessions.Limits()
    return Session(
        issued_at=issued,
        expires_at=issued + timedelta(seconds=seconds),
        mfa_at=mfa_at,
        policies=limits.policies,
        policy_arns=limits.policy_arns,
        tags=limits.tags or {},
        transitive_tag_keys=limits.transitive,
    )


def _role_session(role: Any, name: str, caller: Caller, session: Session) -> Caller:
    return Caller(
        kind=CallerKind.ASSUMED_ROLE,
        account_id=caller.account_id,
        arn=f"arn:aws:sts::{caller.account_id}:assumed-role/{role.name}/{name}",
        principal_id=f"{role.id}:{name}",
        access_key_id="",
        session=session,
        issuer_arn=role.arn,
        issuer_principal_id=role.id,
        issuer_user_name=role.name,
    )


def _with_size(answer: dict[str, Any], limits: sessions.Limits) -> Mapping[str, Any]:
    if limits.packed_percent is not None:
        answer["PackedPolicySize"] = limits.packed_percent
    return answer


def _no_provider(_call: Call, _caller: Caller) -> Mapping[str, Any]:
    text = "No OpenIDConnect or SAML provider found in your account for this token"
    raise ApiError("InvalidIdentityToken", text, 400)
