"""Which server the plain settings mean, and whose token: the short way of `vault.connection`.

The order of flags and variables is the one there. Settings that change nothing of a hit (TLS,
retries, proxies) are looked at all the same, so that a wrong one is told by the long way at once
and not only when the set has run out. Light: a hit of the cache imports it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ADDRESS = "https://127.0.0.1:8200"
_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_BOOLEANS |= frozenset(("0", "f", "F", "FALSE", "false", "False"))
_PATHS = (
    ("--ca-cert", "CACERT"),
    ("--ca-path", "CAPATH"),
    ("--client-cert", "CLIENT_CERT"),
    ("--client-key", "CLIENT_KEY"),
)
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_OWN_PROXIES = ("PROXY_ADDR", "HTTP_PROXY")
_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_LARGEST_PORT = 65_535
_LONGEST_TOKEN = 65_536


class Server:
    """Where a question would go, and with whose token."""

    __slots__ = ("address", "namespace", "token")

    def __init__(self, address: str, namespace: str, token: str) -> None:
        self.address = address
        self.namespace = namespace
        self.token = token


def server_of(words: Mapping[str, str], environ: Mapping[str, str]) -> Server | None:
    """Return the server that plain settings mean; None when one of them is not plain."""
    address = plain_address(
        words.get("--agent-address")
        or words.get("--address")
        or _get(environ, "AGENT_ADDR")
        or _get(environ, "ADDR")
        or DEFAULT_ADDRESS
    )
    namespace = words.get("--namespace") or _get(environ, "NAMESPACE")
    token = _token(environ)
    if not address or not token or not namespace.isprintable():
        return None
    if not (_tls_is_plain(words, environ) and _rest_is_plain(environ)):
        return None
    return Server(address, namespace.strip().strip("/"), token)


def plain_address(text: str) -> str:
    """Return http(s)://HOST[:PORT] without a slash behind it, empty for any other address."""
    address = text.rstrip("/")
    scheme, _, rest = address.partition("://")
    return address if scheme in {"http", "https"} and _is_host_and_port(rest) else ""


def _is_host_and_port(text: str) -> bool:
    host, colon, port = text.partition(":")
    if not host or not _HOST.issuperset(host):
        return False
    return not colon or (_is_number(port) and int(port) <= _LARGEST_PORT)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6


def _get(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"BAO_{name}") or environ.get(f"VAULT_{name}") or ""


def _token(environ: Mapping[str, str]) -> str:
    """The environment's token, else that of ~/.vault-token; empty where a helper may have it."""
    token = _get(environ, "TOKEN") or _kept_token(environ)
    token = token.strip()
    return token if token.isascii() and token.isprintable() and " " not in token else ""


def _kept_token(environ: Mapping[str, str]) -> str:
    home = environ.get("HOME", "")
    settings = os.path.join(home, ".vault")
    if _get(environ, "CONFIG_PATH") or not os.path.isabs(home):
        return ""
    if os.path.lexists(settings) and not os.path.isdir(settings):
        return ""
    try:
        with open(os.path.join(home, ".vault-token"), encoding="utf-8") as file:
            token = file.read(_LONGEST_TOKEN)
    except (OSError, ValueError):
        return ""
    return token if len(token) < _LONGEST_TOKEN else ""


def _tls_is_plain(words: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    paths = {name: words.get(flag) or _get(environ, name) for flag, name in _PATHS}
    if bool(paths["CLIENT_CERT"]) != bool(paths["CLIENT_KEY"]):
        return False
    skip = _get(environ, "SKIP_VERIFY")
    return all(os.access(path, os.R_OK) for path in paths.values() if path) and (
        not skip or skip in _BOOLEANS
    )


def _rest_is_plain(environ: Mapping[str, str]) -> bool:
    seconds, retries = _get(environ, "CLIENT_TIMEOUT"), _get(environ, "MAX_RETRIES")
    proxies = [environ.get(name, "") for name in _PROXIES]
    proxies += [_get(environ, name) for name in _OWN_PROXIES]
    return (
        (not seconds or _is_number(seconds.removesuffix("s")))
        and (not retries or (_is_number(retries) and int(retries) <= 100))
        and all(map(_is_plain_proxy, filter(None, proxies)))
    )


def _is_plain_proxy(text: str) -> bool:
    scheme, found, rest = text.rpartition("://")
    return (not found or scheme in {"http", "https"}) and _is_host_and_port(rest.rstrip("/"))
