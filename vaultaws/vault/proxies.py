"""Which proxy, if any, a request goes through (Go's net/http rules, which both CLIs follow)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from vaultaws.errors import UsageError

_PORTS: Final = {"http": 80, "https": 443}


def choose_proxy(address: str, own: tuple[str, str], environ: Mapping[str, str]) -> str:
    """Return the proxy's URL for `address`, empty for none.

    `own` is Vault's proxy setting and the variable it came from: it beats HTTP(S)_PROXY and
    NO_PROXY. A unix socket and the machine itself are never reached through a general proxy.
    """
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return ""
    if own[0]:
        return _checked(*own)
    host = parts.hostname or ""
    for name in (f"{parts.scheme}_proxy", f"{parts.scheme.upper()}_PROXY"):
        if environ.get(name):
            port = parts.port or _PORTS.get(parts.scheme)
            return "" if _bypassed(host, port, environ) else _checked(environ[name], name)
    return ""


def _checked(url: str, source: str) -> str:
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        parts.port  # noqa: B018  (reading it is the check: urllib raises on a bad port)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"the proxy in {source} cannot be used",
            why="it is not an http:// or https:// URL with a host",
            do=f"set {source} to something like http://proxy.example.com:3128, or unset it",
        )
    return text


def _bypassed(host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    if host == "localhost" or _is_loopback(host):
        return True
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    entries = (entry.strip().lower() for entry in listed.split(","))
    return any(_matches(host.lower(), port, entry) for entry in entries if entry)


def _matches(host: str, port: int | None, entry: str) -> bool:
    if entry == "*":
        return True
    if _in_network(host, entry):
        return True
    name, _, wanted_port = entry.partition(":")
    if wanted_port and wanted_port != str(port):
        return False
    name = name.removeprefix("*")
    return (
        host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")
    )


def _in_network(host: str, entry: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
