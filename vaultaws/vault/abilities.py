"""Which declared fields a server cannot keep, and why. Pure.

From the engines' sources (builtin/logical/aws of Vault 1.18.5, which OpenBao runs as a plugin,
and of 1.21.1), and held against both servers by tests: some fields are refused, some are accepted
and dropped in silence.
"""

from __future__ import annotations

import re
from typing import Final

from vaultaws.model import ServerHealth, ServerProduct

_OPENBAO_ENGINE: Final = (1, 18)
_ENTERPRISE: Final = frozenset(
    {
        "root.role_arn",
        "root.identity_token_audience",
        "root.identity_token_ttl",
        "root.rotation_period",
        "root.rotation_schedule",
        "root.rotation_window",
        "root.disable_automated_rotation",
        "static_roles.assume_role_arn",
        "static_roles.assume_role_session_name",
        "static_roles.external_id",
    }
)
_SINCE: Final = {
    "root.sts_region": (1, 19),
    "root.sts_fallback_endpoints": (1, 19),
    "root.sts_fallback_regions": (1, 19),
}
"""The first Vault whose engine keeps the field."""


def missing(field_path: str, health: ServerHealth) -> str | None:
    """Why the server cannot take a field; None when it can.

    `field_path` is TABLE.KEY as the file or the model says it: `root.sts_region`,
    `roles.external_id`, `static_roles.assume_role_arn`, `root.rotation_period_seconds`.
    """
    path = field_path.removesuffix("_seconds")
    openbao = health.product is ServerProduct.OPENBAO
    if path in _ENTERPRISE and not health.enterprise:
        where = "OpenBao" if openbao else "the community edition of Vault"
        return f"it works on Vault Enterprise only, and this is {where}"
    since = _SINCE.get(path)
    if since is None or engine_version(health) >= since:
        return None
    if openbao:
        return "the AWS engine of OpenBao does not have it and would drop it in silence"
    return f"the AWS engine of Vault has it since {since[0]}.{since[1]}; this is {health.version}"


def has_namespaces(health: ServerHealth) -> bool:
    """Whether the server has namespaces. The community edition of Vault has none, and takes a
    request for one as a request for the root one, without a word."""
    if health.product is ServerProduct.OPENBAO:
        return True
    return health.enterprise or "+ent" in health.version


def lists_static_roles(health: ServerHealth) -> bool:
    """Whether static roles can be listed; where not, only those known by name can be read."""
    return engine_version(health) >= (1, 19)


def keeps_root_key(health: ServerHealth) -> bool:
    """Whether a write of `config/root` without the key pair leaves the stored one in place."""
    return engine_version(health) >= (1, 19)


def engine_version(health: ServerHealth) -> tuple[int, int]:
    """The version of Vault whose AWS engine the server runs; (0, 0) when it cannot be read."""
    if health.product is ServerProduct.OPENBAO:
        return _OPENBAO_ENGINE
    found = re.match(r"(\d{1,4})\.(\d{1,4})", health.version, re.ASCII)
    return (int(found[1]), int(found[2])) if found else (0, 0)
