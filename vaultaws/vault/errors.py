"""From an answer's status and sentences to the error a person reads. Pure.

Statuses: Vault HTTP API (developer.hashicorp.com/vault/api-docs#http-status-codes); sentences as
Vault 1.14 to 1.21 and OpenBao 2.7 write them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from vaultaws.errors import (
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultSealedError,
    VaultStandbyError,
    VaultUnreachableError,
)

_LONGEST_SENTENCE: Final = 300
_MOST_NAMED: Final = 8
_TOKEN_SHAPES: Final = re.compile(
    r"\b(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}|\b[sbr]\.[A-Za-z0-9]{8,}"
)
_COUNTED: Final = re.compile(r"^\d+ errors? occurred:\s*")
_ROLE_MISSING: Final = re.compile(r"role ['\"]?([^'\"]+?)['\"]? not found", re.IGNORECASE)
_ENGINE_PATH: Final = re.compile(r"/(?:roles|creds|sts|config|static-roles|static-creds)(?:/|$)")
_CAPABILITIES: Final = {
    "GET": "read",
    "LIST": "list",
    "POST": "update",
    "PUT": "update",
    "DELETE": "delete",
}
_SUDO_PREFIXES: Final = (
    "auth/token/accessors",
    "sys/audit",
    "sys/leases/lookup",
    "sys/leases/revoke-prefix",
    "sys/leases/revoke-force",
    "sys/leases/tidy",
    "sys/seal",
)


class MountMissingError(VaultNotFoundError):
    """No secrets engine is mounted where the path points."""


class LostAnswerError(VaultUnreachableError):
    """The request may have reached the server, but no whole answer came back."""


class TokenState(Enum):
    """What is known of the token when a request was denied. SPENT: the server knew it a moment
    ago and does not any more."""

    ABSENT = auto()
    INVALID = auto()
    SPENT = auto()
    VALID = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Refusal:
    """One refused request. `sentences` are the server's own, already cleaned of secrets."""

    status: int
    method: str
    path: str
    address: str
    sentences: tuple[str, ...] = ()
    retry_after_seconds: float | None = None

    @property
    def why(self) -> str:
        return self.sentences[0] if self.sentences else f"it answered HTTP {self.status}"

    def says(self, *phrases: str) -> bool:
        """True when any sentence holds any of the phrases, in any case."""
        told = "\n".join(self.sentences).lower()
        return any(phrase in told for phrase in phrases)


def clean(sentence: str, secrets: Iterable[str] = ()) -> str:
    """Make one plain line of a server's sentence, without the given secrets or any token."""
    for secret in secrets:
        if secret:
            sentence = sentence.replace(secret, "•••")
    sentence = _COUNTED.sub("", _TOKEN_SHAPES.sub("•••", sentence))
    lines = (re.sub(r"^\s*\*\s*", "", line).strip() for line in sentence.splitlines())
    line = "; ".join(line for line in lines if line)
    line = "".join(character if character.isprintable() else " " for character in line)
    line = re.sub(r" {2,}", " ", line).strip(" ;")
    return line if len(line) <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"


def sentences_of(body: object, secrets: Sequence[str]) -> tuple[str, ...]:
    """The cleaned `errors` of an answer's JSON body; empty when it has none."""
    listed = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return ()
    cleaned = (clean(entry, secrets) for entry in listed if isinstance(entry, str))
    return tuple(line for line in cleaned if line)


def is_denied(refusal: Refusal) -> bool:
    return refusal.status == 403 or refusal.says("permission denied")


def to_error(refusal: Refusal, token: TokenState = TokenState.UNKNOWN) -> VaultError:
    """Choose the error for a refusal. `token` matters only when permission was denied."""
    state = _state_error(refusal)
    if state is not None:
        return state
    if is_denied(refusal):
        return _denied(refusal, token)
    named = {404: _missing, 429: _rate_limited, 412: _behind}
    general = _refused if refusal.status < 500 else _failed
    return named.get(refusal.status, general)(refusal)


def _behind(refusal: Refusal) -> VaultRefusedError:
    return VaultRefusedError(
        f"the server at {refusal.address} has not caught up with an earlier write",
        why="a standby that serves reads has them a moment late (HTTP 412)",
        do="try again in a few seconds",
    )


def _state_error(refusal: Refusal) -> VaultError | None:
    where = f"the server at {refusal.address}"
    if refusal.says("not initialized") or refusal.status == 501:
        return VaultSealedError(
            f"{where} is not initialised",
            why="it has no keys and no storage yet",
            do="initialise it: vault operator init",
        )
    if refusal.says("vault is sealed", "openbao is sealed", "barrier is sealed"):
        return VaultSealedError(
            f"{where} is sealed",
            why="a sealed server answers nothing until its operators unseal it",
            do="have it unsealed: vault operator unseal",
        )
    standby = refusal.says("node not active", "node is a standby", "no active node")
    if standby or refusal.status in {472, 473}:
        return VaultStandbyError(
            f"{where} is a standby",
            why="it cannot forward the request to an active node",
            do="point VAULT_ADDR at the active node or the load balancer",
        )
    return None


