"""Read all of a mount for import, and who else may issue there. Reads only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vaultaws.config.schema import Config
from vaultaws.errors import VaultDeniedError, VaultError
from vaultaws.model import JsonObject, MountInfo, Role
from vaultaws.plan.changes import Observed
from vaultaws.plan.observe import aws_mount, observe_static_roles
from vaultaws.plan.observe_access import observe_access
from vaultaws.vault import decode
from vaultaws.vault.administration import Administration
from vaultaws.vault.bulk import ask_all

ISSUES: Final = frozenset({"create", "read", "update"})
RULE: Final = re.compile(r'path\s+"([^"]+)"\s*\{([^}]*)\}')
COMMENT: Final = re.compile(r"^\s*(#|//).*$", re.MULTILINE)


@dataclass(frozen=True)
class Granting:
    """An ACL policy that is not ours and lets its holders issue on the mount, by these paths."""

    policy: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A mount, and what the file cannot say of it: `unsaid` has the reason by role."""

    observed: Observed
    unsaid: Mapping[str, str]
    others: tuple[Granting, ...] = ()


def observe_mount(vault: Administration, config: Config, *, audit: bool = False) -> Found:
    """Read the mount that `config` names, with the access of people; `audit` reads the devices.

    A role that the schema cannot say is no fault: it is in `unsaid`. Policies and groups that
    the token may not list are in the observed `unseen`.
    """
    path, health = config.mount.path, vault.health()
    mount = aws_mount(vault, config)
    seen = Observed(vault.address, health.product, health.version, health.enterprise)
    if mount is None:
        return Found(seen, {})
    if audit:
        devices = vault.read_audit_devices()
        seen = replace(seen, audit=tuple(devices[name] for name in sorted(devices)))
    roles, unsaid = _roles(vault, path)
    seen = replace(
        observe_access(vault, config, seen),
        mount=mount,
        lease=vault.read_lease_config(path),
        root=vault.read_root(path),
        roles=roles,
        static_roles=observe_static_roles(vault, config),
    )
    return Found(seen, unsaid, _others(vault, mount, seen))


def _roles(vault: Administration, mount: str) -> tuple[tuple[Role, ...], dict[str, str]]:
    names = vault.list_roles(mount)
    answers = ask_all(lambda name: vault.read(f"{mount}/roles/{name}"), names)
    found: list[Role] = []
    unsaid: dict[str, str] = {}
    for name, answer in zip(names, answers, strict=True):
        if answer is not None:
            role = _role(name, decode.payload(answer))
            if isinstance(role, Role):
                found.append(role)
            else:
                unsaid[name] = role
    return tuple(found), unsaid


def _role(name: str, data: JsonObject) -> Role | str:
    """The role, or why it cannot be declared. Roles of old servers may have several types."""
    types = decode.texts(data, "credential_type") or decode.texts(data, "credential_types")
    if len(types) > 1:
        return f"it has several credential types ({', '.join(types)}); the file says one"
    if not types:
        return "it has no credential type"
    try:
        return decode.role(name, data)
    except VaultError as error:
        return error.what


def _others(vault: Administration, mount: MountInfo, seen: Observed) -> tuple[Granting, ...]:
    ours = {state.acl_name for state in seen.access}
    try:
        names = [name for name in vault.list_acl_policies() if name not in {*ours, "root"}]
        texts = vault.read_acl_policies(names)
    except VaultDeniedError:
        return ()
    roles = [role.name for role in seen.roles]
    found = (Granting(name, granting(text, mount.path, roles)) for name, text in texts.items())
    return tuple(sorted((each for each in found if each.paths), key=lambda each: each.policy))


def granting(text: str, mount: str, roles: Iterable[str]) -> tuple[str, ...]:
    """The paths of an ACL policy that let issue on a mount: for one of `roles`, or for any name.

    Source: Vault docs, "Policies": a trailing * is a prefix, + is one part of a path.
    """
    asked = [
        f"{mount}/{endpoint}/{role}" for endpoint in ("creds", "sts") for role in (*roles, "any")
    ]
    return tuple(
        path
        for path, capabilities in _rules(text)
        if ISSUES & capabilities and any(map(_pattern(path).fullmatch, asked))
    )


def _rules(text: str) -> Iterator[tuple[str, set[str]]]:
    """The rules of a policy in HCL or JSON: the path, and all words that stand in it."""
    try:
        said = json.loads(text).get("path", {})
        for path, rule in said.items():
            yield path, set(rule.get("capabilities", ()))
    except (ValueError, AttributeError, TypeError):
        for path, body in RULE.findall(COMMENT.sub("", text)):
            yield path, set(re.findall(r'"([a-z]+)"', body))


def _pattern(path: str) -> re.Pattern[str]:
    prefix = path.endswith("*")
    parts = path.removesuffix("*").strip("/").split("/")
    joined = "/".join("[^/]+" if part == "+" else re.escape(part) for part in parts)
    slash = "/" if prefix and path.removesuffix("*").endswith("/") else ""
    return re.compile(joined + slash + (".*" if prefix else ""))
