"""What the verbs of `vaultaws terraform` share: their options, Terraform, and why it failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import Command, ServerFlags, gathered
from vaultaws.cli.wiring import settings
from vaultaws.errors import (
    UsageError,
    VaultDeniedError,
    visible,
)

if TYPE_CHECKING:
    from vaultaws.infra.terraform import Terraform
    from vaultaws.model import Secret
    from vaultaws.vault.connection import ConnectionSettings

LEAST_LETTERS = 16
"""A shorter token ("root") is a word that stands in many places."""
CHANGED = 2
"""Terraform's exit code of `plan -detailed-exitcode` when there are changes."""


@dataclass(frozen=True)
class RunFlags:
    """What the command line said of a plan or an apply."""

    workspace: str = ""
    variables: tuple[str, ...] = ()
    variable_files: tuple[Path, ...] = ()
    lock_timeout: str = ""


directory_argument = click.argument(
    "directory",
    metavar="[DIR]",
    default=".",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
)
workspace_option = click.option(
    "--workspace", default="", help="Terraform's workspace (TF_WORKSPACE), for this run only."
)
_RUN_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    workspace_option,
    click.option(
        "--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable's value."
    ),
    click.option(
        "--var-file",
        "variable_files",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A file of variables.",
    ),
    click.option(
        "--lock-timeout", default="", metavar="SPAN", help="How long to wait for the state's lock."
    ),
)


def run_options(command: Command) -> Command:
    """Give a verb what is passed on to Terraform; the function gets one RunFlags as `flags`."""
    return gathered(command, "flags", RunFlags, _RUN_OPTIONS)


def passed_on(flags: RunFlags) -> dict[str, Any]:
    """The options as python-terraform takes them. Raises UsageError for a key among variables."""
    refuse_keys("--var", flags.variables)
    return {
        "var": list(flags.variables),
        "var_file": [str(file.absolute()) for file in flags.variable_files],
        "lock_timeout": flags.lock_timeout or None,
    }


def refuse_keys(option: str, values: tuple[str, ...]) -> None:
    """A key on a command line is seen by all of this machine, and ends in a file of Terraform's."""
    from vaultaws.infra.scan import names_secret, sights

    for value in values:
        name, _, given = value.partition("=")
        if (given and names_secret(name)) or sights(value, known_secrets()):
            raise UsageError(
                f"{option} {visible(name)} carries what looks like a key",
                why="others see a command line, and Terraform would keep the value in a file",
                do="leave keys to the environment: vaultaws exec ROLE -- vaultaws terraform …",
            )


def known_secrets(token: Secret | None = None) -> tuple[str, ...]:
    """The secrets of this environment, by which they are found wherever they stand."""
    names = ("VAULT_TOKEN", "BAO_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    values = [os.environ.get(name, "") for name in names]
    values.append(token.reveal() if token is not None else "")
    return tuple(dict.fromkeys(value for value in values if len(value) >= LEAST_LETTERS))


def plain_options() -> dict[str, Any]:
    """Colour only for a person at a terminal, and no question that a person cannot answer."""
    from python_terraform import IsFlagged

    return {} if output.colours(sys.stdout) else {"no_color": IsFlagged}


@contextmanager
def opened(
    directory: Path, workspace: str, server: ServerFlags
) -> Iterator[tuple[Terraform, ConnectionSettings]]:
    """Terraform in a directory that is initialised, with the server in its environment.

    Raises UsageError, and VaultDeniedError where there is no token.
    """
    from vaultaws.infra.terraform import Terraform, authority, child_environ

    found = settings(server)
    if found.token is None:
        raise VaultDeniedError(
            f"no token for the server at {found.address}",
            why="Terraform's Vault provider needs one, and gets it from here",
            do="vaultaws login, or set VAULT_TOKEN",
        )
    warn_of_logs()
    with authority(found) as certificate:
        environ = {**child_environ(os.environ, found, workspace), **certificate}
        terraform = Terraform(directory.absolute(), environ)
        if not terraform.is_initialised:
            raise UsageError(
                f"{directory} is not initialised",
                why="Terraform has no provider and no state there yet",
                do=f"vaultaws terraform init {directory}",
            )
        yield terraform, found


def warn_of_logs() -> None:
    """Terraform's own log has what goes to the server, tokens included."""
    for name in ("TF_LOG", "TF_LOG_PROVIDER"):
        if os.environ.get(name, "").upper() in {"TRACE", "DEBUG", "JSON"}:
            output.say(f"· {name} is set: Terraform's log will hold Vault's tokens; do not keep it")
