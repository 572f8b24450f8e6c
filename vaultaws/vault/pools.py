"""The connections: TLS exactly as set, unix sockets, proxies, and nothing from the environment
of `requests` (it would take ~/.netrc and REQUESTS_CA_BUNDLE, which no Vault client does).

urllib3 by itself: the layer of `requests` above it more than doubles what one small read costs
(0.60 against 0.27 ms of CPU), which counts when a plan reads thousands.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import InsecureRequestWarning

from vaultaws.errors import UsageError
from vaultaws.vault.bulk import AT_ONCE
from vaultaws.vault.connection import ConnectionSettings, Tls

_KEPT: Final = AT_ONCE + 2


class Pools:
    """Sends requests of one server's client; keeps its connections. Threads may share it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._by_scheme: dict[str, PoolManager] = {}
        self._unix = _UnixPool(settings.unix_socket) if settings.unix_socket else None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> BaseHTTPResponse:
        """Send once, follow nothing; the body of the answer is still to be read.

        Raises urllib3's errors, and UsageError when a certificate of ours cannot be used.
        """
        seconds = self._settings.timeout_seconds
        options: dict[str, Any] = {
            "body": body,
            "headers": headers,
            "timeout": urllib3.Timeout(connect=seconds, read=seconds),
            "retries": False,
            "redirect": False,
            "preload_content": False,
        }
        if self._unix is not None:
            parts = urlsplit(url)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            return self._unix.urlopen(method, target, **options)
        return self._manager(urlsplit(url).scheme).urlopen(method, url, **options)

    def _manager(self, scheme: str) -> PoolManager:
        """TLS is set up with the first https request: it costs 35 ms that http need not."""
        with self._lock:
            if scheme not in self._by_scheme:
                tls = _tls_options(self._settings.tls) if scheme == "https" else {}
                self._by_scheme[scheme] = _open_manager(self._settings.proxy, tls)
            return self._by_scheme[scheme]

    def close(self) -> None:
        """Close the connections that are not in use."""
        for manager in self._by_scheme.values():
            manager.clear()
        if self._unix is not None:
            self._unix.close()


def _open_manager(proxy: str, tls: dict[str, Any]) -> PoolManager:
    if not proxy:
        return PoolManager(maxsize=_KEPT, **tls)
    parts = urlsplit(proxy)
    headers = None
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=pair)
    return ProxyManager(proxy, maxsize=_KEPT, proxy_headers=headers, **tls)


def _tls_options(tls: Tls) -> dict[str, Any]:
    context = tls_context(tls)
    options: dict[str, Any] = {"ssl_context": context}
    if tls.server_name:
        options |= {"server_hostname": tls.server_name, "assert_hostname": tls.server_name}
    if context.verify_mode is ssl.CERT_NONE:
        options |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
    return options


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Build the one context that decides what is trusted.

    A named CA (file, directory or bytes) is trusted alone. Without one, the system's store and
    certifi's bundle are.
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
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
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
        super().__init__("localhost", maxsize=_KEPT)
        self._path = path

    def _new_conn(self) -> _UnixConnection:
        return _UnixConnection(self._path)
