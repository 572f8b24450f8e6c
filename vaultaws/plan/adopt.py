"""A live mount as declared files: Observed → the texts of vaultaws.toml and policies/*.json. Pure.

What the schema cannot say is left out and told. The new text goes through the loader's own rules
before it is given back, so what is written can be loaded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from vaultaws.config import syntax
from vaultaws.config.build import Builder
from vaultaws.config.policies import PolicyFiles
from vaultaws.config.reading import Draft, Reading
from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError, visible
from vaultaws.model import MountInfo, Role, RootConfig
from vaultaws.plan import adopt_policies as policies
from vaultaws.plan import adopt_values as values
from vaultaws.plan.adopt_policies import Assignment, Named
from vaultaws.plan.adopt_text import rewrite
from vaultaws.plan.changes import Observed

HEAD: Final = "# vaultaws.toml: one mount, one AWS account. No secret is ever written here.\n"
KEY_LINE: Final = re.compile(r"^# Vault's own key ends with …\w*", re.MULTILINE)
FAULTY_TABLES: Final = ("roles", "static_roles", "access", "audit")
UNKNOWN_TO_SERVERS: Final = ("trail",)
TRIES: Final = 3  # a role that is left out may take an access with it, and no more


@dataclass(frozen=True)
class LeftOut:
    """Something on the server that the file does not say, and why."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True)
class Present:
    """The file that is there, as it was read. `fixed` are policy files that are not to be written
    (links to elsewhere), by their paths as the file names them."""

    config: Config
    fixed: tuple[str, ...] = ()

    @cached_property
    def data(self) -> dict[str, Any]:
        """The file's plain values."""
        return tomllib.loads(self.config.text)

    @cached_property
    def named(self) -> Named:
        """The policy files that the file names."""
        data, roles = self.data, {role.name: role for role in self.config.roles}
        paths = {name: table.get("policy") for name, table in data.get("roles", {}).items()}
        held = {
            name: (path, document)
            for name, path in paths.items()
            if path is not None and (document := roles[name].policy_document) is not None
        }
        root = data.get("root", {}).get("policy")
        return Named(held, (*self.fixed, *((root,) if root else ())))


@dataclass(frozen=True)
class Adoption:
    """What import writes. `policies` has the texts by path, relative to the file's directory."""

    toml: str
    policies: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    config: Config


def adopt(
    observed: Observed,
    file: Path,
    *,
    present: Present | None = None,
    there: Mapping[str, str | None] | None = None,
    audit: bool = False,
) -> Adoption:
    """Say what is on the mount as declared files.

    `file` is where the text will be; `there` has the files of its policies folder, which are not
    overwritten. `audit` adds the audit devices, which are the whole server's. Raises ConfigError
    when there is no mount, or when the file that is there cannot be edited.
    """
    left_out: dict[tuple[str, str], str] = {}
    for _ in range(TRIES):
        attempt = _Attempt(observed, _mount(observed), present, there or {}, audit, left_out)
        text, assigned, notes = attempt.texts()
        config, drafts = _checked(file, text, assigned, present)
        if not drafts:
            return Adoption(text, assigned.texts, _listed({**left_out, **notes}), config)
        left_out |= {_faulty(draft): draft.what for draft in reversed(drafts)}
    raise ConfigError(
        "this mount cannot be declared",
        why="what is left out takes ever more with it",
        do="report it, with the names of the roles",
    )


def _mount(observed: Observed) -> MountInfo:
    if observed.mount is None:
        raise ConfigError(
            "there is no AWS engine to import",
            why=f"nothing is mounted there on {observed.address}",
            do="name another with --mount, or declare one: vaultaws init",
        )
    return observed.mount


def _listed(told: Mapping[tuple[str, str], str]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(kind, name, why) for (kind, name), why in sorted(told.items()))


def _faulty(draft: Draft) -> tuple[str, str]:
    """Which table a fault is in. One that is not in a named table cannot be left out."""
    if len(draft.path) < 2 or draft.path[0] not in FAULTY_TABLES:
        raise ConfigError(
            f"[{'.'.join(draft.path)}] of this mount cannot be declared",
            why=draft.what,
            do=f"on the server or in the file: {draft.do}",
        )
    return draft.path[0], draft.path[1]


def _checked(
    file: Path, text: str, assigned: Assignment, present: Present | None
) -> tuple[Config, list[Draft]]:
    """Read the text as the loader will."""
    reading, held = Reading(file, text), PolicyFiles()
    if present is not None:
        for path, document in present.named.roles.values():
            held.hold(file.parent / path, policies.text_of(document))
        if present.config.root is not None and present.config.root.policy is not None:
            path = present.data["root"]["policy"]
            held.hold(file.parent / path, policies.text_of(present.config.root.policy))
    for path, written in assigned.texts.items():
        held.hold(file.parent / path, written)
    data = syntax.parse(text)
    reading.hide_secrets(data)
    config = Builder(reading, held).config(data)
    return config, reading.drafts


