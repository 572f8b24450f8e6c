"""[static_roles.*]: users whose keys the engine replaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.config.durations import words
from vaultaws.config.schema import Config
from vaultaws.lint.rule import Hit, Rule, Severity

SHORTEST_PERIOD_SECONDS: Final = 60

PERIOD: Final = Rule(
    "static-period-too-short",
    Severity.ERROR,
    "a rotation_period below a minute",
    "The engine refuses to store such a static role.",
    "the engine's path_static_roles.go: minAllowableRotationPeriod",
)
SHARED: Final = Rule(
    "static-user-shared",
    Severity.WARNING,
    "one IAM user in two static roles",
    "Each replaces the user's oldest key, so each takes away the key that the other handed out.",
    "the engine's rotation.go: createCredential; hashicorp/vault#27477",
)
RULES: Final = (PERIOD, SHARED)


def check(config: Config) -> Iterator[Hit]:
    """Every rule about static roles."""
    first: dict[tuple[str, str], str] = {}
    for role in config.static_roles:
        where = ("static_roles", role.name)
        if role.rotation_period_seconds < SHORTEST_PERIOD_SECONDS:
            said = words(role.rotation_period_seconds)
            message = f"the engine takes 1 min or more, and this says {said}"
            yield PERIOD.at((*where, "rotation_period"), message, do='rotation_period = "24h"')
        other = first.setdefault((role.assume_role_arn, role.username), role.name)
        if other != role.name:
            message = f"{other} replaces the keys of {role.username} as well"
            yield SHARED.at((*where, "username"), message, do="one static role for each user")
