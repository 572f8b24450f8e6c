"""`vaultaws root`: the key of the engine itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.cli.wiring import open_vault
from vaultaws.errors import FindingsError

if TYPE_CHECKING:
    from vaultaws.root.facts import Roles


@click.group(epilog="\b\nExample:\n  vaultaws root show")
def command() -> None:
    """Show and replace the key of the engine itself."""


@command.command("show", epilog="\b\nExample:\n  vaultaws root show --mount aws")
@click.option(
    "-c",
    "--config",
    "file",
    type=click.Path(),
    help="Judge by the roles of this declared file, and take its mount.",
)
@mount_option
@json_option
@server_options
def show_root(*, file: str | None, mount: str, as_json: bool, server: ServerFlags) -> int:
    """Show the engine's key: whose it is, how old, who else holds one, and what it may do.

    What Vault keeps comes from Vault. The rest is asked of IAM with your own AWS credentials; what
    they may not see is said to be unknown. Exit 3 when something is denied that a role needs, or
    when a rotation would fail.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.root import show
    from vaultaws.root.facts import observe
    from vaultaws.root.side import open_side

    declared = None
    if file is not None:
        mount, declared = declared_roles(Path(file))
    with output.Progress("asking Vault and IAM"):
        facts = observe(open_vault(server), mount, open_side(), SystemClock(), declared)
    if as_json:
        output.as_json(show.document(facts))
    else:
        output.result(show.text(facts))
    return FindingsError.exit_code if facts.has_findings else 0


def declared_roles(file: Path) -> tuple[str, Roles]:
    """The mount and the roles that a file declares."""
    from vaultaws.config.load import load
    from vaultaws.root.facts import Roles

    config = load(file)
    return config.mount.path, Roles(config.roles, config.static_roles)
