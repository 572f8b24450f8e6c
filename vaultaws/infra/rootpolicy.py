"""The least policy of Vault's own user, from what the declared roles need (`lint.needs`). Pure.

ARNs of the account are written with CloudFormation's placeholders, so that one text fits every
account. Names that the engine makes become patterns: what all of them begin with, then a star.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError
from vaultaws.infra.lending import lent_arns, lent_statements
from vaultaws.lint import username
from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError
from vaultaws.lint.needs import ENDS_A_USER, Ground, Need, needs
from vaultaws.lint.overlap import arns_overlap
from vaultaws.lint.rooting import Rooting, rooting
from vaultaws.lint.username import Sample
from vaultaws.model import JsonObject, Role

PARTITION: Final = "${AWS::Partition}"
ACCOUNT: Final = "${AWS::AccountId}"
OWN: Final = f"arn:{PARTITION}:iam::{ACCOUNT}:user${{UserPath}}${{UserName}}"
OWN_PATH: Final = ("UserPath", "/vaultaws/")
OWN_NAME: Final = ("UserName", "vault-root")
"""The template's parameters, with their defaults there."""
_PERSONS: Final = ("a", "_.-Z" * 16, "7")
_SAMPLES: Final = (Sample("x", 1_700_000_000), Sample("Q", 9_123_456_789), Sample("7", 1))
_NEVER_ITSELF: Final = (
    "iam:AttachUserPolicy",
    "iam:DeleteUser",
    "iam:DeleteUserPolicy",
    "iam:DetachUserPolicy",
    "iam:PutUserPolicy",
    "iam:TagUser",
)

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values, sorted."""


@dataclass(frozen=True)
class RootPolicy:
    """`statements` are IAM's, with placeholders in ARNs. `lent` are managed policies that the user
    must have itself; `notes` say what no file can tell."""

    statements: tuple[JsonObject, ...]
    lent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def own_user(parameters: Mapping[str, str]) -> str:
    """The path and name of Vault's user under these parameters of the template."""
    return parameters.get(*OWN_PATH) + parameters.get(*OWN_NAME)


def computed(config: Config, own: str = "") -> RootPolicy:
    """The policy for the roles of a file. `own` is the path and name of Vault's user, where they
    are not the template's defaults.

    Raises ConfigError where no least policy can be said: names without a fixed beginning, a
    federation token that would lend everything.
    """
    if rooting(config.root) is not Rooting.USER:
        raise ConfigError(
            f"the Vault of {config.file} has no IAM user of its own",
            why="[root] says that it takes a role, or the server's own surroundings",
            do="give the needed rights to that role; this template is for an IAM user",
        )
    template = (config.root.username_template if config.root else None) or ""
    ground = Ground(ACCOUNT, PARTITION, OWN, template)
    try:
        table, users = _asked(config, ground)
    except (TemplateRefusedError, TemplateNotFollowedError) as fault:
        raise ConfigError(
            "the names of what Vault makes cannot be foreseen",
            why=f"[root] username_template: {fault}",
            do="give it a fixed beginning, as in vault-{{ … }}",
        ) from fault
    statements = [*_statements(table), *_guards(users, table, own or own_user({}))]
    statements += lent_statements(config.roles)
    return RootPolicy(tuple(statements), lent_arns(config.roles), tuple(_notes(config.roles)))


_Key = tuple[str, str, Conditions]
_Table = dict[_Key, set[str]]
"""By action, resource and conditions: the managed policies that are named with it."""


def _asked(config: Config, ground: Ground) -> tuple[_Table, tuple[str, ...]]:
    """Every need with its resource as a pattern, and the patterns of users that Vault makes."""
    table: _Table = {}
    users: dict[str, None] = {}
    for role in config.roles:
        user = _user_pattern(role, ground)
        known = {
            _sample_user(role, ground): user,
            _sample_federated(ground): _federated_pattern(ground),
        }
        for need in needs([role], (), ground, rotation=False):
            resource = known.get(need.resource, need.resource)
            if resource == user:
                _refuse_every_user(role, user)
                users[user] = None
                if need.action in ENDS_A_USER:
                    continue
            _enter(table, need, resource)
    for user in users:
        _enter_ending(table, user)
    for need in needs((), config.static_roles, ground):
        _enter(table, need, need.resource)
    return table, tuple(users)


def _enter(table: _Table, need: Need, resource: str) -> None:
    keys = dict(need.keys)
    arns = keys.pop("iam:policyarn", ())
    table.setdefault((need.action, resource, _conditions(keys)), set()).update(arns)


def _enter_ending(table: _Table, user: str) -> None:
    """Taking away is tied to Vault's users and to nothing else: a lease ends with the policies and
    the boundary of the day on which it began, when the role may have been another."""
    for action in ENDS_A_USER:
        table[action, user, ()] = set()


