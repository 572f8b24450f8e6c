"""An OpenBao as docs/production.md sets it up: its own file, TLS, storage, sealed at its start."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from tests.support import pages
from tests.support.certificates import Authority
from tests.support.waiting import until
from vaultaws.local.build import engine_binary
from vaultaws.local.ports import LOOPBACK, free_port
from vaultaws.local.processes import Machine, end, end_tagged, launch
from vaultaws.local.progress import silent
from vaultaws.local.servers.openbao import openbao_binary

PAGE: Final = "docs/production.md"
HOST: Final = "vault.example.org"


@dataclass(frozen=True)
class Hosted:
    """Where it is. `instead` are names of the page and what they are here."""

    binary: Path
    address: str
    instead: Mapping[str, str]


@contextmanager
def hosted(folder: Path, cache: Path) -> Iterator[Hosted]:
    """Start a server with the file that the page shows; it is sealed, and has never been open."""
    plugins = engine_binary(cache, silent).parent.resolve()
    server = _prepared(folder, plugins, free_port())
    text = "".join(re.findall(r"^```hcl\n(.*?)^```$", pages.read(PAGE), re.DOTALL | re.MULTILINE))
    for there, here in server.instead.items():
        text = text.replace(there, here)
    config = Path(server.instead["/etc/openbao"]) / "server.hcl"
    config.write_text(text, "utf-8")
    tag, machine = secrets.token_hex(8), Machine()
    process = launch(
        [str(server.binary), "server", f"-config={config}"],
        environ={"PATH": os.environ["PATH"], "HOME": str(folder)},
        tag=tag,
        log=folder / "server.log",
        table=machine.table,
    )
    try:
        until(lambda: _answers(server))
        yield server
    finally:
        end(process, machine)
        end_tagged(tag, machine)


def _prepared(folder: Path, plugins: Path, port: int) -> Hosted:
    """Its directories and its certificate."""
    places = {
        "/etc/openbao": folder / "etc",
        "/var/lib/openbao": folder / "lib",
        "/var/log/openbao": folder / "log",
    }
    for place in places.values():
        place.mkdir()
    tls = folder / "etc" / "tls"
    tls.mkdir()
    authority = Authority(tls)
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    authority.issue("server", names=names)
    instead = {
        f"{HOST}:8200": f"{LOOPBACK}:{port}",
        f"{HOST}:8201": f"{LOOPBACK}:{port + 1}",
        "0.0.0.0:8200": f"{LOOPBACK}:{port}",
        "0.0.0.0:8201": f"{LOOPBACK}:{port + 1}",
        "/usr/lib/openbao/plugins": str(plugins),
        **{name: str(place) for name, place in places.items()},
    }
    return Hosted(openbao_binary(), f"https://{LOOPBACK}:{port}", instead)


def _answers(server: Hosted) -> bool:
    """Whether it answers at all: 501 before it is initialised."""
    trusted = ssl.create_default_context(cafile=f"{server.instead['/etc/openbao']}/tls/ca.pem")
    try:
        with urllib.request.urlopen(f"{server.address}/v1/sys/health", context=trusted):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
