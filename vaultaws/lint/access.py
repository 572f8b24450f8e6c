"""[access.*]: who may issue what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from vaultaws.config.faults import quoted
from vaultaws.config.schema import Access, Config
from vaultaws.lint.rule import Hit, Rule, Severity

_REFERENCE: Final = "docs/reference.md, [access.NAME]"

NOBODY: Final = Rule(
    "role-without-access",
    Severity.NOTE,
    "a role that no access table names",
    "Where access is declared, a role outside it is issued by nobody but those whom policies of "
    "another making let.",
    _REFERENCE,
)
NO_ROLES: Final = Rule(
    "access-without-roles",
    Severity.WARNING,
    "an access table that names no role",
    "It makes a policy that allows nothing.",
    _REFERENCE,
)
NO_MEMBERS: Final = Rule(
    "access-without-members",
    Severity.NOTE,
    "an access table that names nobody",
    "Its policy is made, and whoever is to have it gets it elsewhere.",
    _REFERENCE,
)
WILDCARD: Final = Rule(
    "member-with-wildcard",
    Severity.WARNING,
    "a member whose name looks like a pattern",
    "Members are names, compared as they stand: * and ? match nobody.",
    "Vault documentation, Identity: entity aliases and groups",
)
PATH_TWICE: Final = Rule(
    "member-path-twice",
    Severity.WARNING,
    "one auth method twice in an access table",
    "Paths with and without a slash at the end are one auth method. Names are easily missed in the "
    "second list.",
    _REFERENCE,
)
RULES: Final = (NOBODY, NO_ROLES, NO_MEMBERS, WILDCARD, PATH_TWICE)


def check(config: Config) -> Iterator[Hit]:
    """Every rule about access; a file that declares none is left alone."""
    if not config.access:
        return
    for access in config.access:
        yield from _access(access)
    named = {name for access in config.access for name in access.roles}
    static = {name for access in config.access for name in access.static_roles}
    outside = [("roles", role.name) for role in config.roles if role.name not in named]
    outside += [
        ("static_roles", role.name) for role in config.static_roles if role.name not in static
    ]
    for where in outside:
        message = f"no access table names {where[1]}"
        yield NOBODY.at(
            where, message, do="name it in an [access.*] table, if people are to use it"
        )


def _access(access: Access) -> Iterator[Hit]:
    where = ("access", access.name)
    if not access.roles and not access.static_roles:
        message = f"{access.name} names no role"
        yield NO_ROLES.at(where, message, do='roles = ["…"], or remove the table')
    if not any(names for _, names in access.members):
        message = f"{access.name} names nobody"
        yield NO_MEMBERS.at(where, message, do='members = { userpass = ["ada"] }')
    for path, names in access.members:
        for index, name in enumerate(names):
            if {"*", "?"} & set(name):
                message = f"{quoted(name)} is compared as it stands, and matches nobody else"
                remedy = "name each, or a group of the claim (oidc, jwt)"
                yield WILDCARD.at((*where, "members", path, str(index)), message, do=remedy)
    for path, count in Counter(path for path, _ in access.members).items():
        if count > 1:
            message = f"{path} stands {count} times here"
            yield PATH_TWICE.at((*where, "members"), message, do="put its names into one list")