@dataclass(frozen=True)
class _Attempt:
    """One try at saying all of it, without what is left out."""

    observed: Observed
    mount: MountInfo
    present: Present | None
    there: Mapping[str, str | None]
    audit: bool
    left_out: Mapping[tuple[str, str], str]

    def texts(self) -> tuple[str, Assignment, dict[tuple[str, str], str]]:
        """The declared file's text, where the policies are, and what it does not say."""
        roles = [role for role in self.observed.roles if self._is_said("roles", role.name)]
        roles.sort(key=lambda role: role.name)
        named = self.present.named if self.present else Named()
        assigned = policies.assign(roles, named, self.there)
        notes: dict[tuple[str, str], str] = {}
        data = self._data(roles, assigned, notes)
        old = self.present.config.text if self.present else ""
        text = rewrite(old, data)
        return _with_key_line(text, self.observed.root, fresh=not old), assigned, notes

    def _is_said(self, kind: str, name: str) -> bool:
        return (kind, name) not in self.left_out

    def _data(
        self, roles: list[Role], assigned: Assignment, notes: dict[tuple[str, str], str]
    ) -> dict[str, Any]:
        """The tables of the file, in its order; those that are empty are not there."""
        seen = self.observed
        old = self.present.data if self.present else {}
        data: dict[str, Any] = {"mount": self._mount(old)}
        if (bounds := values.lease(seen, said="lease" in old)) is not None:
            data["lease"] = values.kept(old.get("lease", {}), bounds)
        if seen.root is not None:
            data["root"] = self._root(old, seen.root)
        data["roles"] = {
            role.name: self._role(old, role, assigned.paths.get(role.name)) for role in roles
        }
        data["static_roles"] = {
            role.name: values.kept(_named(old, "static_roles", role.name), values.static_role(role))
            for role in sorted(seen.static_roles, key=lambda role: role.name)
            if self._is_said("static_roles", role.name)
        }
        data["audit"] = self._audit(old)
        data["access"] = self._access(old, notes)
        data |= {key: value for key, value in old.items() if key in UNKNOWN_TO_SERVERS}
        return {key: value for key, value in data.items() if value or value == old.get(key)}

    def _mount(self, old: Mapping[str, Any]) -> dict[str, Any]:
        new = values.mount(self.mount)
        if self.present is None:
            return new
        said = old.get("mount", {})
        found = values.kept(said, new, optional=True)
        bounds = self.present.config.mount
        for key, now in (
            ("default_lease_ttl", bounds.default_lease_ttl_seconds),
            ("max_lease_ttl", bounds.max_lease_ttl_seconds),
        ):
            if key not in said and values.span(now) != new[key]:
                found[key] = new[key]
        return found

    def _root(self, old: Mapping[str, Any], root: RootConfig) -> dict[str, Any]:
        said = old.get("root")
        if said is None:
            return values.root(root)
        return values.kept(said, values.root(root), optional=True, own=("credentials", "policy"))

    def _role(self, old: Mapping[str, Any], role: Role, path: str | None) -> dict[str, Any]:
        new = values.role(role)
        if path is not None:
            kind = new.pop("credential_type")
            new = {"credential_type": kind, "policy": path, **new}
        return values.kept(_named(old, "roles", role.name), new)

    def _audit(self, old: Mapping[str, Any]) -> dict[str, Any]:
        if not self.audit:
            return dict(old.get("audit", {}))
        return {
            device.path: values.kept(_named(old, "audit", device.path), values.audit(device))
            for device in self.observed.audit
            if self._is_said("audit", device.path)
        }

    def _access(self, old: Mapping[str, Any], notes: dict[tuple[str, str], str]) -> dict[str, Any]:
        seen = self.observed
        paths = {mount.accessor: mount.path for mount in seen.identity.auth_mounts}
        found: dict[str, Any] = {}
        for state in sorted(seen.access, key=lambda state: state.name):
            if not self._is_said("access", state.name):
                continue
            said = values.access(self.mount.path, state, paths)
            if said is None:
                notes["access", state.name] = "its ACL policy was changed by hand"
            else:
                found[state.name] = values.kept(_named(old, "access", state.name), said)
        return found


def _named(old: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = old.get(kind, {}).get(name, {})
    return found


def _with_key_line(text: str, root: RootConfig | None, *, fresh: bool) -> str:
    """Say in a comment which key the server has, by its end; a new key renews the comment."""
    if root is None or not root.access_key_id:
        return f"{HEAD}{text}" if fresh else text
    line = f"# Vault's own key ends with …{visible(root.access_key_id[-4:])}"
    if not fresh:
        return KEY_LINE.sub(lambda _: line, text)
    comment = f"{line}; credentials says where its secret comes from.\n[root]\n"
    return HEAD + text.replace("[root]\n", comment, 1)
