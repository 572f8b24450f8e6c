"""What Vault's own user must have itself, for federation tokens to have it. Pure.

A federated user may do what both the role's policy and the policies of Vault's user allow (STS API
reference, GetFederationToken). It can never call IAM nor STS, so nothing of those is lent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vaultaws.errors import ConfigError
from vaultaws.model import CredentialType, JsonObject, Role
from vaultaws.policy.document import MalformedPolicyError, parse_policy

_KEPT: Final = ("iam:*", "sts:*")
_SERVICES: Final = ("iam", "sts")


def lent_arns(roles: Iterable[Role]) -> tuple[str, ...]:
    """Managed policies that federation roles name."""
    federating = (role for role in roles if _federates(role))
    return tuple(sorted({arn for role in federating for arn in role.policy_arns}))


def lent_statements(roles: Iterable[Role]) -> list[JsonObject]:
    """The Allow statements of federation roles, each once, without IAM and STS."""
    found: list[JsonObject] = []
    for role in roles:
        if not _federates(role) or role.policy_document is None:
            continue
        for statement in _statements(role):
            lent = _lent(role, statement)
            if lent is not None and lent not in found:
                found.append(lent)
    return found


def _federates(role: Role) -> bool:
    return role.credential_type is CredentialType.FEDERATION_TOKEN


def _statements(role: Role) -> Iterator[Mapping[str, Any]]:
    document: Any = role.policy_document
    try:
        parse_policy(document)
    except MalformedPolicyError as fault:
        raise ConfigError(
            f"the policy of role {role.name} is not a policy",
            why=str(fault),
            do="vaultaws lint",
        ) from fault
    statements = document["Statement"]
    yield from statements if isinstance(statements, list | tuple) else (statements,)


def _lent(role: Role, statement: Mapping[str, Any]) -> JsonObject | None:
    if statement["Effect"] != "Allow":
        return None
    rest = {
        key: value for key, value in statement.items() if key not in {"Sid", "Action", "NotAction"}
    }
    if "NotAction" in statement:
        without = (*_listed(statement["NotAction"]), *_KEPT)
        return {**rest, "NotAction": list(dict.fromkeys(without))}
    actions = _listed(statement["Action"])
    if "*" in actions:
        return {**rest, "NotAction": list(_KEPT)}
    kept = [action for action in actions if _service(role, action) not in _SERVICES]
    return {**rest, "Action": kept} if kept else None


def _service(role: Role, action: str) -> str:
    service = action.partition(":")[0].lower()
    if "*" in service or "?" in service:
        raise ConfigError(
            f"role {role.name} grants {action}",
            why="Vault's own user would have to hold it too, whichever services it means",
            do='name the services, or say "*"',
        )
    return service


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
