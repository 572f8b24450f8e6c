"""`vaultaws terraform export`: a declared file → Terraform."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import (
    ServerFlags,
    file_option,
    json_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_administration
from vaultaws.config.load import load
from vaultaws.config.schema import Config
from vaultaws.errors import UsageError, visible

if TYPE_CHECKING:
    from vaultaws.infra.export import Exported
    from vaultaws.vault.administration import Administration

LEFT_SOMETHING_OUT = 3
VERSION = 1


@click.command(epilog="\b\nExample:\n  vaultaws terraform export infra -c vaultaws.toml --import")
@click.argument(
    "directory",
    metavar="[DIR]",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
)
@file_option("The declared file.")
@click.option(
    "--import",
    "imports",
    is_flag=True,
    help="Ask the server what is there, and write import blocks for it.",
)
@yes_option
@json_option
@server_options
def export(
    *,
    directory: Path,
    file: Path,
    imports: bool,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Write Terraform for a declared file into DIR, with the module that it calls.

    The same file gives the same text, as `terraform fmt` lays it out, and no secret: config/root
    stays vaultaws's. A file that was changed by hand is shown and asked about. What Terraform
    cannot say is told, with exit code 3.
    """
    from vaultaws.infra.export import export as exported_of
    from vaultaws.infra.modules import engine_files
    from vaultaws.infra.written import signed

    config = load(file)
    exported = exported_of(config, directory)
    texts = {directory / path: signed(text) for path, text in engine_files().items()}
    if imports:
        texts[directory / f"{exported.module}-imports.tf"] = signed(_imports(config, server))
    texts[directory / f"{exported.module}.tf"] = signed(exported.text)
    changed = _write(texts, f"vaultaws terraform export {directory} -c {file}", yes=yes)
    if as_json:
        output.as_json(_document(config, directory, changed, exported))
    else:
        _tell(config, directory, changed)
    for each in exported.left_out:
        output.say(visible(f"· left out: {each.key}: {each.why}"))
    return LEFT_SOMETHING_OUT if exported.left_out else 0


def _imports(config: Config, server: ServerFlags) -> str:
    from vaultaws.infra.imports import import_blocks
    from vaultaws.plan.planner import make_plan

    vault, _ = open_administration(server)
    with output.Progress(f"reading {config.mount.path}/"):
        observed = make_plan(vault, config).observed
        groups = [group.name for group in observed.identity.groups]
        return import_blocks(config, observed, _ids(vault, groups))


def _ids(vault: Administration, groups: list[str]) -> dict[str, tuple[str, str]]:
    """The ids of groups and of their aliases."""
    found: dict[str, tuple[str, str]] = {}
    for name in groups:
        data = (vault.read(f"identity/group/name/{name}") or {}).get("data") or {}
        if data:
            alias = data.get("alias") or {}
            found[name.lower()] = (str(data["id"]), str(alias.get("id") or ""))
    return found


def _write(texts: dict[Path, str], again: str, *, yes: bool) -> list[Path]:
    """Write what differs, after a question where a person has changed a file; return the files."""
    from vaultaws.infra.written import is_untouched
    from vaultaws.plan.adopt_write import write_all

    old = {path: path.read_bytes() if path.exists() else None for path in texts}
    changed = [path for path, text in texts.items() if old[path] != text.encode()]
    touched = [
        path
        for path in changed
        if (there := old[path]) is not None and not is_untouched(there.decode(errors="replace"))
    ]
    for path in touched:
        output.say(_difference(path, old[path] or b"", texts[path]))
    if touched:
        _demand_yes(touched, again, yes=yes)
    write_all({path: texts[path].encode() for path in changed}, old)
    return changed


def _demand_yes(touched: list[Path], again: str, *, yes: bool) -> None:
    named = ", ".join(map(str, touched))
    try:
        demand_somebody(f"{again} --yes", yes=yes)
    except UsageError as error:
        raise UsageError(
            f"{named} was changed by hand, or was not written by an export",
            why="the change would be lost; nothing was written",
            do=error.do,
        ) from error
    confirm(f"Write over {named}?", yes=yes)


def _difference(path: Path, old: bytes, new: str) -> str:
    before = old.decode(errors="replace").splitlines()
    lines = difflib.unified_diff(before, new.splitlines(), str(path), str(path), lineterm="")
    return "\n".join(visible(line) for line in lines)


def _tell(config: Config, directory: Path, changed: list[Path]) -> None:
    for path in changed:
        output.result(visible(str(path)))
    if not changed:
        output.say(f"{directory} says all of {config.file} already; nothing was written")
        return
    if config.root is not None:
        output.say("· config/root is not Terraform's: vaultaws apply writes it, with the key")
    output.hint(f"next: vaultaws terraform init {directory}")


def _document(
    config: Config, directory: Path, changed: list[Path], exported: Exported
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "file": str(config.file),
        "mount": config.mount.path,
        "directory": str(directory),
        "module": exported.module,
        "written": [str(path) for path in changed],
        "left_out": [{"key": each.key, "why": each.why} for each in exported.left_out],
    }
