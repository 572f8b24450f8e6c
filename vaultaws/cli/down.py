"""`vaultaws down`: end what `up` started, and nothing else."""

from __future__ import annotations

import os

import click

from vaultaws.cli import output


@click.command(epilog="\b\nExample:\n  vaultaws down")
def command() -> None:
    """Take the local stack down. What `up` did not start is left alone."""
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import down

    with output.Progress("taking the stack down") as progress:
        ended = down(Directories.of(os.environ), lambda what, _: progress.update(what))
    output.say("· the stack is down" if ended else "· nothing was running")
