"""`vaultaws terraform doctor`: whether a key stands in what Terraform keeps."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import json_option
from vaultaws.cli.terraform_wiring import directory_argument, known_secrets, workspace_option
from vaultaws.errors import FindingsError, StackError, visible
from vaultaws.infra.search import in_text

if TYPE_CHECKING:
    from vaultaws.infra.search import Searched
    from vaultaws.infra.terraform import Terraform

VERSION = 1


@click.command(epilog="\b\nExample:\n  vaultaws terraform doctor infra")
@directory_argument
@workspace_option
@json_option
def doctor(*, directory: Path, workspace: str, as_json: bool) -> int:
    """Look for keys in DIR's configuration, states, plans and logs, backups included.

    A state that is kept elsewhere is fetched and searched too, and saved plans are read as
    Terraform shows them. Exit 3 when something looks like a key, with its place and never the key;
    and when something could not be read.
    """
    searched = _search(directory, workspace)
    if as_json:
        output.as_json(_document(directory, searched))
    else:
        _tell(searched)
    return FindingsError.exit_code if searched.found or searched.unread else 0


def _search(directory: Path, workspace: str) -> Searched:
    from vaultaws.infra.search import search
    from vaultaws.infra.terraform import Terraform, child_environ

    known = known_secrets()
    named = (os.environ.get("TF_LOG_PATH"), os.environ.get("TF_CLI_CONFIG_FILE"))
    more = [path for each in named if each and (path := Path(each).absolute()).is_file()]
    terraform = Terraform(directory.absolute(), child_environ(os.environ, None, workspace))
    with output.Progress(f"reading {directory}"):
        searched = search(directory.absolute(), more, known)
        found, unread = list(searched.found), list(searched.unread)
        for name, words in _asked(directory, terraform, searched):
            try:
                code, said = terraform.answer(*words)
            except StackError as error:
                code, said = 1, b""
                output.say(f"· {error.what}")
            found.extend(in_text(said, name, known))
            if code != 0:
                unread.append((name, f"terraform {words[0]} failed"))
    return replace(searched, found=tuple(found), unread=tuple(unread))


def _asked(
    directory: Path, terraform: Terraform, searched: Searched
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What only Terraform can tell, and its words for it: a state elsewhere, plans as it sees them.

    The bytes of a plan have been searched; shown, its values stand behind their names too.
    """
    if kind := _backend(directory):
        yield f"the state in the {kind} backend", ("state pull",)
    if terraform.is_initialised:
        for file in searched.archives:
            yield f"{file.name} (as Terraform shows it)", ("show -json", str(file))


def _backend(directory: Path) -> str:
    """The kind of a backend that keeps the state elsewhere; empty for a state on this disk."""
    try:
        text = (directory / ".terraform" / "terraform.tfstate").read_text("utf-8")
        kind = str(json.loads(text)["backend"]["type"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return "" if kind == "local" else kind


def _tell(searched: Searched) -> None:
    for each in searched.found:
        place = f"{each.file}:{each.sight.line}:{each.sight.column}"
        output.result(visible(f"{place}  {each.sight.kind}"))
    for name, why in searched.unread:
        output.say(visible(f"· not read: {name}: {why}"))
    count = f"{searched.files} file{'' if searched.files == 1 else 's'} read"
    if searched.found:
        output.say(f"{count}: {len(searched.found)} of what stands there looks like a key")
        output.say("end the key first (vaultaws root rotate, leases revoke), then mend the file")
    else:
        output.say(f"{count}, and nothing looks like a key")


def _document(directory: Path, searched: Searched) -> dict[str, Any]:
    return {
        "version": VERSION,
        "directory": str(directory),
        "files": searched.files,
        "findings": [
            {
                "file": each.file,
                "line": each.sight.line,
                "column": each.sight.column,
                "kind": each.sight.kind,
            }
            for each in searched.found
        ],
        "unread": [{"file": name, "why": why} for name, why in searched.unread],
    }
