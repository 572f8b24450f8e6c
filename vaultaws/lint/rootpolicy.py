"""The policy of Vault's own user, where the file tells it: does it suffice for the roles?

What `needs` says is put to the evaluator. Conditions on keys that a file cannot tell (a source
address, a time) are taken as met: lint speaks only of what no circumstance would allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from vaultaws.config.schema import Config, Root
from vaultaws.lint.alike import Groups, gathered
from vaultaws.lint.asking import Holder
from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError
from vaultaws.lint.needs import UNKNOWN_ACCOUNT, Ground, Need, Purpose, needs
from vaultaws.lint.regions import partition_of
from vaultaws.lint.rooting import Rooting, rooting
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.model import CredentialType, Role
from vaultaws.policy.document import (
    Condition,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
    parse_policy,
)

LACKS: Final = Rule(
    "root-policy-lacks",
    Severity.ERROR,
    "[root] policy does not allow what a role needs",
    "To issue, revoke and rotate, the engine calls IAM and STS as Vault's own user. Without one of "
    "these actions it fails; a user that cannot be revoked stays. docs/reference.md has what each "
    "type needs.",
    "the engine's secret_access_keys.go, path_user.go and rotation.go; service authorization "
    "reference of IAM and STS",
)
LACKS_ROTATION: Final = Rule(
    "root-policy-lacks-rotation",
    Severity.WARNING,
    "[root] policy does not let Vault rotate its own key",
    "config/rotate-root calls GetUser, CreateAccessKey and DeleteAccessKey on Vault's own user.",
    "the engine's path_config_rotate_root.go",
)
LENDS_LESS: Final = Rule(
    "federation-beyond-root",
    Severity.WARNING,
    "a federation_token role grants what Vault's own user may not do",
    "A federated user has what both the role's policy and the policy of Vault's own user allow. "
    "What the latter lacks, the token does not have.",
    "AWS STS API reference: GetFederationToken, Permissions",
)
RULES: Final = (LACKS, LACKS_ROTATION, LENDS_LESS)

_KNOWN_KEYS: Final = frozenset(
    {"iam:permissionsboundary", "iam:policyarn", "sts:externalid", "aws:tagkeys"}
)
_KNOWN_STARTS: Final = ("aws:requesttag/",)
_OWN_NAME: Final = re.compile(r"arn:aws[a-z-]*:iam::[^:]*:user/([\w+=,.@/-]+)", re.ASCII)
_ACCOUNT: Final = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::([0-9]{12}):(?:user|federated-user|group)/"
)
_PARTITION: Final = re.compile(r"arn:(aws[a-z-]*):iam:")
_WILD: Final = re.compile(r"[*?]")
_SHOWN: Final = 3


def check(config: Config) -> Iterator[Hit]:
    """Every rule about [root] policy; silent where it is not told or is malformed."""
    root = config.root
    if root is None or root.policy is None:
        return
    try:
        lenient = _permissive(parse_policy(root.policy))
        ground = _ground(config, root, lenient)
        own = Holder(ground.own_arn, lenient)
        roles, stands_for = gathered(config.roles, ground, own, lenient)
        rotation = rooting(root) is Rooting.USER
        asked = needs(roles, config.static_roles, ground, rotation=rotation)
    except (MalformedPolicyError, TemplateRefusedError, TemplateNotFollowedError):
        return
    yield from _said(lacking(asked, own, stands_for))
    yield from _lent(config.roles, own, lenient)


def _permissive(document: PolicyDocument) -> PolicyDocument:
    """The policy without the conditions that a file cannot tell: such an Allow allows, and such a
    Deny denies nothing."""
    statements = []
    for statement in document.statements:
        told = tuple(each for each in statement.conditions if _is_told(each))
        if statement.effect is Effect.ALLOW or len(told) == len(statement.conditions):
            statements.append(replace(statement, conditions=told))
    return replace(document, statements=tuple(statements))


def _is_told(condition: Condition) -> bool:
    key = condition.key.lower()
    return key in _KNOWN_KEYS or key.startswith(_KNOWN_STARTS)


def _ground(config: Config, root: Root, document: PolicyDocument) -> Ground:
    own = _own_arn(config, root, document)
    _, partition, _, _, account, _ = own.split(":", 5)
    return Ground(account, partition, own, root.username_template or "")


def _own_arn(config: Config, root: Root, document: PolicyDocument) -> str:
    """Vault's own user, as far as its policy tells: the account and the name that it speaks of,
    and the partition where no region says it."""
    resources = [item for each in document.statements for item in each.resources or ()]
    accounts = {found[1] for item in resources if (found := _ACCOUNT.match(item))}
    static = {role.username for role in config.static_roles}
    named = (found[1] for item in resources if (found := _OWN_NAME.fullmatch(item)))
    names = [name for name in named if name not in static]
    account = accounts.pop() if len(accounts) == 1 else _account_of(config.roles)
    partitions = (found[1] for item in resources if (found := _PARTITION.match(item)))
    partition = partition_of(root.region or "") or next(partitions, "aws")
    return f"arn:{partition}:iam::{account}:user/{names[0] if names else 'vault-root'}"


def _account_of(roles: Iterable[Role]) -> str:
    """The account of a boundary or of a policy that is not AWS's own: they are in Vault's."""
    for role in roles:
        for arn in (role.permissions_boundary_arn, *role.policy_arns):
            parts = arn.split(":")
            if len(parts) == 6 and parts[4].isdecimal():
                return parts[4]
    return UNKNOWN_ACCOUNT


Lacking = dict[tuple[str, Purpose, bool], dict[str, Need]]
"""By action, purpose and whether it is a role's (else the key's own): who lacks it."""


def lacking(asked: Iterable[Need], own: Holder, stands_for: Groups) -> Lacking:
    """What Vault's own user may not do of what is asked, for every role that needs it."""
    found: Lacking = {}
    for need in asked:
        if not own.may(need.action, need.resource, need.keys):
            held = found.setdefault((need.action, need.purpose, bool(need.for_role)), {})
            alike = () if need.static else stands_for.get(need.for_role, ())
            for name in alike or (need.for_role,):
                held.setdefault(name, need)
    return found


