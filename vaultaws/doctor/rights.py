"""What the token may do: which capability is missing, and for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vaultaws.doctor.finding import Finding, State, bad, of_error, ok, warn
from vaultaws.errors import VaultDeniedError, VaultNotFoundError
from vaultaws.leases.offered import offered
from vaultaws.leases.words import count, printable
from vaultaws.vault.administration import Administration
from vaultaws.vault.protocol import Vault

_MOST_NAMED: Final = 8
Granted = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Wish:
    """A capability on a path. `purpose` completes "needed to"; without it the thing is bad."""

    path: str
    capability: str
    purpose: str
    needed: bool = True

    def is_granted(self, granted: Granted) -> bool:
        """An update will do for a create and the other way round: the engine has no difference."""
        held = set(granted.get(self.path, ()))
        wanted = {"create", "update"} if self.capability == "update" else {self.capability}
        return "root" in held or ("deny" not in held and bool(wanted & held))


def for_creds(vault: Vault, mount: str, named: Sequence[str]) -> Iterator[Finding]:
    """May the token issue: the roles named, else all that it may list or that its policies name?"""
    roles = list(named) or _listed(vault, mount)
    if roles is None:
        yield warn(
            "roles",
            f"the token may not list the roles of {mount}/",
            f"it lacks list on {mount}/roles, and its policies name none by itself",
            "say which you need: vaultaws doctor --role ROLE",
        )
    elif not roles:
        yield warn("roles", f"{mount}/ has no roles", "nothing was declared", "vaultaws apply")
    else:
        missing = {role: no for role in named if (no := _missing(vault, mount, role))}
        yield from (of_error("roles", refusal) for refusal in missing.values())
        there = [role for role in roles if role not in missing]
        yield from _issuing(vault, mount, there, demanded=bool(named))
    yield from _judged(
        vault,
        "leases",
        [
            Wish("sys/leases/revoke", "update", "give credentials back at once", needed=False),
            Wish("sys/leases/renew", "update", "renew a lease", needed=False),
            Wish("auth/token/lookup-self", "read", "see who you are", needed=False),
        ],
    )


def _listed(vault: Vault, mount: str) -> list[str] | None:
    try:
        return list(offered(vault, mount).names)
    except (VaultDeniedError, VaultNotFoundError):
        return None


def _missing(vault: Vault, mount: str, role: str) -> VaultNotFoundError | None:
    """The error that says so where a role is known not to be there."""
    try:
        vault.read_role(mount, role)
    except VaultNotFoundError as refusal:
        return refusal
    except VaultDeniedError:
        return None
    return None


def _issuing(
    vault: Vault, mount: str, roles: Sequence[str], *, demanded: bool
) -> Iterator[Finding]:
    if not roles:
        return
    paths = [f"{mount}/{kind}/{role}" for role in roles for kind in ("creds", "sts", "roles")]
    granted = vault.capabilities(*paths)

    def may(kind: str, role: str) -> bool:
        return Wish(f"{mount}/{kind}/{role}", "read", "").is_granted(granted)

    able = [role for role in roles if may("creds", role) or may("sts", role)]
    unable = [role for role in roles if role not in able]
    if able:
        yield ok("roles", f"may issue {count(len(able), 'role', 'roles')}: {_names(able)}")
    if unable:
        state = State.BAD if demanded or not able else State.OK
        path = f"{mount}/creds/{unable[0]}"
        yield Finding(
            "roles",
            state,
            f"may not issue {_names(unable)}",
            f"the token lacks read on {path} and on {mount}/sts/{unable[0]}",
            f"ask for a policy with read on {path} (or {mount}/sts/{unable[0]} for STS types)",
        )
    blind = [role for role in able if not may("roles", role)]
    if blind:
        yield warn(
            "roles",
            f"may not read {_names(blind)}",
            f"without read on {mount}/roles/{blind[0]} its type is not known: sts/ is never chosen",
            f"ask for a policy with read on {mount}/roles/{blind[0]}, or use --via sts",
        )


def _names(roles: Sequence[str]) -> str:
    more = f" and {len(roles) - _MOST_NAMED} more" if len(roles) > _MOST_NAMED else ""
    return printable(", ".join(roles[:_MOST_NAMED])) + more


def for_operator(vault: Administration, mount: str) -> Iterator[Finding]:
    """May the token plan, apply and look after leases?"""
    yield from _judged(vault, "plan", _plan(mount))
    yield from _judged(vault, "apply", _apply(mount))
    yield from _judged(
        vault,
        "leases",
        [
            Wish(f"sys/leases/lookup/{mount}/creds", "list", "list leases"),
            Wish(f"sys/leases/lookup/{mount}/creds", "sudo", "list leases"),
            Wish("sys/leases/lookup", "update", "look a lease up"),
            Wish("sys/leases/revoke", "update", "revoke a lease"),
        ],
    )


def _plan(mount: str) -> list[Wish]:
    what = "see what is there"
    return [
        Wish("sys/mounts", "read", what),
        Wish(f"{mount}/config/root", "read", what),
        Wish(f"{mount}/config/lease", "read", what),
        Wish(f"{mount}/roles", "list", what),
        Wish(f"{mount}/roles/ROLE", "read", what),
        Wish("sys/policies/acl", "list", what),
        Wish("sys/policies/acl/POLICY", "read", what),
        Wish("sys/auth", "read", what),
        Wish("identity/group/name", "list", what),
    ]


def _apply(mount: str) -> list[Wish]:
    return [
        Wish(f"sys/mounts/{mount}", "update", "mount the engine"),
        Wish(f"sys/mounts/{mount}/tune", "update", "tune the mount"),
        Wish(f"{mount}/config/root", "update", "write the root"),
        Wish(f"{mount}/config/lease", "update", "bound leases"),
        Wish(f"{mount}/roles/ROLE", "update", "write roles"),
        Wish(f"{mount}/roles/ROLE", "delete", "remove roles"),
        Wish("sys/policies/acl/POLICY", "update", "write access policies"),
        Wish("sys/policies/acl/POLICY", "delete", "remove access policies"),
        Wish("identity/group", "update", "write access groups"),
        Wish("identity/group/name/GROUP", "update", "write access groups"),
    ]


def _judged(vault: Vault, check: str, wishes: Sequence[Wish]) -> Iterator[Finding]:
    granted = vault.capabilities(*dict.fromkeys(wish.path for wish in wishes))
    missing = [wish for wish in wishes if not wish.is_granted(granted)]
    for wish in missing:
        say = bad if wish.needed else warn
        yield say(
            check,
            f"may not {wish.purpose}",
            f"the token lacks {wish.capability} on {wish.path}",
            f"ask for a policy with {wish.capability} on {wish.path}",
        )
    if not missing:
        yield ok(check, f"has all {len(wishes)} capabilities")
