"""What IAM holds of an entity, as values: to see changes, and to see them late.

A mutating call is bracketed by two looks at the entities it names; what differs is reported to
`Propagation` with the value that held before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vaultaws.local.aws.call import Call
from vaultaws.local.aws.hooks import Propagation
from vaultaws.local.aws.iam.state import State, boundary_of
from vaultaws.local.aws.keys import Keys
from vaultaws.local.aws.keys import subject as key_subject


@dataclass(frozen=True)
class Holdings:
    """The policies of a user, group or role. `inline` pairs name and text; `groups` are ids."""

    inline: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()
    boundary: str = ""
    groups: tuple[str, ...] = ()
    trust: str = ""
    arn: str = ""


def user_holdings(state: State, user: Any) -> Holdings:
    return Holdings(
        inline=tuple(user.policies.items()),
        attached=tuple(user.managed_policies),
        boundary=boundary_of(user),
        groups=tuple(group.id for group in state.groups_of(user)),
        arn=user.arn,
    )


def group_holdings(group: Any) -> Holdings:
    return Holdings(tuple(group.policies.items()), tuple(group.managed_policies), arn=group.arn)


def role_holdings(role: Any) -> Holdings:
    return Holdings(
        inline=tuple(role.policies.items()),
        attached=tuple(role.managed_policies),
        boundary=boundary_of(role),
        trust=role.assume_role_policy_document,
        arn=role.arn,
    )


def default_text(policy: Any) -> str:
    """The default version of a managed policy."""
    wanted = policy.default_version_id
    return next((v.document for v in policy.versions if v.version_id == wanted), "")


class Observer:
    """Brackets the calls that change IAM. Callers hold `moto_door.LOCK`."""

    def __init__(self, state: State, keys: Keys, propagation: Propagation) -> None:
        self._state = state
        self._keys = keys
        self._propagation = propagation

    @contextmanager
    def watching(self, call: Call) -> Iterator[None]:
        """Report what the body changes of the entities that `call` names."""
        before = self._look(call.params)
        yield
        after = self._look(call.params)
        for subject in before.keys() | after.keys():
            if before.get(subject) != after.get(subject):
                self._propagation.changed(subject, before.get(subject), call.time)

    def _look(self, params: Mapping[str, Any]) -> dict[str, object]:
        seen: dict[str, object] = {}
        backend = self._state.backend
        for name in {params.get("UserName"), params.get("NewUserName")} - {None}:
            self._look_at_user(backend.users.get(name), seen)
        group = backend.groups.get(params.get("GroupName"))
        if group is not None:
            seen[f"group:{group.id}"] = group_holdings(group)
        role = self._state.find_role(params["RoleName"]) if "RoleName" in params else None
        if role is not None:
            seen[f"role:{role.id}"] = role_holdings(role)
            seen[f"principal:{role.id}"] = True
        policy = backend.managed_policies.get(params.get("PolicyArn"))
        if policy is not None:
            seen[f"policy:{policy.arn}"] = default_text(policy)
        return seen

    def _look_at_user(self, user: Any | None, seen: dict[str, object]) -> None:
        if user is None:
            return
        seen[f"user:{user.id}"] = user_holdings(self._state, user)
        seen[f"principal:{user.id}"] = True
        for key in user.access_keys:
            seen[key_subject(key.access_key_id)] = self._keys.current(key.access_key_id)
