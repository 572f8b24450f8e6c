"""`vaultaws static`: IAM users whose key the engine replaces."""

from __future__ import annotations

from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.cli.wiring import open_administration
from vaultaws.vault.administration import Administration


@click.group(epilog="\b\nExample:\n  vaultaws static list")
def command() -> None:
    """List, show and rotate static roles."""


@command.command("list", epilog="\b\nExample:\n  vaultaws static list --mount aws")
@click.option(
    "-c",
    "--config",
    "file",
    type=click.Path(),
    help="Take the mount and the names from this declared file.",
)
@mount_option
@json_option
@server_options
def list_static(*, file: str | None, mount: str, as_json: bool, server: ServerFlags) -> None:
    """List static roles: user, key in use, last and next rotation, keys of the user.

    A next rotation that does not fit the period is marked. OpenBao's engine cannot list static
    roles; there the names come from the file. The keys of the users come from IAM, with your own
    AWS credentials.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.root import static_show
    from vaultaws.root.side import open_side
    from vaultaws.root.static import look

    vault = open_administration(server)[0]
    names, mount = names_and_mount(vault, file, mount)
    with output.Progress("asking Vault and IAM"):
        facts = look(vault, mount, names, open_side(), SystemClock())
    if as_json:
        output.as_json(static_show.list_document(facts))
    else:
        output.result(static_show.listing(facts))


@command.command("show", epilog="\b\nExample:\n  vaultaws static show legacy-app")
@click.argument("name")
@mount_option
@json_option
@server_options
def show_static(*, name: str, mount: str, as_json: bool, server: ServerFlags) -> None:
    """Show the static role NAME: its user, its key and the times of its rotation."""
    from vaultaws.clock import SystemClock
    from vaultaws.root import static_show
    from vaultaws.root.side import open_side
    from vaultaws.root.static import look_at_one

    with output.Progress("asking Vault and IAM"):
        facts = look_at_one(open_administration(server)[0], mount, name, open_side(), SystemClock())
    if as_json:
        output.as_json(static_show.one_document(facts))
    else:
        output.result(static_show.one(facts))


def names_and_mount(vault: Administration, file: str | None, mount: str) -> tuple[list[str], str]:
    """Which static roles are meant: those of the file, else all of the mount."""
    from vaultaws.config.load import load
    from vaultaws.root.static import names_of

    declared = None
    if file is not None:
        config = load(Path(file))
        mount, declared = config.mount.path, [role.name for role in config.static_roles]
    return names_of(vault, mount, vault.health(), declared), mount
