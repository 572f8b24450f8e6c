"""`vaultaws demo`: the whole story on a local stack of its own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from vaultaws.cli import output
from vaultaws.cli.up import SERVERS


@click.command(epilog="\b\nExample:\n  vaultaws demo --server openbao")
@click.option(
    "--server", type=click.Choice(SERVERS), default="auto", show_default=True, help="Which server."
)
@click.option("--keep", is_flag=True, help="Leave the stack running when a step fails.")
def command(*, server: str, keep: bool) -> None:
    """Configure, issue, use, be denied, be found in CloudTrail, revoke, contain, prove dead.

    Each step shows the command a person would type and checks its own outcome; exit 3 when one
    does not hold. It runs on a stack of its own and takes it down.
    """
    from vaultaws.local.demo import chapters, incident
    from vaultaws.policy.ready import directory

    _prepare(server)
    with _stage(keep=keep) as scene:
        chapters.open_stage(scene, server, directory())
        scene.facts["audit_reader"] = lambda: _audit_records(scene.facts["stack"]["audit_log"])
        chapters.issue_to_ada(scene)
        chapters.use_it(scene)
        chapters.federation(scene)
        chapters.find_in_trail(scene)
        chapters.revoke(scene)
        chapters.catch_a_thief(scene)
        incident.contain(scene)
        chapters.close(scene)


def _prepare(server: str) -> None:
    """Build or fetch what the server needs, with progress shown; `up` then finds it ready."""
    from vaultaws.local.directories import Directories
    from vaultaws.local.servers.find import find_server

    with output.Progress("looking for a server") as progress:
        find_server(server, Directories.of(os.environ).cache, lambda what, _: progress.update(what))


@contextmanager
def _stage(*, keep: bool) -> Iterator[Any]:
    """A private home and state; the stack in it is taken down however the story ends."""
    from vaultaws.cli.main import run
    from vaultaws.local.demo.commands import Commands
    from vaultaws.local.demo.scene import OutcomeError, Scene, stage_environment
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import down

    private = Path(tempfile.mkdtemp(prefix="vaultaws-demo-"))
    (private / "home").mkdir()
    cache_home = Directories.of(os.environ).cache.parent
    environment = stage_environment(private, cache_home)
    scene = Scene(private, Commands(run, private), output.result, environment)
    kept = False
    try:
        yield scene
    except OutcomeError:
        kept = keep
        raise
    finally:
        if kept:
            output.say(f"· the stack is left running; its state is in {private}")
        else:
            down(Directories.of(scene.environment))
            shutil.rmtree(private, ignore_errors=True)


def _audit_records(path: str) -> list[dict[str, Any]]:
    with Path(path).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
