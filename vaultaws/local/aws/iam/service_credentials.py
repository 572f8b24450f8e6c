"""Service-specific credentials of users (IAM API reference, those actions). moto has none."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.state import ServiceCredential, State, no_such, over_quota, utc

MOST: Final = 2
"""A user's credentials for one service (IAM user guide, "IAM and AWS STS quotas")."""
SERVICES: Final = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})


class ServiceCredentials:
    """Those of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateServiceSpecificCredential"): self.create,
            ("iam", "ListServiceSpecificCredentials"): self.list,
            ("iam", "UpdateServiceSpecificCredential"): self.update,
            ("iam", "ResetServiceSpecificCredential"): self.reset,
            ("iam", "DeleteServiceSpecificCredential"): self.delete,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        service = str(call.params["ServiceName"])
        if service not in SERVICES:
            text = f"No such service {service} is supported for Service Specific Credentials"
            raise ApiError("NotSupportedService", text, 404)
        held = [one for one in self._of(user) if one.service == service]
        if len(held) >= MOST:
            raise over_quota("ServiceSpecificCredentialsPerUser", MOST)
        made = ServiceCredential(
            id=self._state.new_id(ids.SERVICE_CREDENTIAL),
            user_id=user.id,
            service=service,
            created_at=self._state.naive_now(),
            user_name=f"{user.name}{f'+{len(held)}' if held else ''}-at-{self._state.account_id}",
            password=secrets.token_urlsafe(32),
        )
        self._state.service_credentials[made.id] = made
        return {"ServiceSpecificCredential": _whole(made, user)}

    def list(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        service = call.params.get("ServiceName")
        shown = [_shown(one, user) for one in self._of(user) if service in {None, one.service}]
        return {"ServiceSpecificCredentials": shown}

    def update(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        self._named(call)[1].status = str(call.params["Status"])
        return {}

    def reset(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user, found = self._named(call)
        found.password = secrets.token_urlsafe(32)
        return {"ServiceSpecificCredential": _whole(found, user)}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        del self._state.service_credentials[self._named(call)[1].id]
        return {}

    def _named(self, call: Call) -> tuple[Any, ServiceCredential]:
        user = self._state.user(str(call.params["UserName"]))
        wanted = str(call.params["ServiceSpecificCredentialId"])
        for one in self._of(user):
            if one.id == wanted:
                return user, one
        raise no_such(f"No such credential {wanted} exists")

    def _of(self, user: Any) -> Sequence[ServiceCredential]:
        return self._state.service_credentials_of(user)


def _whole(one: ServiceCredential, user: Any) -> Mapping[str, Any]:
    return {**_shown(one, user), "ServicePassword": one.password}


def _shown(one: ServiceCredential, user: Any) -> Mapping[str, Any]:
    return {
        "UserName": user.name,
        "Status": one.status,
        "ServiceUserName": one.user_name,
        "CreateDate": utc(one.created_at),
        "ServiceSpecificCredentialId": one.id,
        "ServiceName": one.service,
    }
