"""When no answer came: from what `kept` or `proxied` raised to the error a person reads."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Final

from vaultaws.errors import VaultUnreachableError
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.errors import LostAnswerError
from vaultaws.vault.kept import ProxyRefusedError, UnreachedError

__all__ = ["LostAnswerError", "lost_behind", "needs_https", "retry_after", "to_error"]

_LOOK_FIRST: Final = "it may have taken effect: look first (vaultaws leases list)"
_SECONDS: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?", re.ASCII)


def retry_after(header: str) -> float | None:
    """Seconds from a Retry-After header; None when absent or a date."""
    return float(header) if _SECONDS.fullmatch(header.strip()) else None


def needs_https(address: str) -> VaultUnreachableError:
    return VaultUnreachableError(
        f"the server at {address} speaks TLS only",
        why="it was asked over plain http",
        do=f"set VAULT_ADDR to {address.replace('http://', 'https://', 1)}",
    )


def to_error(
    fault: Exception, settings: ConnectionSettings, *, repeatable: bool
) -> VaultUnreachableError:
    """Choose the error. `repeatable` False warns that the request may have taken effect."""
    where = settings.address
    if isinstance(fault, ProxyRefusedError):
        return VaultUnreachableError(
            f"the proxy on the way to {where} does not let us through",
            why=_reason(fault),
            do="check VAULT_PROXY_ADDR, HTTPS_PROXY and NO_PROXY",
        )
    if isinstance(fault, ssl.SSLError):
        return _tls_error(fault, where)
    if _never_connected(fault):
        return VaultUnreachableError(
            f"no Vault or OpenBao server answers at {where}",
            why=_reason(fault),
            do="check VAULT_ADDR and that the server runs; for a local one: vaultaws up",
        )
    do = "try again" if repeatable else _LOOK_FIRST
    if isinstance(fault, TimeoutError):
        return LostAnswerError(
            f"the server at {where} did not answer in time",
            why=f"no whole answer came within {settings.timeout_seconds:g} s",
            do=f"{do}; VAULT_CLIENT_TIMEOUT sets the bound",
        )
    return LostAnswerError(f"the connection to {where} broke off", why=_reason(fault), do=do)


def lost_behind(settings: ConnectionSettings, why: str) -> LostAnswerError:
    """The error of a request that a standby may have handed on before the active node was lost."""
    return LostAnswerError(
        f"the active node behind {settings.address} does not answer",
        why=why,
        do=_LOOK_FIRST,
    )


def _tls_error(fault: Exception, where: str) -> VaultUnreachableError:
    words = " ".join(str(cause) for cause in _causes(fault)).lower()
    why, do = _reason(fault), "check VAULT_CACERT, VAULT_CAPATH and VAULT_ADDR"
    if "wrong version number" in words or "record layer failure" in words:
        why, do = "it speaks plain http", f"set VAULT_ADDR to {where.replace('https', 'http', 1)}"
    elif "hostname mismatch" in words or "ip address mismatch" in words or "doesn't match" in words:
        why = "its certificate is for another name"
        do = "correct VAULT_ADDR, or set VAULT_TLS_SERVER_NAME to the certificate's name"
    elif "certificate has expired" in words:
        why, do = "its certificate has expired", "have the server's certificate renewed"
    elif "certificate verify failed" in words:
        why = "its certificate is not signed by an authority we trust"
        do = "set VAULT_CACERT to the file of the authority that signed it"
    elif "certificate required" in words or "bad certificate" in words:
        why = "it wants a client certificate, or another one"
        do = "set VAULT_CLIENT_CERT and VAULT_CLIENT_KEY"
    return VaultUnreachableError(f"no TLS connection to {where}", why=why, do=do)


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """The fault and all it wraps: urllib3 nests them in args, reason and cause."""
    waiting, seen = [fault], set[int]()
    while waiting and len(seen) < 20:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        nested = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting += [entry for entry in nested if isinstance(entry, BaseException)]


def _never_connected(fault: Exception) -> bool:
    refused = (UnreachedError, ConnectionRefusedError, FileNotFoundError)
    return any(isinstance(cause, refused) for cause in _causes(fault))


def _reason(fault: Exception) -> str:
    """The innermost reason in the system's own words, without addresses of objects."""
    for cause in reversed(list(_causes(fault))):
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, TimeoutError):
            return "it took too long to connect"
    return "the connection was closed before an answer came"
