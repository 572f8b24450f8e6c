"""HTTP/1.1 through a proxy: by urllib3, which knows how. Imported where a proxy is set: urllib3
costs some twenty milliseconds."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import BaseHTTPResponse, ProxyManager
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from vaultaws.vault.connection import Tls
from vaultaws.vault.kept import ProxyRefusedError, UnreachedError


class Proxied:
    """Sends requests through one proxy; keeps its connections. Threads may share it.

    `context` is for a server that is spoken to by TLS, None for the others.
    """

    def __init__(self, proxy: str, context: ssl.SSLContext | None, tls: Tls, *, most: int) -> None:
        parts = urlsplit(proxy)
        headers = None
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers = urllib3.make_headers(proxy_basic_auth=pair)
        options = _tls_options(context, tls) if context is not None else {}
        self._manager = ProxyManager(proxy, maxsize=most, proxy_headers=headers, **options)

    @contextmanager
    def sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Iterator[BaseHTTPResponse]:
        """Send once, follow nothing; the body of the answer is still to be read. Raises as `kept`
        does, and ProxyRefusedError."""
        try:
            with self._manager.urlopen(
                method,
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=seconds, read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            ) as answer:
                yield answer
        except HTTPError as fault:
            raise _plain(fault) from fault

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._manager.clear()


def _tls_options(context: ssl.SSLContext, tls: Tls) -> dict[str, Any]:
    options: dict[str, Any] = {"ssl_context": context}
    if tls.server_name:
        options |= {"server_hostname": tls.server_name, "assert_hostname": tls.server_name}
    if context.verify_mode is ssl.CERT_NONE:
        urllib3.disable_warnings(InsecureRequestWarning)  # it was asked for
        options |= {"cert_reqs": "CERT_NONE", "assert_hostname": False}
    return options


def _plain(fault: HTTPError) -> OSError | HTTPException:
    """The same fault as the standard library would raise it.

    urllib3 lays at the proxy's door what breaks off after the proxy took the request: that may
    have taken effect.
    """
    if isinstance(fault, ProxyError):
        broke_off = isinstance(fault.original_error, ConnectionResetError)
        return HTTPException() if broke_off else ProxyRefusedError()
    if isinstance(fault, SSLError):
        return ssl.SSLError(str(fault))
    if isinstance(fault, ConnectTimeoutError | NewConnectionError):
        return UnreachedError()
    if isinstance(fault, Urllib3TimeoutError):
        return TimeoutError()
    return HTTPException()
