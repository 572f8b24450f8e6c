"""Where the server is and how to reach it: the settings of the Vault and OpenBao CLIs.

Order, for each setting by itself: flag, then BAO_NAME, then VAULT_NAME, then the default.
Sources: developer.hashicorp.com/vault/docs/commands (environment variables, token helper) and
openbao.org/docs/commands (BAO_ names).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from vaultaws.errors import UsageError
from vaultaws.model import Secret
from vaultaws.vault.durations import parse_duration
from vaultaws.vault.proxies import choose_proxy
from vaultaws.vault.tokens import find_token

DEFAULT_ADDRESS: Final = "https://127.0.0.1:8200"
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_MAX_RETRIES_LIMIT: Final = 100


@dataclass(frozen=True)
class Tls:
    """How the server's certificate is checked and which one we show. Paths are files."""

    ca_file: str = ""
    ca_path: str = ""
    ca_bytes: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""
    verify: bool = True


@dataclass(frozen=True)
class ConnectionSettings:
    """All that is needed to speak to one server. `token` None means none was found."""

    address: str = DEFAULT_ADDRESS
    token: Secret | None = None
    namespace: str = ""
    tls: Tls = field(default_factory=Tls)
    timeout_seconds: float = 60.0
    max_retries: int = 2
    proxy: str = ""

    @property
    def unix_socket(self) -> str:
        """The socket's path when the address is unix:///PATH, empty otherwise."""
        return self.address.removeprefix("unix://") if self.address.startswith("unix:") else ""


@dataclass(frozen=True)
class ConnectionFlags:
    """What the command line said; None where it said nothing."""

    address: str | None = None
    agent_address: str | None = None
    token: Secret | None = None
    namespace: str | None = None
    ca_file: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    skip_verify: bool | None = None


