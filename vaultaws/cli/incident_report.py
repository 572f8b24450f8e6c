"""`vaultaws incident report`: what a responder hands on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.errors import LocalStateError


@click.command("report", epilog="\b\nExample:\n  vaultaws incident report 2026-11-21-ben -o ben.md")
@click.argument("name", default="")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "json"]),
    default="md",
    show_default=True,
    help="Markdown for people, JSON for machines.",
)
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), help="Write to this file.")
def report(*, name: str, form: str, file: Path | None) -> None:
    """Write down one incident from its journal: timeline, actions, evidence, what remains, who did
    it. It has key ids and names, and no secret. Without NAME, the only incident that is open."""
    from vaultaws.cli.incident_doors import open_cases, pick
    from vaultaws.clock import SystemClock
    from vaultaws.incident import report as reports

    cases = open_cases()
    name = pick(cases, name)
    found = reports.report(cases.read(name), cases.history(name), SystemClock().now())
    text = reports.markdown(found)
    if form == "json":
        text = json.dumps(reports.as_json(found), indent=2, ensure_ascii=False) + "\n"
    if file is None:
        output.result(text.rstrip("\n"))
        return
    write(file, text)
    output.say(f"· wrote {file}")


def write(file: Path, text: str) -> None:
    """Write a file that only this person can read. Raises LocalStateError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise LocalStateError(
            f"the report could not be written to {file}",
            why=error.strerror or type(error).__name__,
            do="choose another file: -o FILE",
        ) from error
