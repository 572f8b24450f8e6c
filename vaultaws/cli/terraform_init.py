"""`vaultaws terraform init`: providers, modules and the backend of a directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vaultaws.cli.terraform_wiring import (
    directory_argument,
    plain_options,
    refuse_keys,
    warn_of_logs,
    workspace_option,
)
from vaultaws.errors import ConfigError


@click.command(
    epilog="\b\nExample:\n  vaultaws terraform init infra --backend-config key=team/vault"
)
@directory_argument
@click.option(
    "--backend-config",
    "backend",
    multiple=True,
    metavar="NAME=VALUE|FILE",
    help="A setting of the backend, or a file of them; never a key.",
)
@workspace_option
@click.option("--upgrade", is_flag=True, help="Take newer providers and modules where allowed.")
@click.option("--reconfigure", is_flag=True, help="Forget the backend that was set before.")
@click.option("--migrate-state", is_flag=True, help="Bring the state to another backend.")
def init(
    *,
    directory: Path,
    backend: tuple[str, ...],
    workspace: str,
    upgrade: bool,
    reconfigure: bool,
    migrate_state: bool,
) -> int:
    """Make DIR ready for plan and apply. Nothing is asked of Vault."""
    from python_terraform import IsFlagged

    from vaultaws.infra.terraform import Terraform, child_environ

    refuse_keys("--backend-config", backend)
    refuse_keys("--backend-config", tuple(_lines(backend)))
    warn_of_logs()
    terraform = Terraform(directory.absolute(), child_environ(os.environ, None, workspace))
    wanted = {"upgrade": upgrade, "reconfigure": reconfigure, "migrate_state": migrate_state}
    code = terraform.live(
        "init",
        backend_config=[_setting(each) for each in backend],
        input=sys.stdin.isatty(),
        **{name: IsFlagged for name, is_wanted in wanted.items() if is_wanted},
        **plain_options(),
    )
    if code != 0:
        raise ConfigError(
            f"{directory} could not be initialised",
            why="Terraform's words are above; nothing was asked of Vault",
            do="mend what they name, and run it again",
        )
    return 0


def _lines(backend: tuple[str, ...]) -> Iterator[str]:
    """What the files of settings say; Terraform copies it into a file of its own."""
    for file in map(Path, backend):
        if "=" not in file.name and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            yield from (f"{file}: {line.strip()}" for line in text.splitlines())


def _setting(said: str) -> str:
    """A file is named as Terraform sees it, which runs in the directory."""
    return said if "=" in said else str(Path(said).absolute())