def _denied(refusal: Refusal, token: TokenState) -> VaultDeniedError:
    if token is TokenState.ABSENT:
        return VaultDeniedError(
            f"no token for the server at {refusal.address}",
            why="VAULT_TOKEN, the token helper and ~/.vault-token gave none",
            do="log in: vaultaws login, or set VAULT_TOKEN",
        )
    if token is TokenState.SPENT:
        return VaultDeniedError(
            f"the server at {refusal.address} has just used the token up",
            why="it was good for one use or a few, as a wrapping token is",
            do="ask for another one; unwrap a wrapping token first (vault unwrap), and set"
            " VAULT_TOKEN to what is inside",
        )
    if token is TokenState.INVALID or refusal.says("invalid token", "bad token"):
        return VaultDeniedError(
            f"the server at {refusal.address} does not know the token",
            why="it is wrong, expired or revoked, or belongs to another server or namespace",
            do="log in again: vaultaws login",
        )
    needed = needed_capability(refusal.method, refusal.path)
    reason = f"the token may lack the capability {needed}, or it has ended"
    if token is TokenState.VALID:
        reason = f"the token's policies do not grant {needed} there"
    return VaultDeniedError(
        f"permission denied on {refusal.path}",
        why=reason,
        do=f"ask for a policy with {needed} on {refusal.path}",
    )


def needed_capability(method: str, path: str) -> str:
    """The ACL capability a request needs (Vault policies, capabilities and sudo paths)."""
    needed = _CAPABILITIES.get(method.upper(), method.lower())
    return f"{needed} and sudo" if path.startswith(_SUDO_PREFIXES) else needed


def _missing(refusal: Refusal) -> VaultNotFoundError:
    if refusal.says("namespace not found"):
        return VaultNotFoundError(
            f"the server at {refusal.address} has no such namespace",
            why="it does not know the one that VAULT_NAMESPACE or --namespace says",
            do="correct it, or unset it for the root namespace",
        )
    if refusal.says("no handler for route", "route entry not found"):
        return mount_missing(_mount_of(refusal.path), refusal.address)
    if refusal.says("unsupported path"):
        return VaultNotFoundError(
            f"the server at {refusal.address} does not know the path {refusal.path}",
            why="the engine mounted there has no such path, or this version lacks it",
            do="check the mount and the server's version: vault status",
        )
    return VaultNotFoundError(
        f"there is nothing at {refusal.path}",
        why=refusal.sentences[0] if refusal.sentences else "the server found no entry (HTTP 404)",
        do="check the path and the namespace",
    )


def _mount_of(path: str) -> str:
    """The mount's part of a path of the engine; a mount may itself hold slashes."""
    return _ENGINE_PATH.split(path, maxsplit=1)[0]


def mount_missing(mount: str, address: str) -> MountMissingError:
    return MountMissingError(
        f"no secrets engine at {mount}/ on {address}",
        why="nothing is mounted at that path in this namespace",
        do="name the mount with --mount, or enable it: vaultaws apply",
    )


def _rate_limited(refusal: Refusal) -> VaultRefusedError:
    wait = refusal.retry_after_seconds
    return VaultRefusedError(
        f"the server at {refusal.address} limits the rate of requests",
        why="a quota is used up (HTTP 429)",
        do=f"try again in {wait:.0f} s" if wait else "try again in a few seconds",
    )


def _refused(refusal: Refusal) -> VaultError:
    role = _ROLE_MISSING.search(refusal.why)
    if role:
        return VaultNotFoundError(
            f'no role "{role[1]}" at {refusal.path}',
            why=refusal.why,
            do="vaultaws roles list",
        )
    if refusal.says("lease not found", "invalid lease"):
        return VaultNotFoundError(
            "the server does not know the lease",
            why="it was revoked, has ended, or never was",
            do="vaultaws leases list",
        )
    do = "correct what it names, then try again"
    if refusal.says("audit device via api"):
        do = "have its operators add the device to the server's configuration file"
    return VaultRefusedError(
        f"the server refused {refusal.method.upper()} {refusal.path}", why=refusal.why, do=do
    )


def _failed(refusal: Refusal) -> VaultError:
    if refusal.status in {502, 503, 504} and not refusal.sentences:
        return VaultError(
            f"no answer from behind {refusal.address}",
            why=f"a proxy or load balancer answered HTTP {refusal.status}",
            do="check that the server behind it is up, then try again",
        )
    return VaultError(
        f"the server failed at {refusal.method.upper()} {refusal.path}",
        why=refusal.why,
        do="try again; if it stays, look in the server's own log",
    )


def not_granted(refusal: VaultDeniedError, own: Sequence[str]) -> VaultDeniedError:
    """The refusal of a role that the token's policies do not name, with those that they do."""
    named = ", ".join(clean(name) for name in own[:_MOST_NAMED])
    more = f" and {len(own) - _MOST_NAMED} more" if len(own) > _MOST_NAMED else ""
    return VaultDeniedError(
        refusal.what, why=refusal.why, do=f"{refusal.do}, or take one that you may: {named}{more}"
    )


def role_missing(mount: str, name: str, known: Sequence[str] | None) -> VaultNotFoundError:
    """The error for an unknown role; `known` is None when the token may not list the roles."""
    what = f'no role "{name}" on {mount}/'
    if known is None:
        return VaultNotFoundError(
            what,
            why="the server found none by that name, and the token may not list the others",
            do="check the spelling, or ask an operator",
        )
    if not known:
        return VaultNotFoundError(
            what, why="the mount has no roles", do="write one: vaultaws apply"
        )
    count = f"{len(known)} role{'s' if len(known) > 1 else ''}"
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    verb = "is" if len(near) == 1 else "are"
    nearest = f"; the nearest {verb} {', '.join(near)}" if near else "; none is like it"
    return VaultNotFoundError(what, why=f"the mount has {count}{nearest}", do="vaultaws roles list")
