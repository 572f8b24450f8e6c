"""The server, the token and the mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.clock import Clock
from vaultaws.config.durations import words
from vaultaws.doctor.finding import Finding, bad, of_error, ok, warn
from vaultaws.errors import VaultDeniedError, VaultNotFoundError
from vaultaws.leases.words import printable
from vaultaws.model import JsonObject
from vaultaws.vault.abilities import has_namespaces
from vaultaws.vault.protocol import Vault

SKEW_WARNED_SECONDS: Final = 30
SKEW_BAD_SECONDS: Final = 300
"""AWS refuses requests that are signed more than five minutes off."""
_SOON_SECONDS: Final = 900


def health(vault: Vault, clock: Clock) -> Iterator[Finding]:
    """Is it there, open, and what is it? Raises VaultUnreachableError and its kin."""
    found = vault.health()
    name = f"{found.product.label} {printable(found.version)}"
    if not found.initialized:
        yield bad(
            "server", f"{name} is not initialised", "it has no keys yet", "vault operator init"
        )
    elif found.sealed:
        why = "a sealed server answers nothing until its operators unseal it"
        yield bad("server", f"{name} is sealed", why, "have it unsealed: vault operator unseal")
    else:
        yield ok("server", f"{name}{', a standby' if found.standby else ''} answers")
    if vault.namespace and not has_namespaces(found):
        why = "the community edition of Vault has none: it takes VAULT_NAMESPACE for nothing"
        yield bad("server", "it has no namespaces", why, "unset VAULT_NAMESPACE")
    if found.time is not None:
        yield skew("server", "the server", found.time - clock.now().timestamp())


def skew(check: str, whose: str, seconds: float) -> Finding:
    """What a difference of clocks means. `seconds`: how far `whose` clock is ahead of ours."""
    apart, way = words(abs(seconds)), "ahead of" if seconds > 0 else "behind"
    if abs(seconds) < SKEW_WARNED_SECONDS:
        return ok(check, f"clocks agree with {whose}")
    what = f"{whose}'s clock is {apart} {way} this machine's"
    do = "set the time by NTP (timedatectl set-ntp true)"
    if abs(seconds) < SKEW_BAD_SECONDS:
        return warn(check, what, "expiry times are off by as much", do)
    return bad(check, what, "AWS refuses requests signed more than 5 min off", do)


def token(vault: Vault) -> Iterator[Finding]:
    """Who it is, what it may be, and how long it and its leases live."""
    try:
        answer = vault.read("auth/token/lookup-self") or {}
    except VaultDeniedError as error:
        yield of_error("token", error)
        return
    data = answer.get("data") or {}
    who = printable(str(data.get("display_name") or "?"))
    policies = [str(name) for name in data.get("policies") or ()]
    policies += [str(name) for name in data.get("identity_policies") or ()]
    listed = printable(", ".join(dict.fromkeys(policies)) or "none")
    yield ok("token", f"of {who}, policies {listed}")
    if "root" in policies:
        do = "log in as yourself: vaultaws login"
        yield warn("token", "it is a root token", "it may do everything, and never as a person", do)
    yield from _life(data)


def _life(data: JsonObject) -> Iterator[Finding]:
    seconds = data.get("ttl")
    left = seconds if isinstance(seconds, int) else 0
    renewable = "renewable" if data.get("renewable") else "not renewable"
    if left == 0:
        yield ok("token", "it does not end")
    elif left < _SOON_SECONDS:
        why = "every lease that it issued ends with it"
        yield warn("token", f"it ends in {words(left)}, {renewable}", why, "log in: vaultaws login")
    else:
        yield ok("token", f"ends in {words(left)}, {renewable}; leases it issues end with it")
    if data.get("orphan") is False:
        yield ok("token", "not an orphan: when its parent ends, it ends, and its leases with it")


def mount(vault: Vault, path: str) -> Iterator[Finding]:
    """Is the AWS engine there? Asked where everybody with some right on the mount may ask."""
    try:
        answer = vault.read(f"sys/internal/ui/mounts/{path}") or {}
    except (VaultDeniedError, VaultNotFoundError):
        yield bad(
            "mount",
            f"no secrets engine at {path}/ for this token",
            "nothing is mounted there, or the token has no right on anything below it",
            "name the mount with --mount or VAULTAWS_MOUNT, or ask for access",
        )
        return
    kind = str((answer.get("data") or {}).get("type", ""))
    if kind != "aws":
        what = f"{path}/ is not an AWS engine"
        yield bad("mount", what, f"it is of type {printable(kind)}", "name another: --mount")
        return
    yield ok("mount", f"{path}/ is an AWS engine")