def _said(found: Lacking) -> Iterator[Hit]:
    for (action, purpose, of_role), held in found.items():
        first = next(iter(held.values()))
        where, remedy = ("root", "policy"), f"allow {action} on {first.resource}"
        if of_role:
            message = f"it lacks {action}, so {_named(list(held))} cannot be {purpose}"
            yield LACKS.inside(where, "", message, do=remedy)
        else:
            message = f"it lacks {action} on Vault's own user, so the key cannot be {purpose}"
            yield LACKS_ROTATION.inside(where, "", message, do=remedy)


def _named(roles: list[str]) -> str:
    more = f" and {len(roles) - _SHOWN} more" if len(roles) > _SHOWN else ""
    return f"{', '.join(roles[:_SHOWN])}{more}"


def _lent(roles: Iterable[Role], own: Holder, lenient: PolicyDocument) -> Iterator[Hit]:
    seen: set[int] = set()
    for role in roles:
        document = role.policy_document
        lends = role.credential_type is CredentialType.FEDERATION_TOKEN and document is not None
        if not lends or id(document) in seen or document is None:
            continue
        seen.add(id(document))
        try:
            statements = parse_policy(document).statements
        except MalformedPolicyError:
            continue
        for index, statement in enumerate(statements):
            for action in _beyond(statement, own, lenient):
                yield LENDS_LESS.inside(
                    ("roles", role.name, "policy"),
                    f"Statement[{index}]",
                    f"it grants {action}, which Vault's own user does not have to lend",
                    do=f"allow {action} in [root] policy, or take it out of the role's",
                )


def _beyond(statement: Statement, own: Holder, lenient: PolicyDocument) -> Iterator[str]:
    """The actions of an Allow that Vault's own user has on none of its resources."""
    if statement.effect is not Effect.ALLOW or statement.actions is None:
        return
    candidates = [_concrete(item) for item in statement.resources or ("*",)]
    if "*" in (statement.resources or ("*",)):
        named = (item for each in lenient.statements for item in each.resources or ())
        candidates += [_concrete(item) for item in named]
    for action in statement.actions:
        concrete = "any:Any" if action == "*" else _WILD.sub("X", action)
        if not any(own.may(concrete, resource) for resource in candidates):
            yield action


def _concrete(pattern: str) -> str:
    """Something that the pattern matches."""
    return pattern if pattern == "*" else _WILD.sub("X", pattern)
