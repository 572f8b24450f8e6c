"""The HTTP session: TLS exactly as set, unix sockets, proxies, and nothing from requests' own
environment (it would take ~/.netrc and REQUESTS_CA_BUNDLE, which no Vault client does).
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import InsecureRequestWarning

from vaultaws.errors import UsageError
from vaultaws.vault.connection import ConnectionSettings, Tls

if TYPE_CHECKING:
    from requests import PreparedRequest


def open_session(settings: ConnectionSettings) -> requests.Session:
    """Open a session for one server."""
    session = _Session(settings.tls)
    session.trust_env = False
    if settings.unix_socket:
        session.mount("http://", _UnixAdapter(settings.unix_socket))
    elif settings.proxy:
        session.proxies = {"http": settings.proxy, "https": settings.proxy}
    return session


class _Session(requests.Session):
    """Builds the TLS context with the first https request: it costs 35 ms that http need not.

    That request raises UsageError when a certificate of ours cannot be used.
    """

    def __init__(self, tls: Tls) -> None:
        super().__init__()
        self._tls: Tls | None = tls

    def get_adapter(self, url: Any) -> BaseAdapter:
        if self._tls is not None and str(url).lower().startswith("https:"):
            self.mount("https://", _TlsAdapter(tls_context(self._tls), self._tls.server_name))
            self._tls = None
        return super().get_adapter(url)


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Build the one context that decides what is trusted.

    A named CA (file, directory or bytes) is trusted alone. Without one, the system's store and
    requests' bundle are.
    """
    try:
        context = _trusting(tls)
    except (OSError, ValueError) as fault:
        raise _tls_fault("the CA certificates cannot be used", "VAULT_CACERT", fault) from fault
    if tls.client_cert:
        try:
            context.load_cert_chain(tls.client_cert, tls.client_key, password=_no_password)
        except (OSError, ValueError) as fault:
            raise _tls_fault(
                "the client certificate cannot be used", "VAULT_CLIENT_CERT", fault
            ) from fault
    if not tls.verify:
        urllib3.disable_warnings(InsecureRequestWarning)  # it was asked for
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(tls: Tls) -> ssl.SSLContext:
    """A context with the named authorities. Of a directory every file counts, as in Vault's
    client; OpenSSL by itself would want names that are hashes."""
    if not (tls.ca_file or tls.ca_path or tls.ca_bytes):
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file:
        context.load_verify_locations(cafile=tls.ca_file)
    for file in sorted(Path(tls.ca_path).iterdir()) if tls.ca_path else ():
        if file.is_file():
            context.load_verify_locations(cafile=file)
    if tls.ca_bytes:
        context.load_verify_locations(cadata=tls.ca_bytes)
    return context


def _no_password() -> str:
    """A locked key would make OpenSSL ask on the terminal; refuse instead."""
    raise ValueError("the key is locked with a passphrase")


def _tls_fault(what: str, variable: str, fault: Exception) -> UsageError:
    reason = getattr(fault, "reason", None) or getattr(fault, "strerror", None) or str(fault)
    return UsageError(
        what,
        why=f"OpenSSL says: {reason}",
        do=f"correct the PEM file that {variable} names",
    )


class _TlsAdapter(HTTPAdapter):
    """Takes its trust from one SSLContext, where requests would mix in its own bundle."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._tls: dict[str, Any] = {"ssl_context": context}
        if server_name:
            self._tls |= {"server_hostname": server_name, "assert_hostname": server_name}
        if context.verify_mode is ssl.CERT_NONE:
            self._tls |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, **self._tls})

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, **self._tls)

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: the context has it all."""


class _UnixConnection(HTTPConnection):
    """HTTP to the socket whose path is the host."""

    def __init__(self, path: str, **kwargs: Any) -> None:
        super().__init__("localhost", **kwargs)
        self._path = path

    def _new_conn(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if isinstance(self.timeout, int | float):
                connection.settimeout(self.timeout)
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        return connection


class _UnixPool(HTTPConnectionPool):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(self._path)


class _UnixAdapter(HTTPAdapter):
    """Sends every request to one unix socket (a Vault agent's listener)."""

    def __init__(self, path: str) -> None:
        self._pool = _UnixPool(path)
        super().__init__()

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()