class Environment:
    """BAO_NAME before VAULT_NAME; an empty value counts as unset, as in both CLIs."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, name: str) -> tuple[str, str]:
        """Return the value and the variable it came from; empty and VAULT_name when unset."""
        for variable in (f"BAO_{name}", f"VAULT_{name}"):
            value = self._environ.get(variable, "")
            if value:
                return value, variable
        return "", f"VAULT_{name}"

    def get(self, name: str) -> str:
        return self.find(name)[0]


def resolve(
    flags: ConnectionFlags, environ: Mapping[str, str], home: Path | None
) -> ConnectionSettings:
    """Settle every setting. Reads ~/.vault and ~/.vault-token, and may run the token helper.

    Raises UsageError naming the flag or variable that is wrong, never its value if secret.
    """
    env = Environment(environ)
    address = _address(flags, env)
    return ConnectionSettings(
        address=address,
        token=flags.token or find_token(env.get("TOKEN"), environ, home),
        namespace=_namespace(flags, env),
        tls=_tls(flags, env),
        timeout_seconds=_timeout(env),
        max_retries=_retries(env),
        proxy=choose_proxy(address, _own_proxy(env), environ),
    )


def _address(flags: ConnectionFlags, env: Environment) -> str:
    candidates = (
        (flags.agent_address or "", "--agent-address"),
        (flags.address or "", "--address"),
        env.find("AGENT_ADDR"),
        env.find("ADDR"),
        (DEFAULT_ADDRESS, "the default"),
    )
    value, source = next(pair for pair in candidates if pair[0])
    return check_address(value, source)


def check_address(value: str, source: str) -> str:
    """Return the address without a trailing slash, or raise UsageError naming `source`."""
    text = value.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (reading it is the check: urllib raises on a bad port)
    except ValueError as fault:
        raise _bad_address(source, "it is not a URL") from fault
    if any(character.isspace() or not character.isprintable() for character in text):
        raise _bad_address(source, "it holds a space or a control character")
    if parts.scheme == "unix":
        if parts.netloc or not parts.path.startswith("/"):
            raise _bad_address(source, "a socket is written unix:///absolute/path")
        return text
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _bad_address(source, "it needs http:// or https:// and a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise _bad_address(source, "it may not carry a user, a query or a fragment")
    return text.removesuffix("/v1")


def _bad_address(source: str, why: str) -> UsageError:
    return UsageError(
        f"the server's address in {source} cannot be used",
        why=why,
        do=f"set {source} to something like https://vault.example.com:8200",
    )


def _namespace(flags: ConnectionFlags, env: Environment) -> str:
    value, source = (flags.namespace, "--namespace")
    if value is None:
        value, source = env.find("NAMESPACE")
    if not value.isprintable():
        raise UsageError(
            f"the namespace in {source} cannot be used",
            why="it holds a control character",
            do=f"set {source} to a path like team/payments",
        )
    return value.strip().strip("/")


def _tls(flags: ConnectionFlags, env: Environment) -> Tls:
    cert = _readable(flags.client_cert, "--client-cert", env, "CLIENT_CERT")
    key = _readable(flags.client_key, "--client-key", env, "CLIENT_KEY")
    if bool(cert) != bool(key):
        present, absent = ("CLIENT_CERT", "CLIENT_KEY") if cert else ("CLIENT_KEY", "CLIENT_CERT")
        raise UsageError(
            f"VAULT_{present} is set without VAULT_{absent}",
            why="a client certificate and its key go together",
            do=f"set VAULT_{absent} too",
        )
    skip = flags.skip_verify
    return Tls(
        ca_file=_readable(flags.ca_file, "--ca-cert", env, "CACERT"),
        ca_path=_readable(flags.ca_path, "--ca-path", env, "CAPATH"),
        ca_bytes=env.get("CACERT_BYTES"),
        client_cert=cert,
        client_key=key,
        server_name=flags.tls_server_name or env.get("TLS_SERVER_NAME"),
        verify=not (_boolean(env, "SKIP_VERIFY") if skip is None else skip),
    )


def _readable(flag: str | None, flag_name: str, env: Environment, name: str) -> str:
    value, source = (flag, flag_name) if flag is not None else env.find(name)
    if value and not os.access(value, os.R_OK):
        raise UsageError(
            f"the path in {source} cannot be read",
            why=f"{value!r} does not exist or is closed to you",
            do=f"correct {source}, or unset it",
        )
    return value


def _boolean(env: Environment, name: str) -> bool:
    value, source = env.find(name)
    if not value or value in _FALSE:
        return False
    if value in _TRUE:
        return True
    raise UsageError(
        f"{source} is neither true nor false",
        why=f"it is {value!r}",
        do=f"set {source} to true or false, or unset it",
    )


def _timeout(env: Environment) -> float:
    """Seconds; 0 means the default, as in Vault's client."""
    value, source = env.find("CLIENT_TIMEOUT")
    if not value:
        return ConnectionSettings.timeout_seconds
    try:
        seconds = parse_duration(value)
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise UsageError(
            f"{source} is not a span of time",
            why=f"it is {value!r}",
            do=f"set {source} to something like 30s, 2m or 60",
        )
    return seconds or ConnectionSettings.timeout_seconds


def _retries(env: Environment) -> int:
    value, source = env.find("MAX_RETRIES")
    if not value:
        return ConnectionSettings.max_retries
    if not (value.isascii() and value.isdigit()) or int(value) > _MAX_RETRIES_LIMIT:
        raise UsageError(
            f"{source} is not a number of retries",
            why=f"it is {value!r}; 0 to {_MAX_RETRIES_LIMIT} are possible",
            do=f"set {source} to a small number like 2",
        )
    return int(value)


def _own_proxy(env: Environment) -> tuple[str, str]:
    """VAULT_PROXY_ADDR, else its older name VAULT_HTTP_PROXY, with the variable's name."""
    named = env.find("PROXY_ADDR")
    return named if named[0] else env.find("HTTP_PROXY")
