"""`vaultaws terraform plan` and `apply`: what Terraform would change, and changing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options, yes_option
from vaultaws.cli.terraform_failed import failure
from vaultaws.cli.terraform_wiring import (
    CHANGED,
    RunFlags,
    directory_argument,
    known_secrets,
    opened,
    passed_on,
    plain_options,
    run_options,
)
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.errors import FindingsError, UsageError, VaultNotFoundError, VaultRefusedError

if TYPE_CHECKING:
    from vaultaws.infra.planned import Planned
    from vaultaws.infra.terraform import Terraform
    from vaultaws.vault.connection import ConnectionSettings
    from vaultaws.vault.protocol import Vault

FOUND_CHANGES = 3


@click.command(epilog="\b\nExample:\n  vaultaws terraform plan infra --detailed-exitcode")
@directory_argument
@run_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when there are changes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan for apply --plan, for its owner alone.",
)
@json_option
@server_options
def plan(
    *,
    directory: Path,
    flags: RunFlags,
    detailed_exitcode: bool,
    out: Path | None,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Show what Terraform would change. Nothing is written.

    With --json Terraform's own words go to stderr.
    """
    with opened(directory, flags.workspace, server) as (terraform, found), _file(out) as file:
        changed = _make(terraform, found, directory, flags, file, quiet=as_json)
        planned = _read(terraform, directory, found, file)
        _warn(planned)
    if as_json:
        from vaultaws.infra.planned import document

        output.as_json(document(planned, str(directory), _workspace(flags, terraform)))
    if out is not None:
        output.hint(f"saved as {out}; to carry it out: vaultaws terraform apply --plan {out}")
    return FOUND_CHANGES if detailed_exitcode and changed else 0


@click.command(epilog="\b\nExample:\n  vaultaws terraform apply infra --yes")
@directory_argument
@run_options
@click.option(
    "--plan",
    "saved",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Carry out this plan and no other.",
)
@yes_option
@server_options
def apply(
    *,
    directory: Path,
    flags: RunFlags,
    saved: Path | None,
    yes: bool,
    server: ServerFlags,
) -> int:
    """Show what Terraform would change, ask, and change it.

    It refuses to write config/root of a mount that holds a key, a plan with a key in it, and to
    delete and write one role in one run.
    """
    if saved is not None and (flags.variables or flags.variable_files):
        raise UsageError(
            "a saved plan takes no variables",
            why="it has the values that it was made with",
            do=f"vaultaws terraform apply --plan {saved}",
        )
    demand_somebody(f"vaultaws terraform apply {directory} --yes", yes=yes)
    with opened(directory, flags.workspace, server) as (terraform, found), _file(saved) as file:
        if saved is None and not _make(terraform, found, directory, flags, file):
            return 0
        planned = _read(terraform, directory, found, file)
        _refuse(planned, found)
        if saved is not None:
            terraform.live("show", str(file.absolute()), **plain_options())
        confirm(_question(planned), yes=yes)
        options = {"input": False, "lock_timeout": flags.lock_timeout or None, **plain_options()}
        if terraform.live("apply", str(file.absolute()), **options) != 0:
            raise failure("apply", directory, terraform.words, found)
    return 0


@contextmanager
def _file(named: Path | None) -> Iterator[Path]:
    """Where the plan is: in the file that was named, else in one that goes with the run."""
    from vaultaws.infra.terraform import private_file

    if named is not None:
        yield named
        return
    with private_file("plan") as file:
        yield file


def _make(
    terraform: Terraform,
    found: ConnectionSettings,
    directory: Path,
    flags: RunFlags,
    file: Path,
    *,
    quiet: bool = False,
) -> bool:
    """Have Terraform plan into `file`; True when there are changes."""
    from python_terraform import IsFlagged

    from vaultaws.infra.terraform import STDERR

    file.touch(0o600)
    file.chmod(0o600)
    code = terraform.live(
        "plan",
        stdout=STDERR if quiet else None,
        out=str(file.absolute()),
        detailed_exitcode=IsFlagged,
        input=False,
        **passed_on(flags),
        **plain_options(),
    )
    if code not in (0, CHANGED):
        raise failure("plan", directory, terraform.words, found)
    return code == CHANGED


def _read(terraform: Terraform, directory: Path, found: ConnectionSettings, file: Path) -> Planned:
    """The plan as it was made, after a look for keys in it: with one it goes, and FindingsError is
    raised."""
    from python_terraform import IsFlagged

    from vaultaws.infra.planned import read_plan
    from vaultaws.infra.search import key_in_plan

    code, said = terraform.answer("show", str(file.absolute()), json=IsFlagged)
    if code != 0:
        raise UsageError(
            f"{file} cannot be read as a plan of {directory}",
            why="Terraform's words are above; nothing was done",
            do=f"make it anew: vaultaws terraform plan {directory} --out {file}",
        )
    planned = read_plan(said)
    if seen := key_in_plan(said, known_secrets(found.token)):
        file.unlink(missing_ok=True)
        raise FindingsError(
            f"Terraform's plan holds {seen[1]}, in {seen[0]}",
            why="its state would keep it for all who may read it; nothing was done",
            do="take it out of the configuration; the engine's own key is set by vaultaws apply",
        )
    return planned


def _warn(planned: Planned) -> None:
    from vaultaws.infra.guard import moved_paths, roots_written

    for mount in roots_written(planned):
        output.say(f"· apply would write {mount}/config/root, and refuses where it holds a key")
    for path in moved_paths(planned):
        output.say(f"· apply refuses: {path} is written by one resource and deleted by another")


def _refuse(planned: Planned, found: ConnectionSettings) -> None:
    from vaultaws.infra.guard import refuse_lost_keys, refuse_moved, roots_written
    from vaultaws.vault.gateway import HvacVault

    refuse_moved(planned)
    mounts = roots_written(planned)
    vault = HvacVault(found)
    refuse_lost_keys(mount for mount in mounts if _has_key(vault, mount))


def _has_key(vault: Vault, mount: str) -> bool:
    try:
        root = vault.read_root(mount)
    except (VaultNotFoundError, VaultRefusedError):  # no engine there yet
        return False
    return root is not None and bool(root.access_key_id)


def _question(planned: Planned) -> str:
    counts = [(planned.imports, "to import")] if planned.imports else []
    counts += [
        (planned.count(action), words)
        for action, words in (
            ("create", "to add"),
            ("update", "to change"),
            ("delete", "to destroy"),
        )
    ]
    return f"Apply this plan ({', '.join(f'{count} {words}' for count, words in counts)})?"


def _workspace(flags: RunFlags, terraform: Terraform) -> str:
    """The workspace that was used: said here, in the environment, or selected in the directory."""
    if named := flags.workspace or terraform.environ.get("TF_WORKSPACE", ""):
        return named
    try:
        return (terraform.directory / ".terraform" / "environment").read_text("utf-8").strip()
    except OSError:
        return "default"
