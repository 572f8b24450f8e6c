"""What a declared file says of a mount: Observed → tables of plain TOML values. Pure.

A value that is the default is left out. Tables that are there already keep what they say as long
as it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sized
from typing import Any, Final

from vaultaws.config import durations, tables
from vaultaws.config.schema import Access
from vaultaws.config.tables import Table
from vaultaws.model import AuditDevice, MountInfo, Role, RootConfig, StaticRole
from vaultaws.plan import names
from vaultaws.plan.changes import AccessState, Observed
from vaultaws.vault.defaults import USERNAME_TEMPLATE, normal, normal_root

Values = dict[str, Any]
Data = Mapping[str, Any]

ORDERED: Final = frozenset({"sts_fallback_endpoints", "sts_fallback_regions"})
BOUNDS: Final = ("default_lease_ttl", "max_lease_ttl")
UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"))
SPANS: Final = frozenset(
    {
        *BOUNDS,
        "default_ttl",
        "max_ttl",
        "rotation_period",
        "rotation_window",
        "identity_token_ttl",
    }
)
DEFAULTS: Final[Mapping[str, Any]] = {
    "listing_visibility": "hidden",
    "max_retries": -1,
    "user_path": "/",
    "username_template": USERNAME_TEMPLATE,
}
"""What a key may say that means the same as leaving it out, beside nothing at all."""
GRANT: Final = re.compile(r'^path "([^"]+)" \{', re.MULTILINE)


def span(seconds: int) -> str | int:
    """Seconds as people write them: 15m, 36h, 90s; 0 is a number."""
    if seconds <= 0:
        return 0
    for size, unit in UNITS:
        if seconds % size == 0 and (unit != "d" or seconds > 2 * size):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _said(source: object, table: Table) -> Values:
    """The keys of a table that are not their defaults."""
    found: Values = {}
    for name, key in table.items():
        attribute = key.field or name
        value = getattr(source, attribute, None)
        if name in SPANS:
            value = span(value or 0)
        if value is not None and (name in BOUNDS or not _is_default(name, value)):
            found[name] = _plain(value)
    return found


def _is_default(name: str, value: Any) -> bool:
    empty = value == "" or value is False or (isinstance(value, Sized) and not len(value))
    return empty or value == DEFAULTS.get(name) or (name in SPANS and _seconds(value) == 0)


def _plain(value: Any) -> Any:
    """A value of the model as TOML has it."""
    if isinstance(value, tuple):
        return dict(value) if isinstance(value[0], tuple) else list(value)
    return value if isinstance(value, int) else str(value)


def mount(found: MountInfo) -> Values:
    """`[mount]`, always with its bounds."""
    return _said(found, tables.MOUNT)


def lease(observed: Observed, *, said: bool) -> Values | None:
    """`[lease]`, None where the engine's bounds were never written, or are the mount's and the
    file does not say them."""
    found, at = observed.lease, observed.mount
    if found is None or at is None:
        return None
    if not said and found in {(at.default_lease_ttl_seconds, at.max_lease_ttl_seconds), (0, 0)}:
        return None
    return {"default_ttl": span(found[0]), "max_ttl": span(found[1])}


def root(found: RootConfig) -> Values:
    """`[root]`. The secret key is nowhere; `credentials` says where it comes from."""
    source = "env" if found.access_key_id else "server"
    return {"credentials": source, **_said(normal_root(found), tables.ROOT)}


def role(found: Role) -> Values:
    """`[roles.NAME]`, save its policy."""
    return _said(normal(found), tables.ROLE)


def static_role(found: StaticRole) -> Values:
    """`[static_roles.NAME]`."""
    return _said(found, tables.STATIC_ROLE)


def audit(device: AuditDevice) -> Values:
    """`[audit.PATH]`."""
    described = {"description": device.description} if device.description else {}
    return {"type": device.type, **described, **dict(device.options)}


def access(mount_path: str, state: AccessState, auth_paths: Mapping[str, str]) -> Values | None:
    """`[access.NAME]`; None where the ACL policy says more or less than we would write.

    `auth_paths` has the path of each auth method by its accessor.
    """
    roles = _granted(f"{mount_path}/roles/", state.acl_text)
    static_roles = _granted(f"{mount_path}/static-creds/", state.acl_text)
    declared = Access(state.name, roles, static_roles)
    if names.acl_text(mount_path, declared).strip() != state.acl_text.strip():
        return None
    members: dict[str, set[str]] = {}
    for member in state.members:
        members.setdefault(member.auth_path, set()).add(member.name)
    for group in state.claims:
        if group.alias is not None and group.alias[0] in auth_paths:
            members.setdefault(auth_paths[group.alias[0]], set()).add(group.alias[1])
    who = {path: sorted(held) for path, held in sorted(members.items())}
    said = {"roles": list(roles), "static_roles": list(static_roles), "members": who}
    return {key: value for key, value in said.items() if value}


def _granted(prefix: str, text: str) -> tuple[str, ...]:
    paths = (path for path in GRANT.findall(text) if path.startswith(prefix))
    return tuple(sorted({path.removeprefix(prefix) for path in paths}))


def kept(old: Data, new: Data, *, optional: bool = False, own: Iterable[str] = ()) -> Values:
    """The new values, in the old spelling and order where they mean the same.

    `optional`: a key that the old table does not say is left unsaid, for the server's value
    stays. `own` are keys that no server knows; they stay as they are.
    """
    found: Values = {}
    for key, value in old.items():
        if key in own:
            found[key] = value
        elif key in new:
            found[key] = _spelled(key, value, new[key])
        elif _is_default(key, value):
            found[key] = value
    if not optional:
        found |= {key: value for key, value in new.items() if key not in old}
    return found


def _spelled(key: str, old: Any, new: Any) -> Any:
    match old, new:
        case Mapping(), Mapping():
            return {name: _inner(old.get(name), new[name]) for name in _in_order(old, new)}
        case list(), list() if key not in ORDERED:
            return _merged(old, new)
    if key in SPANS and _seconds(old) == _seconds(new):
        return old
    return new


def _inner(old: Any, new: Any) -> Any:
    """A value in a table of tags or of members."""
    both = isinstance(old, list) and isinstance(new, list)
    return _merged(old, new, any_case=True) if both else new


def _merged(old: list[str], new: list[str], *, any_case: bool = False) -> list[str]:
    """The new items, first the old ones in their order and, where case means nothing, spelling."""
    stay = [item for item in old if item in new or (any_case and item.lower() in new)]
    known = {*stay, *(item.lower() for item in stay if item not in new)}
    return [*stay, *(item for item in new if item not in known)]


def _in_order(old: Data, new: Data) -> list[str]:
    return [*(name for name in old if name in new), *(name for name in new if name not in old)]


def _seconds(value: Any) -> Any:
    """A span in seconds; any other value as it is."""
    return durations.parse(value) if isinstance(value, str) else value
