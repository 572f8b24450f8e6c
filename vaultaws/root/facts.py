"""Everything that can be known of the engine's own key: from Vault, and from IAM beside it.

GetCallerIdentity cannot be asked with Vault's secret, so IAM is asked about the key by its id,
with the operator's own credentials. What cannot be found out is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from vaultaws.aws.identity import AccessKey
from vaultaws.aws.keys import MOST_KEYS
from vaultaws.aws.policies_of import Held, User
from vaultaws.aws.simulate import Opinion, Question
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, ConfigError, VaultDeniedError
from vaultaws.lint.needs import Ground, needs
from vaultaws.model import JsonObject, Role, RootConfig, ServerHealth, StaticRole
from vaultaws.root.rights import (
    ASSUME,
    Right,
    Standing,
    Wanted,
    context_of,
    judge,
    merged,
    worth_asking,
)
from vaultaws.root.side import AwsSide, Unknown
from vaultaws.vault.abilities import lists_static_roles
from vaultaws.vault.administration import Administration

NEEDS: Final = "what the roles need"
WHOSE: Final = "whose key it is"


_UNLISTED: Final = Unknown(
    "what static roles need",
    "the engine of this server cannot list them",
    "judge by the file that declares them: vaultaws root show -c vaultaws.toml",
)


@dataclass(frozen=True)
class Roles:
    """The roles of a mount, of the server or of a file."""

    roles: tuple[Role, ...] = ()
    static_roles: tuple[StaticRole, ...] = ()

    @property
    def count(self) -> int:
        return len(self.roles) + len(self.static_roles)


@dataclass(frozen=True)
class RootFacts:
    """What is known. `user` and `keys` are None, `owner` is empty where AWS could not be asked.

    `orphaned`: AWS says that it has no such key. `rights` is None where nothing could be judged.
    """

    address: str
    mount: str
    health: ServerHealth
    taken_at: datetime
    root: RootConfig | None
    owner: str = ""
    user: User | None = None
    keys: tuple[AccessKey, ...] | None = None
    orphaned: bool = False
    roles: int | None = None
    rights: tuple[Right, ...] | None = None
    unknown: tuple[Unknown, ...] = ()

    @property
    def key_id(self) -> str:
        """The stored key's id, empty when the server uses credentials of its own."""
        return self.root.access_key_id if self.root is not None else ""

    @property
    def key(self) -> AccessKey | None:
        return next((key for key in self.keys or () if key.id == self.key_id), None)

    @property
    def others(self) -> tuple[AccessKey, ...]:
        """The user's other keys."""
        return tuple(key for key in self.keys or () if key.id != self.key_id)

    @property
    def is_blocked(self) -> bool:
        """True when AWS would refuse the new key that a rotation makes first."""
        return self.keys is not None and len(self.keys) >= MOST_KEYS

    @property
    def denied(self) -> tuple[Right, ...]:
        return tuple(right for right in self.rights or () if right.standing is Standing.DENIED)

    @property
    def has_findings(self) -> bool:
        inactive = self.key is not None and not self.key.active
        return self.is_blocked or bool(self.denied) or self.orphaned or inactive


@dataclass
class _Asking:
    """One run of questions; what could not be answered gathers here."""

    unknown: list[Unknown] = field(default_factory=list)


def observe(
    vault: Administration,
    mount: str,
    side: AwsSide | AwsError,
    clock: Clock,
    declared: Roles | None = None,
    *,
    judged: bool = True,
) -> RootFacts:
    """Ask Vault and IAM. `declared` stands in for the server's roles; `judged` False leaves out
    what the roles need. Raises VaultError where Vault will not show the root itself."""
    facts = RootFacts(
        vault.address, mount, vault.health(), clock.now(), root=vault.read_root(mount)
    )
    if not facts.key_id:
        return facts
    if isinstance(side, AwsError):
        return replace(facts, unknown=(Unknown.of(WHOSE, side),))
    asking = _Asking()
    facts = _identified(facts, side, asking)
    if judged and not facts.orphaned:
        facts = _judged(
            facts, declared or _read_roles(vault, mount, facts.health, asking), side, asking
        )
    return replace(facts, unknown=tuple(asking.unknown))


