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

    ended = down(Directories.of(os.environ))
    output.say(f"· ended: {', '.join(ended)}" if ended else "· nothing was running")
