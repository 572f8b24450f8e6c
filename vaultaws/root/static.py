"""Static roles: IAM users whose key the engine replaces, and what goes wrong with their times.

The engine keeps the time of the next rotation with the key. A changed rotation_period is not
carried over to it (hashicorp/vault#21967): a running server follows the new period from its
memory, one that restarts follows the stored time. And a user keeps the key before the last one,
until the next rotation needs its place (hashicorp/vault#27477).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vaultaws.aws.identity import AccessKey
from vaultaws.clock import Clock
from vaultaws.errors import (
    AwsError,
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
)
from vaultaws.model import ServerHealth, StaticRole
from vaultaws.root.facts import RootFacts
from vaultaws.root.side import AwsSide, Unknown
from vaultaws.vault.abilities import lists_static_roles
from vaultaws.vault.administration import Administration

CLOCKS_DIFFER: Final = timedelta(seconds=90)
"""How far the times of AWS, of the server and of this machine may lie apart."""
OVERDUE: Final = timedelta(minutes=5)
"""The engine looks every minute; a failed try is repeated at the next look."""


@dataclass(frozen=True)
class StaticKey:
    """One static role with its key. `key_id` is empty when Vault keeps none, or shows none.

    `rotates_at` is the stored time of the next rotation. `keys` are the user's keys in AWS, None
    where AWS could not be asked.
    """

    role: StaticRole
    key_id: str = ""
    rotates_at: datetime | None = None
    keys: tuple[AccessKey, ...] | None = None

    @property
    def period(self) -> timedelta:
        return timedelta(seconds=self.role.rotation_period_seconds)

    @property
    def key(self) -> AccessKey | None:
        """The key in use, as AWS knows it."""
        return next((key for key in self.keys or () if key.id == self.key_id), None)

    @property
    def others(self) -> tuple[AccessKey, ...]:
        return tuple(key for key in self.keys or () if key.id != self.key_id)

    @property
    def rotated_at(self) -> datetime | None:
        """The last rotation: AWS's own time of the key, else a period before the next."""
        if self.key is not None:
            return self.key.created_at
        return self.rotates_at - self.period if self.rotates_at is not None else None

    @property
    def is_gone(self) -> bool:
        """True when AWS has no such key any more: whoever uses it is refused."""
        return bool(self.key_id) and self.keys is not None and self.key is None

    def is_trapped(self, now: datetime) -> bool:
        """True when the stored time is not one period after the last rotation."""
        if self.rotates_at is None:
            return False
        if self.key is not None:
            due = self.key.created_at + self.period
            return abs(self.rotates_at - due) > CLOCKS_DIFFER
        return self.rotates_at - now > self.period + CLOCKS_DIFFER

    def is_overdue(self, now: datetime) -> bool:
        """True when the engine should have rotated and has not."""
        return self.rotates_at is not None and now - self.rotates_at > OVERDUE


@dataclass(frozen=True)
class StaticFacts:
    """The static roles of a mount, or those that were named."""

    address: str
    mount: str
    taken_at: datetime
    roles: tuple[StaticKey, ...]
    unknown: tuple[Unknown, ...] = ()


def names_of(
    vault: Administration, mount: str, health: ServerHealth, declared: Sequence[str] | None
) -> list[str]:
    """The names to look at: the server's own, or the declared ones where it cannot list.

    Raises VaultRefusedError when nothing tells them.
    """
    if declared is not None:
        return sorted(declared)
    if lists_static_roles(health):
        return vault.list_static_roles(mount)
    raise VaultRefusedError(
        f"{health.product.label} {health.version} cannot list static roles",
        why="its AWS engine has no such call (Vault's has, since 1.19)",
        do="name one (vaultaws static show NAME), or a file that declares them (-c vaultaws.toml)",
    )


def look(
    vault: Administration, mount: str, names: Sequence[str], side: AwsSide | AwsError, clock: Clock
) -> StaticFacts:
    """Look at static roles by name; one that does not exist is left out."""
    unknown: dict[str, Unknown] = {}
    found = [
        _with_aws(_with_key(vault, mount, role, unknown), side, unknown)
        for role in vault.read_static_roles(mount, names)
    ]
    return StaticFacts(vault.address, mount, clock.now(), tuple(found), tuple(unknown.values()))


def look_at_one(
    vault: Administration, mount: str, name: str, side: AwsSide | AwsError, clock: Clock
) -> StaticFacts:
    """Look at one static role. Raises VaultNotFoundError when there is none by that name."""
    facts = look(vault, mount, [name], side, clock)
    if not facts.roles:
        raise VaultNotFoundError(
            f'no static role "{name}" on {mount}/',
            why="the server found none by that name",
            do="vaultaws static list",
        )
    return facts


def _with_key(
    vault: Administration, mount: str, role: StaticRole, unknown: dict[str, Unknown]
) -> StaticKey:
    try:
        key_id, rotates_at = vault.static_key(mount, role.name)
    except VaultNotFoundError:
        return StaticKey(role)
    except VaultDeniedError as fault:
        what = "the keys in use and their times"
        unknown.setdefault(what, Unknown.of(what, fault))
        return StaticKey(role)
    return StaticKey(role, key_id, rotates_at)


def _with_aws(found: StaticKey, side: AwsSide | AwsError, unknown: dict[str, Unknown]) -> StaticKey:
    what = "the keys of the users in AWS"
    if isinstance(side, AwsError):
        unknown.setdefault(what, Unknown.of(what, side))
        return found
    if found.role.assume_role_arn:
        other = Unknown(
            f"the keys of {found.role.username}",
            "the user is in another account",
            "look there",
        )
        unknown.setdefault(found.role.name, other)
        return found
    try:
        keys = side.directory.access_keys(found.role.username)
    except AwsError as fault:
        unknown.setdefault(what, Unknown.of(what, fault))
        return found
    return StaticKey(found.role, found.key_id, found.rotates_at, keys)


def check_rights(role: StaticRole, facts: RootFacts) -> None:
    """Raises VaultError when Vault's own user may not do what replacing the key takes: the role
    would be taken down and could not be put back."""
    for right in facts.denied:
        if role.name in right.wanted.needed_by:
            raise VaultError(
                f"the key of {role.name} cannot be replaced; nothing was done",
                why=f"Vault's user may not call {right.wanted.action} on {right.wanted.resource}"
                + (f" ({right.why})" if right.why else ""),
                do="allow it: policies/vault-root.md has what static roles need",
            )