def _sample_user(role: Role, ground: Ground) -> str:
    name = username.user_name(ground.username_template, role.name)
    return ground.iam_arn(f"user{role.user_path or '/'}{name}")


def _sample_federated(ground: Ground) -> str:
    return ground.sts_arn(f"federated-user/{username.federated_name(ground.username_template)}")


def _user_pattern(role: Role, ground: Ground) -> str:
    def name(person: str, sample: Sample) -> str:
        return username.user_name(ground.username_template, role.name, person=person, sample=sample)

    return ground.iam_arn(f"user{role.user_path or '/'}{_pattern(name, ground)}")


def _federated_pattern(ground: Ground) -> str:
    def name(_person: str, sample: Sample) -> str:
        return username.federated_name(ground.username_template, sample)

    return ground.sts_arn(f"federated-user/{_pattern(name, ground)}")


def _pattern(name: Callable[[str, Sample], str], ground: Ground) -> str:
    """What all names begin with, and a star where they go on differently."""
    if "timestamp" in ground.username_template:
        raise TemplateNotFollowedError("timestamp gives names that begin with a date")
    names = [name(person, sample) for person in _PERSONS for sample in _SAMPLES]
    columns = zip(*names, strict=False)
    same = "".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, columns))
    return same if all(each == same for each in names) else f"{same}*"


def _refuse_every_user(role: Role, pattern: str) -> None:
    if pattern.endswith(":user/*"):
        raise ConfigError(
            f"role {role.name} would let Vault's key change every user of the account",
            why="its users are at the path / and their names have no fixed beginning",
            do="give the role a user_path, or begin username_template with fixed text",
        )


def _conditions(keys: Mapping[str, tuple[str, ...]]) -> Conditions:
    found = []
    for key, values in keys.items():
        operator, written = _CONDITIONS.get(key, ("StringEquals", key))
        if key.startswith("aws:requesttag/"):
            written = f"aws:RequestTag/{key.removeprefix('aws:requesttag/')}"
        plain = tuple(each.replace("${", "${$}{") for each in values)  # no policy variable
        found.append((operator, written, plain))
    return tuple(sorted(found))


_CONDITIONS: Final = {
    "iam:permissionsboundary": ("StringEquals", "iam:PermissionsBoundary"),
    "sts:externalid": ("StringEquals", "sts:ExternalId"),
    "aws:tagkeys": ("ForAllValues:StringEquals", "aws:TagKeys"),
}


def _statements(table: _Table) -> Iterator[JsonObject]:
    """Actions that stand on the same resources under the same conditions, together."""
    actions: dict[tuple[str, Conditions], set[str]] = {}
    for (action, resource, conditions), arns in table.items():
        more = (("ArnEquals", "iam:PolicyARN", tuple(sorted(arns))),) if arns else ()
        actions.setdefault((resource, (*conditions, *more)), set()).add(action)
    resources: dict[tuple[tuple[str, ...], Conditions], set[str]] = {}
    for (resource, conditions), named in actions.items():
        resources.setdefault((tuple(sorted(named)), conditions), set()).add(resource)
    for (named_actions, conditions), where in sorted(resources.items()):
        yield _statement("Allow", named_actions, sorted(where), conditions)


def _statement(
    effect: str, actions: Iterable[str], resources: Iterable[str], conditions: Conditions = ()
) -> JsonObject:
    found: dict[str, object] = {
        "Effect": effect,
        "Action": list(actions),
        "Resource": list(resources),
    }
    blocks: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in conditions:
        blocks.setdefault(operator, {})[key] = list(values)
    return {**found, "Condition": blocks} if blocks else found


def _guards(users: tuple[str, ...], table: _Table, own: str) -> Iterator[JsonObject]:
    """What the stars of patterns reach beyond: paths below them, and Vault's own user."""
    own_arn = f"arn:{PARTITION}:iam::{ACCOUNT}:user{own}"
    named = {resource for _, resource, _ in table if ":user" in resource and resource != OWN}
    below = [f"{user}/*" for user in users if user.endswith("*")]
    beyond = [
        each
        for each in below
        if not any(arns_overlap(each, other) for other in (named - set(users)) | {own_arn})
        and not any(_reaches(each, other) for other in users)
    ]
    if beyond:
        yield _statement("Deny", ["iam:*"], sorted(beyond))
    if any(arns_overlap(user, own_arn) for user in users):
        yield _statement("Deny", _NEVER_ITSELF, [OWN])


def _reaches(below: str, user: str) -> bool:
    """Whether users of a declared path are among what lies below a pattern."""
    path = user.rpartition("/")[0] + "/"
    return arns_overlap(below, f"{path}X")


def _notes(roles: Iterable[Role]) -> Iterator[str]:
    for role in roles:
        if role.credential_type.is_sts and role.iam_groups:
            yield (
                f"role {role.name} takes policies from groups; Vault's own user must have what "
                "they allow, which no file tells"
            )
