"""Adapters wired together: the server's door, the journal, the AWS side."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli.options import ServerFlags
from vaultaws.errors import UsageError
from vaultaws.vault.administration import Administration
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.leases.journal import Journal
    from vaultaws.root.journal import Journal as Rotations
    from vaultaws.vault.connection import ConnectionSettings


def home() -> Path | None:
    """The home directory, or None where there is none."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def settings(flags: ServerFlags) -> ConnectionSettings:
    """Settle where the server is, from flags, environment and files."""
    from vaultaws.vault.connection import ConnectionFlags, resolve

    return resolve(
        ConnectionFlags(
            address=flags.address,
            agent_address=flags.agent_address,
            namespace=flags.namespace,
            ca_file=flags.ca_cert,
            ca_path=flags.ca_path,
            client_cert=flags.client_cert,
            client_key=flags.client_key,
            tls_server_name=flags.tls_server_name,
            skip_verify=flags.tls_skip_verify,
        ),
        os.environ,
        home(),
    )


def open_vault(flags: ServerFlags) -> Vault:
    """Open the server that flags and environment name, with the token found there."""
    from vaultaws.vault.gateway import HvacVault

    return HvacVault(settings(flags))


def open_administration(flags: ServerFlags) -> tuple[Administration, str]:
    """Open the server as its operators use it, and say in which namespace."""
    from vaultaws.vault.gateway import HvacVault

    found = settings(flags)
    return HvacVault(found), found.namespace


def open_journal() -> Journal:
    """Open the journal of issuances in the person's state directory."""
    from vaultaws.clock import SystemClock
    from vaultaws.leases.journal import Journal, default_directory

    return Journal(default_directory(os.environ), SystemClock())


def open_rotations(address: str, namespace: str, mount: str) -> Rotations:
    """Open the record of rotations at one mount, in the person's state directory."""
    from vaultaws.clock import SystemClock
    from vaultaws.leases.target import Target
    from vaultaws.root.journal import Journal as Rotations
    from vaultaws.root.journal import default_directory

    target = Target(address, namespace, mount)
    return Rotations(default_directory(os.environ), target, SystemClock())


def demand_somebody(command: str, *, yes: bool) -> None:
    """Refuse early where a yes is needed and nobody is there to give it."""
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            "this needs a yes, and nobody is there to ask",
            why="standard input is not a terminal; nothing was done",
            do=f"{command} --yes",
        )


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal unless told yes. Raises UsageError when the answer is no."""
    if not yes and not click.confirm(question, err=True):
        raise UsageError(
            "nothing was done", why="you did not say yes", do="run it again when you want it"
        )
