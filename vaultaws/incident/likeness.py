"""How the IAM users of the engine look: by the names that the template gives, or by path. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from re import Pattern

from vaultaws.aws.identity import IamUser
from vaultaws.incident.naming import pattern
from vaultaws.leases.person import readable
from vaultaws.model import Role


@dataclass(frozen=True)
class Likeness:
    """Roles as they can be read, and how the names of each one's users look, where that tells."""

    roles: Mapping[str, Role]
    patterns: Mapping[str, Pattern[str]]

    def role_of(self, user: IamUser) -> str:
        """The role whose users are named like this one, or lie below a path of its own; empty
        where it looks like none. Of several that fit the longest name counts."""
        fitting = [name for name in self.patterns if self.fits(user, name)]
        if fitting:
            return min(fitting, key=lambda name: (-len(name), name))
        for name, role in self.roles.items():
            if role.user_path not in {"", "/"} and user.path == role.user_path:
                return name
        return ""

    def fits(self, user: IamUser, role: str) -> bool:
        """Whether the user is named like those of the role."""
        pattern = self.patterns.get(role)
        return pattern is not None and pattern.fullmatch(user.name) is not None

    def person_of(self, user: IamUser, role: str) -> str:
        """Whom the name of a role's user says it was made for; empty where it says nobody."""
        known = self.patterns.get(role)
        found = known.fullmatch(user.name) if known is not None else None
        name = found.groupdict().get("person") if found is not None else None
        return readable(name) if name else ""


def patterns(template: str, names: Iterable[str]) -> dict[str, Pattern[str]]:
    """How the names of users of each role look; a role whose names tell nothing is left out."""
    found = {name: pattern(template, name) for name in names}
    return {name: each for name, each in found.items() if each is not None}


def unfollowed(names: Iterable[str]) -> str:
    """The sentence for roles whose users' names do not tell them."""
    return (
        "names of IAM users are not told from others by the mount's username_template, for"
        f" {', '.join(names)}: only their path is"
    )
