"""What the verbs of `vaultaws terraform` share: their options, Terraform, and why it failed."""

from __future__ import annotations

import json
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
    ConfigError,
    UsageError,
    VaultawsError,
    VaultDeniedError,
    VaultRefusedError,
    VaultSealedError,
    VaultUnreachableError,
    visible,
)

if TYPE_CHECKING:
    from vaultaws.infra.terraform import Terraform
    from vaultaws.vault.connection import ConnectionSettings

SO_FAR = "; what was written until then is in the state"
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
    from vaultaws.infra.scan import sights

    for value in values:
        if sights(value, known_secrets()):
            name = visible(value.partition("=")[0])
            raise UsageError(
                f"{option} {name} carries what looks like a key",
                why="others see a command line, and Terraform would keep the value in a file",
                do="leave keys to the environment: vaultaws exec ROLE -- vaultaws terraform …",
            )


def known_secrets() -> tuple[str, ...]:
    """The secrets of this environment, by which they are found wherever they stand."""
    names = ("VAULT_TOKEN", "BAO_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return tuple(value for name in names if len(value := os.environ.get(name, "")) >= 16)


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
    if os.environ.get("TF_LOG", "").upper() in {"TRACE", "DEBUG", "JSON"}:
        output.say("· TF_LOG is set: Terraform's log will hold Vault's tokens; do not keep it")


def failure(
    verb: str, directory: Path, terraform: Terraform, found: ConnectionSettings
) -> VaultawsError:
    """Why Terraform failed, as far as it can be told: the server, the lock, the configuration."""
    error = _server_fault(verb, found) or _lock(verb, directory, terraform)
    error = (
        error
        or _configuration(directory, terraform)
        or VaultRefusedError(
            f"terraform {verb} failed",
            why="its own words are above",
            do="mend what they name, and run it again" + (SO_FAR if verb == "apply" else ""),
        )
    )
    if (directory / "errored.tfstate").exists():
        error.add_note(
            "Terraform could not save its state and left it in errored.tfstate; "
            "when there is room: terraform state push errored.tfstate"
        )
    return error


def _server_fault(verb: str, found: ConnectionSettings) -> VaultawsError | None:
    from vaultaws.vault.gateway import HvacVault

    why = (
        "what Terraform wrote until then is in its state" if verb == "apply" else "nothing was done"
    )
    do = f"{{}}, then vaultaws terraform {verb} again"
    try:
        sealed = HvacVault(found).health().sealed
    except VaultUnreachableError as error:
        what = f"terraform {verb} stopped: {error.what}"
        return VaultUnreachableError(what, why=why, do=do.format("see that the server answers"))
    except VaultawsError as error:
        return error
    if not sealed:
        return None
    what = f"terraform {verb} stopped: the server at {found.address} is sealed"
    return VaultSealedError(what, why=why, do=do.format("unseal it"))


def _lock(verb: str, directory: Path, terraform: Terraform) -> VaultawsError | None:
    """Who holds a state on this disk, from the file that Terraform keeps beside it meanwhile."""
    workspace = terraform.environ.get("TF_WORKSPACE", "default")
    place = directory if workspace == "default" else directory / "terraform.tfstate.d" / workspace
    try:
        lock = json.loads((place / ".terraform.tfstate.lock.info").read_text("utf-8"))
        who, since = str(lock["Who"]), str(lock["Created"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return UsageError(
        f"terraform {verb} did not run: the state is locked",
        why=f"{who} has held it since {since}",
        do=f"wait for that run to end (vaultaws terraform {verb} --lock-timeout 5m)",
    )


def _configuration(directory: Path, terraform: Terraform) -> VaultawsError | None:
    from python_terraform import IsFlagged

    code, said = terraform.answer("validate", json=IsFlagged)
    try:
        wrong = code != 0 and not json.loads(said)["valid"]
    except (ValueError, KeyError, TypeError):
        return None
    if not wrong:
        return None
    return ConfigError(
        f"the configuration in {directory} is not valid",
        why="Terraform's words are above; nothing was done",
        do="mend it, and try vaultaws terraform plan",
    )
