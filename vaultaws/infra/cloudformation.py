"""The ready templates: which there are, their text, and Vault's own user with its policy in it."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final

from vaultaws.errors import ConfigError, UsageError
from vaultaws.infra.rootpolicy import RootPolicy
from vaultaws.model import JsonObject
from vaultaws.policy.sizes import MANAGED_CHARACTERS, counted_size

ROOT: Final = "vault-root"
"""The one template that is written from a declared file."""
ENFORCING: Final = {"block-without-mfa": ("Groups", "Users")}
"""Templates that take rights from whoever is not signed in with MFA, and the parameters that name
those people."""
MAX_BODY_BYTES: Final = 51_200
_BEGIN: Final = "  # computed:"
_END: Final = "  # computed: end\n"
_POLICY: Final = re.compile(r"^  RootPolicy\d+:\n((?:    .*\n)+)", re.MULTILINE)
_MOST_POLICIES: Final = 10
"""Managed policies a user may have (IAM user guide, "IAM and AWS STS quotas")."""
_SPARE: Final = 700
"""Characters left for what a placeholder may grow to: a path of 512 and a name of 64."""
_BATCH: Final = 20


@dataclass(frozen=True)
class Template:
    """A template to deploy."""

    name: str
    body: str

    @property
    def stack_name(self) -> str:
        """How its stack is called where nobody says otherwise."""
        return f"vaultaws-{self.name}"


def templates_directory() -> Path:
    """Where the templates are: in the package, or at the top of a checkout."""
    package = Path(str(resources.files("vaultaws")))
    packaged = package / "cloudformation"
    return packaged if packaged.is_dir() else package.parent / "cloudformation"


def names() -> list[str]:
    """The templates there are."""
    return sorted(path.stem for path in templates_directory().glob("*.yaml"))


def load(name: str) -> Template:
    """A template as it is shipped. Raises UsageError for a name that is none."""
    known = names()
    if name not in known:
        near = get_close_matches(name, known, 3, 0.4)
        raise UsageError(
            f'no template "{name}"',
            why=f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(known)}",
            do="vaultaws cloud show",
        )
    path = templates_directory() / f"{name}.yaml"
    return Template(name, path.read_text(encoding="utf-8"))


def template_of(description: str) -> str:
    """The template that a stack's description tells of; empty for another's stack."""
    marker, found, _ = description.partition(": ")
    name = marker.removeprefix("vaultaws/")
    return name if found and marker != name else ""


def with_policy(template: Template, policy: RootPolicy) -> Template:
    """The template of Vault's own user with this policy. Raises ConfigError for one that a user
    cannot hold."""
    head, _, rest = template.body.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    blocks = list(_resources(policy))
    if len(blocks) + len(policy.lent) > _MOST_POLICIES:
        raise ConfigError(
            "what the roles need does not fit one IAM user",
            why=f"it takes {len(blocks) + len(policy.lent)} managed policies of at most "
            f"{_MOST_POLICIES}",
            do="divide the roles over several files, each with a mount and a user of its own",
        )
    body = f"{head}  # computed from vaultaws.toml\n{''.join(blocks)}{tail}"
    if len(body.encode()) > MAX_BODY_BYTES:
        raise ConfigError(
            "what the roles need does not fit one template",
            why=f"it has {len(body.encode()):,} bytes, CloudFormation takes {MAX_BODY_BYTES:,}",
            do="divide the roles over several files, each with a mount and a user of its own",
        )
    return Template(template.name, body)


def _resources(policy: RootPolicy) -> Iterator[str]:
    for number, statements in enumerate(_divided(policy.statements), 1):
        resource = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Path": {"Ref": "UserPath"},
                "Users": [{"Ref": "RootUser"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [substituted(each) for each in statements],
                },
            },
        }
        text = json.dumps(resource, indent=2, ensure_ascii=True)
        yield f"  RootPolicy{number}:\n{textwrap.indent(text, '    ')}\n"


def substituted(statement: JsonObject) -> dict[str, Any]:
    """The statement with placeholders of its ARNs for CloudFormation to fill in."""
    resources_ = statement.get("Resource")
    found: dict[str, Any] = dict(statement)
    if isinstance(resources_, list):
        found["Resource"] = [
            {"Fn::Sub": each} if "${AWS::" in each else each for each in resources_
        ]
    return found


def statements_of(body: str) -> tuple[JsonObject, ...]:
    """The computed statements in a template's text; none of a policy that somebody wrote."""
    found: list[JsonObject] = []
    for text in _POLICY.findall(body):
        try:
            statements = json.loads(text)["Properties"]["PolicyDocument"]["Statement"]
            found += [_unsubstituted(each) for each in statements]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return tuple(found)


def _unsubstituted(statement: Mapping[str, Any]) -> JsonObject:
    where = statement.get("Resource")
    if not isinstance(where, list):
        return statement
    plain = [each["Fn::Sub"] if isinstance(each, dict) else each for each in where]
    return {**statement, "Resource": plain}


def _divided(statements: Iterable[JsonObject]) -> Iterator[list[JsonObject]]:
    """The statements over as few policies as hold them."""
    part: list[JsonObject] = []
    for statement in _batched(statements):
        if part and _size([*part, statement]) > MANAGED_CHARACTERS - _SPARE:
            yield part
            part = []
        part.append(statement)
    yield part


def _batched(statements: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Statements on very many resources, in pieces."""
    for statement in statements:
        where = statement.get("Resource")
        if not isinstance(where, list) or len(where) <= _BATCH:
            yield statement
            continue
        for start in range(0, len(where), _BATCH):
            yield {**statement, "Resource": where[start : start + _BATCH]}


def _size(statements: Iterable[JsonObject]) -> int:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return counted_size(json.dumps(document))
