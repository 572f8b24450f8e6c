"""Access keys of users (IAM API reference, the AccessKey actions)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moto.iam.models import AccessKey

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import Handlers
from vaultaws.local.aws.iam.state import State, no_such, over_quota, utc
from vaultaws.local.aws.iam.users import paged

MAX_KEYS: Final = 2


class AccessKeys:
    """Long-term keys of one account. Handlers run under `moto_door.LOCK`.

    `UserName` is there: the gate puts the caller's own name in where it was left out.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        return {
            ("iam", "CreateAccessKey"): self.create,
            ("iam", "UpdateAccessKey"): self.update,
            ("iam", "DeleteAccessKey"): self.delete,
            ("iam", "ListAccessKeys"): self.list,
            ("iam", "GetAccessKeyLastUsed"): self.last_used,
        }

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        if len(user.access_keys) >= MAX_KEYS:
            raise over_quota("AccessKeysPerUser", MAX_KEYS)
        key = make_key(self._state, user)
        return {"AccessKey": {**_shown(key), "SecretAccessKey": key.secret_access_key}}

    def update(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        self._key(call).status = call.params["Status"]
        return {}

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        key = self._key(call)
        self._state.user(key.user_name).access_keys.remove(key)
        del self._state.backend.access_keys[key.access_key_id]
        return {}

    def _key(self, call: Call) -> Any:
        user = self._state.user(str(call.params["UserName"]))
        key_id = call.params["AccessKeyId"]
        for key in user.access_keys:
            if key.access_key_id == key_id:
                return key
        raise no_such(f"The Access Key with id {key_id} cannot be found.")

    def list(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        user = self._state.user(str(call.params["UserName"]))
        keys = {key.access_key_id: key for key in user.access_keys}
        page, rest = paged(sorted(keys), call.params)
        return {"AccessKeyMetadata": [_shown(keys[key_id]) for key_id in page], **rest}

    def last_used(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        key_id = call.params["AccessKeyId"]
        key = self._state.backend.access_keys.get(key_id)
        if key is None or key.user_name is None:
            raise no_such(f"The Access Key with id {key_id} cannot be found.")
        used: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
        if key.last_used is not None:
            used = {
                "LastUsedDate": utc(key.last_used.timestamp),
                "ServiceName": key.last_used.service,
                "Region": key.last_used.region,
            }
        return {"UserName": key.user_name, "AccessKeyLastUsed": used}


def make_key(state: State, user: Any) -> Any:
    """Give a user another active key."""
    key = AccessKey(user.name, ids.LONG_TERM_KEY, state.account_id)
    key.access_key_id = state.new_id(ids.LONG_TERM_KEY)
    key.secret_access_key = ids.new_secret()
    key.create_date = state.naive_now()
    user.access_keys.append(key)
    state.backend.access_keys[key.access_key_id] = key
    return key


def _shown(key: Any) -> Mapping[str, Any]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.access_key_id,
        "Status": key.status,
        "CreateDate": utc(key.create_date),
    }
