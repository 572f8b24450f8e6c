"""How access is named on a server, and how ownership is known there. Pure.

Names alone are ambiguous (mount `aws`, access `x-foo` and mount `aws-x`, access `foo`), so an
ACL policy begins with a mark and a group carries metadata. Vault puts the names of ACL policies
in lower case, and finds groups and their aliases in any case (policy_store.go, sanitizeName;
identity_store_schema.go).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Final

from vaultaws.config.schema import Access
from vaultaws.model import Group, Pairs

PREFIX: Final = "vaultaws-"
CLAIM_PREFIX: Final = "vaultaws-claim-"
CLAIM_METHODS: Final = frozenset({"oidc", "jwt"})
ENTITIES: Final = "entities"
_MANAGED: Final = ("managed_by", "vaultaws")
_MARK: Final = re.compile(
    r'# managed by vaultaws: mount ("[^\r\n]*"), access ("[^\r\n]*")[ \t]*(?:\r?\n|$)'
)
_ROLE: Final = re.compile(r'^path "(?P<mount>.+)/(?P<kind>roles|static-creds)/(?P<name>[^/"]+)" \{')

Owner = tuple[str, str]
"""A mount's path and the name of an `[access.NAME]`."""


def acl_prefix(mount: str) -> str:
    """What the names of a mount's ACL policies begin with; other mounts' may, too."""
    return f"{PREFIX}{mount.replace('/', '-')}-".lower()


def acl_name(mount: str, access: str) -> str:
    """The Vault ACL policy, and the internal group, that an `[access.NAME]` table becomes."""
    return f"{acl_prefix(mount)}{access}".lower()


def acl_text(mount: str, access: Access) -> str:
    """The least a person needs: to issue at both endpoints and to read the role, and to read
    the keys of static roles.

    A GET of creds/ or sts/ issues with the defaults; a write of them carries a ttl.
    """
    quoted = ", ".join((f"mount {json.dumps(mount)}", f"access {json.dumps(access.name)}"))
    blocks = [f"# managed by vaultaws: {quoted}"]
    for role in sorted(set(access.roles)):
        blocks.append(_grant(f"{mount}/creds/{role}", "read", "update"))
        blocks.append(_grant(f"{mount}/sts/{role}", "read", "update"))
        blocks.append(_grant(f"{mount}/roles/{role}", "read"))
    blocks.extend(
        _grant(f"{mount}/static-creds/{role}", "read") for role in sorted(set(access.static_roles))
    )
    return "\n".join(blocks) + "\n"


def _grant(path: str, *capabilities: str) -> str:
    return f"path {json.dumps(path)} {{\n  capabilities = {json.dumps(list(capabilities))}\n}}"


def owner_of_text(text: str) -> Owner | None:
    """Whose an ACL policy is, by the mark in its first line; None when it has none."""
    found = _MARK.match(text)
    if found is None:
        return None
    try:
        mount, access = json.loads(found[1]), json.loads(found[2])
    except ValueError:
        return None
    return (mount, access) if isinstance(mount, str) and isinstance(access, str) else None


def roles_in_text(text: str) -> tuple[str, ...]:
    """The roles and static roles that an ACL policy of ours grants, sorted."""
    found = (_ROLE.match(line) for line in text.splitlines())
    return tuple(sorted({match["name"] for match in found if match}))


def metadata(mount: str, access: str) -> Pairs:
    """What an internal group of ours carries."""
    return (("access", access), _MANAGED, ("mount", mount))


CLAIM_METADATA: Final[Pairs] = (_MANAGED,)
"""What a group of a claim carries: it may serve several mounts."""


def is_ours(group: Group) -> bool:
    """True for a group that vaultaws made, for whatever mount."""
    return _MANAGED in group.metadata


def owner_of_group(group: Group) -> Owner | None:
    """Whose an internal group is, by its metadata; None when it is not ours."""
    said = dict(group.metadata)
    if group.external or not is_ours(group) or "mount" not in said or "access" not in said:
        return None
    return said["mount"], said["access"]


Alias = tuple[str, str]
"""(auth mount accessor, value of the claim)."""


def same_alias(alias: Alias) -> Alias:
    """The alias as Vault finds it: values in any case."""
    return alias[0], alias[1].lower()


def claim_group_name(alias: Alias) -> str:
    """The name of the one external group that bears an alias: readable, and unique."""
    readable = re.sub(r"[^a-z0-9]+", "-", alias[1].lower()).strip("-")[:40]
    digest = hashlib.sha256(json.dumps(same_alias(alias)).encode()).hexdigest()[:10]
    return f"{CLAIM_PREFIX}{readable}-{digest}" if readable else f"{CLAIM_PREFIX}{digest}"


def alias_name(method: str, name: str) -> str:
    """A login's name as the auth method gives it to Vault (userpass: in lower case,
    builtin/credential/userpass/path_login.go)."""
    return name.lower() if method == "userpass" else name
