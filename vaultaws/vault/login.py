"""Ways to log in. Each takes an unauthenticated gateway's settings and returns a token.

One small function a method: what differs is a path and a body, what follows is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from vaultaws.clock import Clock
from vaultaws.errors import UsageError, VaultDeniedError, VaultNotFoundError, VaultRefusedError
from vaultaws.model import JsonObject, Secret, TokenInfo
from vaultaws.vault import decode
from vaultaws.vault.base import Server
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault


@dataclass(frozen=True)
class Login:
    """A token and what the server says of it."""

    token: Secret
    info: TokenInfo


@dataclass(frozen=True)
class OidcLogin:
    """A login that has begun: where the person goes, and what the answer must bring back."""

    address: str
    state: str


class _Door(Server):
    """A server spoken to before there is a token."""

    def ask(self, path: str, body: JsonObject) -> Secret:
        answer = decode.mapping(self._request("POST", path, body), "login")
        return _token_in(answer)

    def fetch(self, path: str, params: JsonObject) -> Secret:
        """As `ask`, where the server wants what proves the login in the query of a GET."""
        return _token_in(decode.mapping(self._request("GET", path, params=params), "login"))

    def where(self, path: str, body: JsonObject) -> str:
        """Where a person logs in; empty when the server does not say."""
        answer = decode.mapping(self._request("POST", path, body), "login")
        return str(decode.mapping(answer.get("data"), "data").get("auth_url") or "")


def _token_in(answer: JsonObject) -> Secret:
    auth = decode.mapping(answer.get("auth"), "auth")
    return Secret(decode.required_text(auth, "client_token"))


def with_token(settings: ConnectionSettings, token: Secret, clock: Clock | None = None) -> Login:
    """Check a token by looking itself up. Raises VaultDeniedError when it is no good."""
    with HvacVault(replace(settings, token=token), clock) as vault:
        return Login(token, vault.whoami())


def with_userpass(
    settings: ConnectionSettings,
    username: str,
    password: Secret,
    *,
    mount: str = "userpass",
    clock: Clock | None = None,
) -> Login:
    """Log in by user name and password (Vault API, userpass auth method)."""
    if not username or "/" in username:
        raise UsageError(
            "the user name cannot be used",
            why="it is empty or holds a slash",
            do="give the name as it is in Vault",
        )
    body = {"password": password.reveal()}
    return _log_in(settings, f"auth/{mount}/login/{username}", body, clock)


def with_approle(
    settings: ConnectionSettings,
    role_id: str,
    secret_id: Secret | None,
    *,
    mount: str = "approle",
    clock: Clock | None = None,
) -> Login:
    """Log in as a machine (Vault API, AppRole auth method). Some roles need no secret id."""
    body = {"role_id": role_id}
    if secret_id is not None:
        body["secret_id"] = secret_id.reveal()
    return _log_in(settings, f"auth/{mount}/login", body, clock)


def with_jwt(
    settings: ConnectionSettings,
    role: str,
    jwt: Secret,
    *,
    mount: str = "jwt",
    clock: Clock | None = None,
) -> Login:
    """Log in with a signed token (Vault API, JWT and Kubernetes auth methods).

    Without a role the mount's default one counts, where it has one.
    """
    text = jwt.reveal()
    if text.count(".") != 2 or not text.isascii() or not text.isprintable():
        raise UsageError(
            "what was given is no JWT",
            why="a signed one is three parts of letters and digits with dots between them",
            do="give the token alone, on one line",
        )
    body = {"jwt": text}
    if role:
        body["role"] = role
    return _log_in(settings, f"auth/{mount}/login", body, clock)


def with_aws(
    settings: ConnectionSettings,
    role: str,
    proof: Mapping[str, Secret],
    *,
    mount: str = "aws",
    clock: Clock | None = None,
) -> Login:
    """Log in as a principal of AWS, by a request that it signed (Vault API, AWS auth method).

    Without a role the server takes the one that is called as the principal is.
    """
    body = {name: value.reveal() for name, value in proof.items()}
    if role:
        body["role"] = role
    return _log_in(settings, f"auth/{mount}/login", body, clock)


def oidc_begin(
    settings: ConnectionSettings,
    role: str,
    redirect_uri: str,
    nonce: str,
    *,
    mount: str = "oidc",
    clock: Clock | None = None,
) -> OidcLogin:
    """Ask where to log in (Vault API, OIDC auth method). Without a role the mount's default counts.

    `nonce` is ours alone: who has the answer of the browser but not it, gets no token.
    """
    path = f"auth/{mount}/oidc/auth_url"
    body = {"redirect_uri": redirect_uri, "client_nonce": nonce}
    if role:
        body["role"] = role
    with _entered(settings, path, clock) as door:
        address = door.where(path, body)
    parts = urlsplit(address)
    state = parse_qs(parts.query).get("state", [""])[0]
    if parts.scheme not in {"http", "https"} or not address.isprintable() or not state:
        raise VaultDeniedError(
            f"the server at {settings.address} gave no address to log in at",
            why=f"the role is not known there, or does not allow {redirect_uri}",
            do="check the role's name and its allowed_redirect_uris",
        )
    return OidcLogin(address, state)


def with_oidc(
    settings: ConnectionSettings,
    state: str,
    code: Secret,
    nonce: str,
    *,
    mount: str = "oidc",
    clock: Clock | None = None,
) -> Login:
    """Trade the provider's code for a token (Vault API, OIDC auth method)."""
    path = f"auth/{mount}/oidc/callback"
    with _entered(settings, path, clock) as door:
        token = door.fetch(path, {"state": state, "code": code.reveal(), "client_nonce": nonce})
    return with_token(settings, token, clock)


def _log_in(
    settings: ConnectionSettings, path: str, body: JsonObject, clock: Clock | None
) -> Login:
    """Trade a body for a token, then look it up."""
    with _entered(settings, path, clock) as door:
        token = door.ask(path, body)
    return with_token(settings, token, clock)


@contextmanager
def _entered(settings: ConnectionSettings, path: str, clock: Clock | None) -> Iterator[_Door]:
    """The server before there is a token. A refusal is a denial, in plain words."""
    try:
        with _Door(replace(settings, token=None), clock) as door:
            yield door
    except (VaultRefusedError, VaultDeniedError, VaultNotFoundError) as fault:
        raise VaultDeniedError(
            f"the server at {settings.address} refused the login at {path}",
            why="permission denied" if isinstance(fault, VaultDeniedError) else fault.why,
            do="check the name, the secret and the auth mount",
        ) from None
