"""The tables of one file → the values of the schema.

A faulty table gives a value that goes nowhere: a file with faults is never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultaws.config import tables, values
from vaultaws.config.faults import quoted
from vaultaws.config.places import KeyPath
from vaultaws.config.policies import PolicyFileError, PolicyFiles
from vaultaws.config.reading import Reading
from vaultaws.config.schema import Access, Config, LeaseBounds, Mount, Root, Trail
from vaultaws.model import AuditDevice, CredentialType, JsonObject, Role, StaticRole

Data = Mapping[str, Any]

TABLES = ("mount", "lease", "root", "roles", "static_roles", "audit", "access", "trail")
NAME_RULE = "use letters, digits, _ - . and @, with a letter, digit or _ at both ends"
ACCESS_RULE = "use lower-case letters, digits, _ - and ., with a letter, digit or _ at both ends"
AUDIT_RULE = "use letters, digits, - _ . and /"


@dataclass
class Builder:
    """Builds one Config. `policies` may be shared between files."""

    reading: Reading
    policies: PolicyFiles
    policy_files: list[tuple[str, Path]] = field(default_factory=list)

    def config(self, data: Data) -> Config:
        """Read all tables."""
        reading = self.reading
        for key in data:
            if key not in TABLES:
                reading.unknown((key,), "unknown table", TABLES)
        return Config(
            file=reading.file,
            mount=Mount(**self._fields(data, "mount", tables.MOUNT)),
            lease=self._lease(data) if "lease" in data else None,
            root=self._root(data) if "root" in data else None,
            roles=tuple(self._role(*named) for named in self._named(data, "roles")),
            static_roles=tuple(
                self._static_role(*named) for named in self._named(data, "static_roles")
            ),
            audit=tuple(self._audit(*named) for named in self._named(data, "audit")),
            access=self._access(data),
            trail=Trail(**self._fields(data, "trail", tables.TRAIL)),
            text=reading.text,
            policy_files=tuple(self.policy_files),
        )

    def _fields(self, data: Data, name: str, known: tables.Table) -> dict[str, Any]:
        table = self.reading.table(data, (name,))
        return self.reading.fields(table, (name,), known) if name in data else {}

    def _named(self, data: Data, kind: str) -> list[tuple[KeyPath, Data]]:
        """The tables [KIND.NAME], sorted by name, with their paths."""
        held = self.reading.table(data, (kind,))
        found = [((kind, name), self.reading.table(held, (kind, name))) for name in sorted(held)]
        return [(path, table) for path, table in found if table is held[path[-1]]]

    def _lease(self, data: Data) -> LeaseBounds:
        found = self._fields(data, "lease", tables.LEASE)
        return LeaseBounds(found.get("default_seconds", 0), found.get("max_seconds", 0))

    def _root(self, data: Data) -> Root:
        found = self._fields(data, "root", tables.ROOT)
        policy = self._policy(("root",), found.pop("policy", None))
        return Root(policy=policy, **found)

    def _role(self, path: KeyPath, table: Data) -> Role:
        self.reading.name(path, values.ENGINE_NAME, NAME_RULE)
        found = self.reading.fields(table, path, tables.ROLE)
        kind = found.pop("credential_type", CredentialType.IAM_USER)
        document = self._policy(path, found.pop("policy", None))
        return Role(path[-1], kind, policy_document=document, **found)

    def _static_role(self, path: KeyPath, table: Data) -> StaticRole:
        self.reading.name(path, values.ENGINE_NAME, NAME_RULE)
        found = self.reading.fields(table, path, tables.STATIC_ROLE)
        needed: dict[str, Any] = {"username": "", "rotation_period_seconds": 0}
        return StaticRole(path[-1], **(needed | found))

    def _audit(self, path: KeyPath, table: Data) -> AuditDevice:
        self.reading.name(path, values.MOUNT_PATH, AUDIT_RULE)
        own = {key: value for key, value in table.items() if key in tables.AUDIT}
        found = self.reading.fields(own, path, tables.AUDIT)
        options = {key: value for key, value in table.items() if key not in tables.AUDIT}
        self._misspelt_options(path, options)
        needed = tables.AUDIT_NEEDS.get(found.get("type", ""))
        if needed is not None and needed not in options:
            what = tables.AUDIT_OPTIONS[needed]
            self.reading.fault(path, f"no {needed}", f"add {needed}: {what}")
        found |= self.reading.options(options, path)
        return AuditDevice(path[-1], found.pop("type", ""), **found)

    def _misspelt_options(self, path: KeyPath, options: Data) -> None:
        """A server ignores options that it does not know, so one may be new; a near miss is not."""
        known = (*tables.AUDIT, *tables.AUDIT_OPTIONS)
        for key in options:
            if key not in known and values.close(key, known):
                self.reading.unknown((*path, key), "unknown option", known)

    def _access(self, data: Data) -> tuple[Access, ...]:
        declared = {
            kind: held if isinstance(held := data.get(kind), Mapping) else {}
            for kind in ("roles", "static_roles")
        }
        found: list[Access] = []
        for path, table in self._named(data, "access"):
            self.reading.name(path, values.ACCESS_NAME, ACCESS_RULE)
            access = Access(path[-1], **self.reading.fields(table, path, tables.ACCESS))
            self._undeclared((*path, "roles"), "role", access.roles, declared["roles"])
            self._undeclared(
                (*path, "static_roles"),
                "static role",
                access.static_roles,
                declared["static_roles"],
            )
            found.append(access)
        return tuple(found)

    def _undeclared(self, path: KeyPath, kind: str, names: tuple[str, ...], known: Data) -> None:
        for index, name in enumerate(names):
            if name not in known:
                self.reading.undeclared((*path, str(index)), kind, name, known)

    def _policy(self, path: KeyPath, named: str | None) -> JsonObject | None:
        """The document of a policy file, which is told beside the file that names it."""
        if named is None:
            return None
        file = self.reading.file.parent / named
        found = self.policies.read(file)
        if not isinstance(found, PolicyFileError):
            self.policy_files.append((".".join(path), file))
            return found
        here = (*path, "policy")
        if found.line:
            self.reading.fault_elsewhere(here, found.fault)
        elif found.missing:
            self.reading.fault(here, f"no policy file {quoted(named)}", found.do)
        else:
            self.reading.fault(here, f"{quoted(named)} is not a policy: {found.why}", found.do)
        return None
