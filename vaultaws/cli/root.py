"""`vaultaws root`: the key of the engine itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import (
    ServerFlags,
    Span,
    json_option,
    mount_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_administration, open_rotations
from vaultaws.errors import AwsError, FindingsError

if TYPE_CHECKING:
    from vaultaws.root.facts import Roles, RootFacts
    from vaultaws.root.journal import Journal, Operation
    from vaultaws.root.ready import Ready
    from vaultaws.root.rotate import Rotation
    from vaultaws.vault.administration import Administration


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
    from vaultaws.root import show, words
    from vaultaws.root.facts import observe
    from vaultaws.root.journal import Kind
    from vaultaws.root.side import open_side

    declared = None
    if file is not None:
        mount, declared = declared_roles(Path(file))
    with output.Progress("asking Vault and IAM"):
        vault, namespace = open_administration(server)
        facts = observe(vault, mount, open_side(), SystemClock(), declared)
    unfinished = open_rotations(vault.address, namespace, mount).unfinished(Kind.ROOT)
    if as_json:
        found = words.unfinished_document(unfinished)
        output.as_json({**show.document(facts), "unfinished": found})
    else:
        output.result(show.text(facts))
        line = words.unfinished_line(unfinished, facts) if unfinished is not None else ""
        if line:
            output.result(f"note: {line}")
    return FindingsError.exit_code if facts.has_findings else 0


def declared_roles(file: Path) -> tuple[str, Roles]:
    """The mount and the roles that a file declares."""
    from vaultaws.config.load import load
    from vaultaws.root.facts import Roles

    config = load(file)
    return config.mount.path, Roles(config.roles, config.static_roles)


@command.command("rotate", epilog="\b\nExample:\n  vaultaws root rotate --mount aws --yes")
@click.option(
    "--delete-spare",
    "spare",
    default="",
    metavar="KEY",
    help="Delete this second key first (AKIA…1FD will do); refused when it was used lately.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait until AWS honours the new key.")
@click.option(
    "--timeout",
    type=Span(),
    default="2m",
    show_default=True,
    help="How long to wait for the new key.",
)
@mount_option
@yes_option
@json_option
@server_options
def rotate_root(
    *,
    spare: str,
    no_wait: bool,
    timeout: int,
    mount: str,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> None:
    """Replace the engine's key, and wait until AWS honours the new one through Vault.

    A second key of Vault's user would break it: it is looked for first, with your own AWS
    credentials. A run that was stopped goes on where it stopped. Exit 2 when something is left to
    do, 124 when AWS does not honour the new key in time; both say what state it is in.
    """
    from vaultaws.aws.sessions import own_key_id
    from vaultaws.clock import SystemClock
    from vaultaws.root.facts import observe
    from vaultaws.root.rotate import Rotator
    from vaultaws.root.side import open_side

    demand_somebody("vaultaws root rotate …", yes=yes)
    vault, namespace = open_administration(server)
    side, clock = open_side(), SystemClock()
    journal = open_rotations(vault.address, namespace, mount)
    with output.Progress("asking Vault and IAM"):
        facts = observe(vault, mount, side, clock, judged=False)
        begun = begun_before(journal, facts)
        ready = made_ready(vault, facts, spare, resuming=begun is not None, proving=not no_wait)
    for gap in facts.unknown:
        output.say(f"note:  unknown: {gap.what}: {gap.why}")
    if not isinstance(side, AwsError) and own_key_id() == ready.key_id:
        output.say("note:  your own AWS credentials are this very key: they stop working with it")
    confirm(question(ready, vault.address, begun, clock.now()), yes=yes)
    with output.Progress("replacing the key") as progress:
        rotator = Rotator(
            vault,
            None if isinstance(side, AwsError) else side,
            journal,
            clock,
            progress.update,
            None if no_wait else float(timeout),
        )
        done = rotator.resume(ready, begun) if begun is not None else rotator.rotate(ready)
    report(done, as_json=as_json)


def begun_before(journal: Journal, facts: RootFacts) -> Operation | None:
    """The rotation of a run that stopped after the key was replaced; None without one."""
    from vaultaws.root.journal import Kind
    from vaultaws.root.ready import to_resume

    found = journal.unfinished(Kind.ROOT)
    return found.operation if found is not None and to_resume(found.operation, facts) else None


def made_ready(
    vault: Administration, facts: RootFacts, spare: str, *, resuming: bool, proving: bool
) -> Ready:
    """Look at all that could stop the rotation, before anybody is asked."""
    from vaultaws.root.allowed import check_rotation, readable_roles
    from vaultaws.root.ready import ready

    roles = readable_roles(vault, facts.mount)
    prepared = ready(facts, roles, spare=spare, resuming=resuming)
    check_rotation(vault, prepared, proving=proving)
    return prepared


def question(ready: Ready, address: str, begun: Operation | None, now: datetime) -> str:
    """What a person says yes to."""
    from vaultaws.leases.words import ago, short_key

    if begun is not None:
        old = short_key(begun.detail("old_key"))
        return f"Go on with the rotation begun {ago(begun.started, now)} (delete the key {old})?"
    first = (
        f"Delete the key {short_key(ready.spare.id)} of {ready.user}, then r"
        if ready.spare
        else "R"
    )
    user = f" of {ready.user}" if ready.user else ""
    return f"{first}eplace the key {short_key(ready.key_id)}{user} on {ready.mount}/ ({address})?"


def report(done: Rotation, *, as_json: bool) -> None:
    """Print what was done. Raises what went wrong after the key was replaced."""
    from vaultaws.root import words

    if as_json:
        output.as_json(words.document(done))
    else:
        output.result(words.text(done))
    if done.trouble is not None:
        raise done.trouble