def _identified(facts: RootFacts, side: AwsSide, asking: _Asking) -> RootFacts:
    """Whose key it is, and which keys that user has."""
    try:
        owner = side.directory.key_owner(facts.key_id)
    except AwsError as fault:
        asking.unknown.append(Unknown.of(WHOSE, fault))
        return facts
    if not owner:
        return replace(facts, orphaned=True)
    facts = replace(facts, owner=owner)
    try:
        facts = replace(facts, user=side.reader.user(owner))
    except AwsError as fault:
        asking.unknown.append(Unknown.of(f"the account and policies of {owner}", fault))
    try:
        return replace(facts, keys=side.directory.access_keys(owner))
    except AwsError as fault:
        asking.unknown.append(Unknown.of(f"the keys of {owner}", fault))
    return facts


def _read_roles(
    vault: Administration, mount: str, health: ServerHealth, asking: _Asking
) -> Roles | None:
    """The roles on the server; None where the token may not read them all."""
    try:
        roles = vault.read_roles(mount, vault.list_roles(mount))
        if not lists_static_roles(health):
            asking.unknown.append(_UNLISTED)
        static_roles = vault.read_static_roles(mount, vault.list_static_roles(mount))
    except VaultDeniedError as fault:
        asking.unknown.append(Unknown.of(NEEDS, fault))
        return None
    return Roles(roles, static_roles)


def _judged(facts: RootFacts, roles: Roles | None, side: AwsSide, asking: _Asking) -> RootFacts:
    if roles is None or facts.user is None or facts.root is None:
        return facts
    ground = Ground(
        account_id=facts.user.account,
        partition=facts.user.arn.split(":")[1],
        root_arn=facts.user.arn,
        username_template=facts.root.username_template,
    )
    try:
        found = needs(roles.roles, roles.static_roles, ground)
    except ValueError as fault:
        why = fault.why if isinstance(fault, ConfigError) else str(fault)
        asking.unknown.append(Unknown(NEEDS, why, "mend username_template of config/root"))
        return facts
    places = _places(roles.static_roles, ground, side)
    wanted = merged(
        replace(need, resource=places.get(need.resource, need.resource)) for need in found
    )
    held = _held(facts.user, side, asking)
    trusts = _trusts(facts.user, wanted, side)
    computed = judge(wanted, held, {}, trusts)
    opinions = _opinions(facts.user, worth_asking(computed), side, asking)
    return replace(facts, roles=roles.count, rights=judge(wanted, held, opinions, trusts))


def _places(static_roles: Iterable[StaticRole], ground: Ground, side: AwsSide) -> dict[str, str]:
    """The true ARNs of static roles' users, whose paths only IAM knows, by the ARN of path /."""
    found: dict[str, str] = {}
    for name in {role.username for role in static_roles if not role.assume_role_arn}:
        try:
            found[ground.iam_arn(f"user/{name}")] = side.reader.user(name).arn
        except AwsError:
            continue
    return found


def _held(user: User, side: AwsSide, asking: _Asking) -> Held | None:
    try:
        held = side.reader.held_by(user)
    except AwsError as fault:
        asking.unknown.append(Unknown.of(f"the policies of {user.name}", fault))
        return None
    if held.unread:
        why, do = "; ".join(held.unread), "allow your own AWS user to read them, then look again"
        asking.unknown.append(Unknown(f"some policies of {user.name}", why, do))
    return held


def _opinions(
    user: User, questions: Iterable[Question], side: AwsSide, asking: _Asking
) -> dict[Question, Opinion]:
    """IAM's own answers; none where the operator may not ask for them."""
    try:
        return side.simulator.ask(user.arn, questions, context_of(user))
    except AwsError as fault:
        asking.unknown.append(Unknown.of("IAM's own opinion (SimulatePrincipalPolicy)", fault))
        return {}


def _trusts(user: User, wanted: Iterable[Wanted], side: AwsSide) -> dict[str, JsonObject]:
    """Trust policies of the account's own roles, as far as they can be read."""
    found: dict[str, JsonObject] = {}
    for arn in {need.resource for need in wanted if need.action == ASSUME}:
        if arn.count(":") < 5 or arn.split(":")[4] != user.account:
            continue
        try:
            found[arn] = side.reader.trust_of(arn)
        except AwsError:
            continue
    return found


def rotate_command(mount: str, *more: str) -> str:
    """What to type to replace the key of a mount."""
    return " ".join(
        ["vaultaws root rotate", *(["--mount", mount] if mount != "aws" else []), *more]
    )
