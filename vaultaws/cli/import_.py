"""`vaultaws import`: a live mount → vaultaws.toml and policies/*.json."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.newfiles import Files, ask
from vaultaws.cli.options import DEFAULT_FILE, ServerFlags, json_option, server_options, yes_option
from vaultaws.cli.wiring import open_administration
from vaultaws.config import files
from vaultaws.config.load import load
from vaultaws.config.policies import MAX_BYTES
from vaultaws.config.schema import Config, Mount
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.plan.adopt import Adoption
    from vaultaws.plan.adopt_observe import Found

LEFT_SOMETHING_OUT = 3


@click.command("import", epilog="\b\nExample:\n  vaultaws import --mount aws -c vaultaws.toml")
@click.argument(
    "named",
    metavar="[DIR]",
    required=False,
    type=click.Path(path_type=Path, file_okay=False),
)
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help=f"The declared file, or its directory.  [default: {DEFAULT_FILE}]",
)
@click.option(
    "--mount",
    help="Where the AWS engine is mounted.  [default: the file's, VAULTAWS_MOUNT, aws]",
)
@click.option("--audit", is_flag=True, help="Audit devices too: they are the whole server's.")
@yes_option
@json_option
@server_options
def command(
    *,
    named: Path | None,
    config_file: Path | None,
    mount: str | None,
    audit: bool,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Write vaultaws.toml and policies/*.json from a live mount; plan is empty afterwards.

    A file that is there is brought up to date in place: comments, order and spelling stay. What
    would change is shown first. What the file cannot say is told, with exit code 3.
    """
    from vaultaws.plan.adopt_observe import observe_mount

    file = _file(named, config_file)
    present = load(file) if file.exists() else None
    path = mount or os.environ.get("VAULTAWS_MOUNT") or "aws"
    config = present or Config(file, Mount(path=path.strip("/")))
    _demand_same_mount(config, mount)
    vault, _ = open_administration(server)
    with output.Progress(f"reading {config.mount.path}/"):
        found = observe_mount(vault, config, audit=audit)
    adoption = _adopt(found, file, present, audit=audit)
    written = _files(file, adoption)
    ask(written, f"vaultaws import -c {file}", yes=yes)
    if written.changed:
        from vaultaws.plan.adopt_write import write_all

        write_all({path: written.new[path] for path in written.changed}, written.old)
    left_out = _left_out(found, adoption)
    if as_json:
        output.as_json(_document(config, found, written, left_out))
    else:
        _tell(config, written)
    _say_rest(found, left_out)
    return LEFT_SOMETHING_OUT if left_out else 0


def _file(named: Path | None, option: Path | None) -> Path:
    if named is not None and option is not None:
        raise UsageError(
            f"both {named} and -c {option} are named",
            why="one file is written",
            do=f"vaultaws import -c {option}",
        )
    if named is not None:
        return named / DEFAULT_FILE
    path = option or Path(DEFAULT_FILE)
    return path / DEFAULT_FILE if path.is_dir() else path


def _demand_same_mount(config: Config, mount: str | None) -> None:
    if mount is not None and mount.strip("/") != config.mount.path:
        raise UsageError(
            f"{config.file} is about {config.mount.path}/, not {mount.strip('/')}/",
            why="one file, one mount; nothing was done",
            do=f"vaultaws import --mount {mount} -c FILE, with a file of its own",
        )


def _adopt(found: Found, file: Path, present: Config | None, *, audit: bool) -> Adoption:
    from vaultaws.plan.adopt import Present, adopt
    from vaultaws.plan.adopt_policies import FOLDER

    there = dict(_there(file.parent / FOLDER, FOLDER))
    links = () if present is None else tuple(_links(present))
    return adopt(
        found.observed,
        file,
        present=Present(present, links) if present is not None else None,
        there=there,
        audit=audit,
    )


def _there(folder: Path, name: str) -> Iterator[tuple[str, str | None]]:
    """What is in the folder of policies, by path as the file names it."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        raw = files.read(path, MAX_BYTES)
        text = files.text(raw) if isinstance(raw, bytes) else None
        yield f"{name}/{path.name}", text if isinstance(text, str) else None


def _links(config: Config) -> Iterator[str]:
    """Policy files that are links, as the file names them: below its directory, or whole."""
    folder = config.file.parent
    for _, path in config.policy_files:
        if path.is_symlink() or path.parent.is_symlink():
            named = path.relative_to(folder) if path.is_relative_to(folder) else path
            yield named.as_posix()


def _files(file: Path, adoption: Adoption) -> Files:
    """Policies first: a declared file never names one that is not yet there."""
    new = {file.parent / path: text.encode() for path, text in adoption.policies.items()}
    new[file] = adoption.toml.encode()
    return Files(new, {path: path.read_bytes() if path.exists() else None for path in new})


def _left_out(found: Found, adoption: Adoption) -> list[dict[str, str]]:
    unsaid = [("roles", name, why) for name, why in sorted(found.unsaid.items())]
    said = [(each.kind, each.name, each.why) for each in adoption.left_out]
    return [{"table": kind, "name": name, "why": why} for kind, name, why in (*unsaid, *said)]


def _tell(config: Config, written: Files) -> None:
    for path in written.changed:
        output.result(str(path))
    if not written.changed:
        output.say(f"{config.file} says all of {config.mount.path}/ already; nothing was written")
    elif written.changed:
        output.hint(f"next: vaultaws plan -c {config.file}")


def _say_rest(found: Found, left_out: list[dict[str, str]]) -> None:
    for each in left_out:
        output.say(f"left out: [{each['table']}.{each['name']}]: {each['why']}")
    for sentence in found.observed.unseen:
        output.say(f"not seen: {sentence}")
    for other in found.others:
        paths = ", ".join(other.paths)
        output.say(f"may issue too: holders of the ACL policy {other.policy} ({paths})")


def _document(
    config: Config, found: Found, written: Files, left_out: list[dict[str, str]]
) -> dict[str, Any]:
    seen = found.observed
    return {
        "version": 1,
        "file": str(config.file),
        "mount": config.mount.path,
        "server": {
            "address": seen.address,
            "product": seen.product.value,
            "version": seen.version,
        },
        "written": [str(path) for path in written.changed],
        "left_out": left_out,
        "others": [{"policy": each.policy, "paths": list(each.paths)} for each in found.others],
        "unseen": list(seen.unseen),
    }
