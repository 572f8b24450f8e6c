"""The connections: TLS exactly as set, unix sockets, proxies, and nothing from the environment
of `requests` (it would take ~/.netrc and REQUESTS_CA_BUNDLE, which no Vault client does).

Straight to the server they are those of `kept`; through a proxy those of `proxied`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from string import punctuation
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, quote, urlsplit

from vaultaws.errors import UsageError
from vaultaws.vault.bulk import AT_ONCE
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.kept import Kept, Reach, UnreachedError, reach_tcp, reach_tls, reach_unix

if TYPE_CHECKING:
    from vaultaws.vault.proxied import Proxied

_KEPT: Final = AT_ONCE + 2
_PORTS: Final = {"http": 80, "https": 443}


class Response(Protocol):
    """What the transport needs of an answer."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Any: ...

    def read1(self, amt: int, /) -> bytes: ...


class Pools:
    """Sends requests of one server's client; keeps its connections. Threads may share it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._by_proxy: dict[str, Proxied] = {}
        self._kept: dict[tuple[str, str], Kept] = {}

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> AbstractContextManager[Response]:
        """Send once, follow nothing; the body of the answer is still to be read.

        Raises as `kept` and `proxied` do, and UsageError when a certificate of ours cannot be used.
        """
        parts = urlsplit(url)
        if self._settings.proxy:
            seconds = self._settings.timeout_seconds
            return self._proxied(parts.scheme).sent(method, url, headers, body, seconds)
        path = quote(parts.path, safe=punctuation)
        target = f"{path}?{quote(parts.query, safe=punctuation)}" if parts.query else path
        return self._straight(parts).sent(method, target, headers, body)

    def _straight(self, parts: SplitResult) -> Kept:
        """TLS is set up with the first https request: it costs 35 ms that http need not."""
        with self._lock:
            place = (parts.scheme, parts.netloc)
            if place not in self._kept:
                self._kept[place] = _open_kept(parts, self._settings)
            return self._kept[place]

    def _proxied(self, scheme: str) -> Proxied:
        from vaultaws.vault.proxied import Proxied

        with self._lock:
            if scheme not in self._by_proxy:
                tls = self._settings.tls
                context = tls_context(tls) if scheme == "https" else None
                self._by_proxy[scheme] = Proxied(self._settings.proxy, context, tls, most=_KEPT)
            return self._by_proxy[scheme]

    def close(self) -> None:
        """Close the connections that are not in use."""
        for kept in self._kept.values():
            kept.close()
        for proxied in self._by_proxy.values():
            proxied.close()


def _open_kept(parts: SplitResult, settings: ConnectionSettings) -> Kept:
    """Connections to the place that a URL names, or to the socket of the settings."""
    seconds = settings.timeout_seconds
    if settings.unix_socket:
        return Kept(partial(reach_unix, settings.unix_socket, seconds), "localhost", most=_KEPT)
    try:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        shown = parts.netloc.rpartition("@")[2].encode("idna").decode()
    except ValueError as fault:
        raise UnreachedError from fault
    reach: Reach = partial(reach_tcp, host, port, seconds)
    if parts.scheme == "https":
        name = _certificate_name(settings.tls.server_name or host)
        reach = partial(reach_tls, host, port, seconds, tls_context(settings.tls), name)
    return Kept(reach, shown, most=_KEPT)


def _certificate_name(named: str) -> str:
    """The name that the certificate must be for: no zone of an address, no dot at the end."""
    name = named.partition("%")[0].rstrip(".")
    try:
        usable = bool(name.encode("idna"))
    except UnicodeError:
        usable = False
    if not usable:
        raise UsageError(
            "no certificate can be for the server's name",
            why=f"{named!r} is not the name of a host",
            do="correct VAULT_TLS_SERVER_NAME, or VAULT_ADDR",
        )
    return name


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Build the one context that decides what is trusted.

    A named CA (file, directory or bytes) is trusted alone. Without one, the system's store and
    certifi's bundle are.
    """
    try:
        context = _trusting(tls)
    except (OSError, ValueError) as fault:
        raise _tls_fault("the CA certificates cannot be used", "VAULT_CACERT", fault) from fault
    context.set_alpn_protocols(["http/1.1"])
    if tls.client_cert:
        try:
            context.load_cert_chain(tls.client_cert, tls.client_key, password=_no_password)
        except (OSError, ValueError) as fault:
            raise _tls_fault(
                "the client certificate cannot be used", "VAULT_CLIENT_CERT", fault
            ) from fault
    if not tls.verify:
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
