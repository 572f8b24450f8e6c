"""`vaultaws trail explain`: one credential from request to death."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options
from vaultaws.cli.trail_wiring import TrailFlags, run, trail_options
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.trail.verdicts import Matching, Verdict


@click.command("explain", epilog="\b\nExample:\n  vaultaws trail explain ASIA…7TT --since 24h")
@click.argument("wanted", metavar="KEY|LEASE|PERSON")
@trail_options(since="24h", orphans=False)
@json_option
@server_options
def explain(*, wanted: str, flags: TrailFlags, as_json: bool, server: ServerFlags) -> None:
    """Tell the story of a credential: who asked, what AWS made, each use, its end, and all that was
    made with it. A key id may be short, as listings print it.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases.words import printable
    from vaultaws.trail import story

    meant: list[Verdict] = []

    def choose(matching: Matching) -> list[str]:
        meant.extend(story.chosen(matching, wanted))
        return [found.access_key_id for found in meant]

    checked = run(flags, server, choose)
    if not meant:
        raise UsageError(
            f"nothing is known of {wanted}",
            why="no credential of this window of time has that key, lease or person",
            do="look further back: --since 7d",
        )
    for what in checked.report.unread:
        output.say(printable(f"· not read: {what}"))
    told = story.stories(meant, checked.calls)
    if as_json:
        output.as_json(story.as_json(told))
        return
    output.result(story.render(told, SystemClock().now()))
