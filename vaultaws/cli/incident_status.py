"""`vaultaws incident status`: how far each incident is."""

from __future__ import annotations

import click

from vaultaws.cli import output
from vaultaws.cli.options import json_option


@click.command("status", epilog="\b\nExample:\n  vaultaws incident status 2026-11-21-ben")
@click.argument("name", default="")
@json_option
def status(*, name: str, as_json: bool) -> None:
    """Show the incidents of this machine, or one of them: what is done, what failed and why,
    what is left, and which command comes next. Asks neither Vault nor AWS."""
    from vaultaws.cli.incident_doors import open_cases
    from vaultaws.clock import SystemClock
    from vaultaws.incident import status as statuses

    cases, now = open_cases(), SystemClock().now()
    if not name:
        found = cases.all()
        if as_json:
            output.as_json(statuses.all_as_json(found))
        else:
            output.result(statuses.render_all(found, now))
        return
    case = cases.read(name)
    if as_json:
        output.as_json(statuses.as_json(case))
    else:
        output.result(statuses.render(case, now))
