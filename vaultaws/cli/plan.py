"""`vaultaws plan`: what apply would change. Reads only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import handler, output
from vaultaws.cli.options import ServerFlags, files_options, json_option, server_options
from vaultaws.cli.wiring import open_administration
from vaultaws.config.load import load, load_all
from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError, UsageError, VaultawsError

if TYPE_CHECKING:
    from vaultaws.plan.changes import Plan

FOUND_CHANGES = 3
BEST_TO_WORST = (0, FOUND_CHANGES, 1, 2)


@click.command(epilog="\b\nExample:\n  vaultaws plan accounts/*.toml --detailed-exitcode")
@files_options
@click.option("--prune", is_flag=True, help="Remove roles that the file does not declare.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when there are changes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save which plan this is, for apply --plan; no secret is in it.",
)
@json_option
@server_options
def command(
    *,
    files: tuple[Path, ...],
    prune: bool,
    detailed_exitcode: bool,
    out: Path | None,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Show what apply would change on the server. Nothing is written.

    Several files are planned side by side; one that fails does not hide the others.
    """
    if out is not None and len(files) > 1:
        raise UsageError(
            f"--out {out} takes the plan of one file, and {len(files)} are named",
            why="apply --plan carries out one plan of one file",
            do="plan file by file, each with an --out of its own",
        )
    with output.Progress("planning"):
        outcomes = _side_by_side(files, server, prune=prune)
    if len(outcomes) == 1 and isinstance(outcomes[0], VaultawsError):
        raise outcomes[0]
    _show(files, outcomes, as_json=as_json)
    _mention(outcomes, server)
    if out is not None and not isinstance(outcomes[0], VaultawsError):
        _save(outcomes[0], out, server)
    return max(
        (_code(outcome, detailed=detailed_exitcode) for outcome in outcomes),
        key=BEST_TO_WORST.index,
    )


def _side_by_side(
    files: Sequence[Path], server: ServerFlags, *, prune: bool
) -> list[Plan | VaultawsError]:
    """Each file's plan, or why there is none, in the order of the files."""
    from vaultaws.vault.bulk import ask_all

    def one(config: Config | VaultawsError) -> Plan | VaultawsError:
        return config if isinstance(config, VaultawsError) else _plan(config, server, prune=prune)

    return ask_all(one, _load(files))


def _load(files: Sequence[Path]) -> Sequence[Config | VaultawsError]:
    """The files, or the faults of each. Raises ConfigError for what is wrong between them."""
    try:
        return load_all(files)
    except ConfigError:
        outcomes = [_load_one(file) for file in files]
        if len(files) == 1 or not any(isinstance(one, VaultawsError) for one in outcomes):
            raise
        return outcomes


def _load_one(file: Path) -> Config | VaultawsError:
    try:
        return load(file)
    except ConfigError as error:
        return error


def _plan(config: Config, server: ServerFlags, *, prune: bool) -> Plan | VaultawsError:
    from vaultaws.plan.planner import make_plan

    try:
        vault, _ = open_administration(server)
        return make_plan(vault, config, prune=prune)
    except VaultawsError as error:
        return error


def _show(
    files: Sequence[Path], outcomes: Sequence[Plan | VaultawsError], *, as_json: bool
) -> None:
    from vaultaws.plan import show
    from vaultaws.plan.document import document, documents

    for outcome in outcomes:
        if isinstance(outcome, VaultawsError):
            handler.report(outcome)
        elif not as_json:
            output.result(show.body(outcome, colour=output.colours(sys.stdout)) + "\n")
    plans = [outcome for outcome in outcomes if not isinstance(outcome, VaultawsError)]
    if not as_json:
        output.result(show.summary(plans, failed=len(outcomes) - len(plans)))
    elif len(outcomes) == 1:
        output.as_json(document(plans[0]))
    else:
        failed = [
            (str(file), outcome)
            for file, outcome in zip(files, outcomes, strict=True)
            if isinstance(outcome, VaultawsError)
        ]
        output.as_json(documents([document(plan) for plan in plans], failed))


def _mention(outcomes: Sequence[Plan | VaultawsError], server: ServerFlags) -> None:
    from vaultaws.cli.linted import mention_findings
    from vaultaws.cli.unfinished import mention_unfinished

    _, namespace = open_administration(server)
    for outcome in outcomes:
        if not isinstance(outcome, VaultawsError):
            mount = outcome.config.mount.path
            mention_unfinished(outcome.observed.address, namespace, mount)
            mention_findings(outcome.config)


def _save(plan: Plan, out: Path, server: ServerFlags) -> None:
    from vaultaws.plan.saved import SavedPlan, encode

    _, namespace = open_administration(server)
    saved = SavedPlan(
        file=str(plan.config.file),
        address=plan.observed.address,
        namespace=namespace,
        mount=plan.config.mount.path,
        fingerprint=plan.fingerprint,
        prune=plan.prune,
    )
    out.touch(0o600)
    out.chmod(0o600)
    out.write_text(encode(saved), encoding="utf-8")
    output.hint(f"saved as {out}; to carry it out: vaultaws apply --plan {out}")


def _code(outcome: Plan | VaultawsError, *, detailed: bool) -> int:
    if isinstance(outcome, VaultawsError):
        return outcome.exit_code
    return FOUND_CHANGES if detailed and outcome.to_write else 0
