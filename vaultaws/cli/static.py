"""`vaultaws static`: IAM users whose key the engine replaces."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    ServerFlags,
    json_option,
    mount_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_administration, open_rotations
from vaultaws.errors import AwsError
from vaultaws.vault.administration import Administration

if TYPE_CHECKING:
    from vaultaws.root.journal import Unfinished
    from vaultaws.root.side import AwsSide
    from vaultaws.root.static import StaticKey


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
    roles; there the names come from the file, -c or ./vaultaws.toml. The keys of the users come
    from IAM, with your own AWS credentials.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.root import static_show
    from vaultaws.root.side import open_side
    from vaultaws.root.static import look

    vault, namespace = open_administration(server)
    names, mount = names_and_mount(vault, file, mount)
    with output.Progress("asking Vault and IAM"):
        facts = look(vault, mount, names, open_side(), SystemClock())
    unfinished = unfinished_at(vault, namespace, mount)
    if as_json:
        output.as_json(static_show.list_document(facts, unfinished))
    else:
        output.result(static_show.listing(facts, unfinished))


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
    """Which static roles are meant: those of the file, else all of the mount.

    Where the server cannot list them, ./vaultaws.toml tells them if it is of this mount.
    """
    from vaultaws.config.load import load
    from vaultaws.root.static import names_of
    from vaultaws.vault.abilities import lists_static_roles

    health, declared = vault.health(), None
    if file is not None:
        config = load(Path(file))
        mount, declared = config.mount.path, [role.name for role in config.static_roles]
    elif not lists_static_roles(health) and evidence.DEFAULT_FILE.is_file():
        config = load(evidence.DEFAULT_FILE)
        if config.mount.path == mount:
            declared = [role.name for role in config.static_roles]
    return names_of(vault, mount, health, declared), mount


@command.command("rotate", epilog="\b\nExample:\n  vaultaws static rotate legacy-app --yes")
@click.argument("name")
@audit_log_option
@mount_option
@yes_option
@json_option
@server_options
def rotate_static(
    *,
    name: str,
    audit_log: str | None,
    mount: str,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> None:
    """Replace the key of the static role NAME now. Its secret is never shown.

    The engine deletes the old key at once: its holders are named first, from Vault's audit log,
    and are refused until they read the new one. A run that was stopped goes on where it stopped.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.root import static_show
    from vaultaws.root.journal import Kind
    from vaultaws.root.side import open_side
    from vaultaws.root.static import StaticKey
    from vaultaws.root.static_rotate import StaticRotator, is_down, role_of

    demand_somebody(f"vaultaws static rotate {name}", yes=yes)
    vault, namespace = open_administration(server)
    side, clock = open_side(), SystemClock()
    journal = open_rotations(vault.address, namespace, mount)
    left = journal.unfinished(Kind.STATIC, name)
    begun = left.operation if left is not None and is_down(vault, mount, left.operation) else None
    now = clock.now()
    if left is not None and begun is not None:
        output.say(f"note:  {static_show.unfinished_line(left, now)}")
        found = StaticKey(role_of(begun), begun.detail("old_key"))
    else:
        found = looked_at(vault, mount, name, side)
        readers = readers_of(audit_log, namespace, mount, found, now)
        output.say(f"note:  {static_show.held_by(found, now, readers)}")
    confirm(f"Replace the key of {name} on {mount}/ ({vault.address})?", yes=yes)
    with output.Progress(f"replacing the key of {name}") as progress:
        known = None if isinstance(side, AwsError) else side
        rotator = StaticRotator(vault, known, journal, clock, progress.update)
        done = (
            rotator.rotate(mount, found.role, found.key_id)
            if begun is None
            else rotator.resume(mount, begun)
        )
    if as_json:
        output.as_json(static_show.rotation_document(done))
    else:
        output.result(static_show.rotation_text(done, clock.now()))
    if done.trouble is not None:
        raise done.trouble


def looked_at(vault: Administration, mount: str, name: str, side: AwsSide | AwsError) -> StaticKey:
    """Look at all that could stop the rotation, before anybody is asked."""
    from vaultaws.clock import SystemClock
    from vaultaws.root.allowed import check_static
    from vaultaws.root.facts import Roles, observe
    from vaultaws.root.static import check_rights, look_at_one

    clock = SystemClock()
    with output.Progress("asking Vault and IAM"):
        (found,) = look_at_one(vault, mount, name, side, clock).roles
        check_static(vault, mount, name)
        facts = observe(vault, mount, side, clock, Roles(static_roles=(found.role,)))
        check_rights(found.role, facts)
    return found


def readers_of(
    said: str | None, namespace: str, mount: str, found: StaticKey, now: datetime
) -> dict[str, datetime] | None:
    """Who read the key that is in use before now, by the audit log; None when no log was named."""
    from vaultaws.trail import audit, staticreads

    log = evidence.audit_log_path(said)
    if log is None:
        return None
    path = f"{mount}/static-creds/{found.role.name}"
    since = found.rotated_at
    readers = staticreads.readers(audit.rotated(log), path, since, namespace=namespace)
    return {name: moment for name, moment in readers.items() if moment < now}


def unfinished_at(vault: Administration, namespace: str, mount: str) -> tuple[Unfinished, ...]:
    """Rotations of static roles on the mount that have not come to their end."""
    from vaultaws.root.journal import Kind

    found = open_rotations(vault.address, namespace, mount).all_unfinished()
    return tuple(each for each in found if each.operation.kind is Kind.STATIC)
