"""`vaultaws incident contain`: cut off a person, a role, a key or a whole mount."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    Moment,
    ServerFlags,
    gathered,
    json_option,
    mount_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.errors import UsageError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vaultaws.cli.incident_wiring import Tools
    from vaultaws.incident.model import Case, Scope
    from vaultaws.incident.running import Prepared
    from vaultaws.incident.show import Shown


@dataclass(frozen=True)
class Wanted:
    """What the command line says the case is about, and how far to go."""

    person: str = ""
    role: str = ""
    key: str = ""
    everything: bool = False
    since: datetime | None = None
    session_only: bool = False
    root: bool = False
    name: str = ""
    resume: str = ""
    again: bool = False


@dataclass(frozen=True)
class Reach:
    """How far a run looks and cuts."""

    no_trail: bool = False
    stronger: bool = False
    regions: tuple[str, ...] = ()
    root_user: str = ""
    static_roles: tuple[str, ...] = ()
    no_static_roles: bool = False

    @property
    def static_names(self) -> tuple[str, ...] | None:
        """The mount's static roles, as the person says; None where nothing was said."""
        return self.static_roles if self.static_roles or self.no_static_roles else None


_SCOPE_OPTIONS = (
    click.option("--person", default="", help="A person, by name or entity id."),
    click.option("--role", default="", help="A role of the mount, or a static role."),
    click.option("--key", default="", help="An access key id, of Vault's or not."),
    click.option("--everything", is_flag=True, help="All of the mount."),
    click.option("--since", type=Moment(), help="Only what was issued since then: 2h or a time."),
    click.option(
        "--session-only", is_flag=True, help="Deny single sessions, where the trail tells them."
    ),
    click.option("--root", is_flag=True, help="The engine's own key is suspect: replace it last."),
    click.option("--name", default="", help="The case's name.  [default: DATE-PERSON]"),
    click.option("--resume", default="", metavar="NAME", help="Go on with this case."),
    click.option(
        "--again", is_flag=True, help="Although it is being lifted: what came back is denied again."
    ),
)


def scope_options(command: Callable[..., object]) -> Callable[..., object]:
    """Give a verb the options of a scope; the function gets one Wanted as `wanted`."""
    return gathered(command, "wanted", Wanted, _SCOPE_OPTIONS)


_REACH_OPTIONS = (
    click.option("--no-trail", is_flag=True, help="Do not follow CloudTrail to what was made."),
    click.option(
        "--stronger",
        is_flag=True,
        help="Put denies in every place at once, and deny the calls that take them away.",
    ),
    click.option(
        "--region", "regions", multiple=True, help="Search CloudTrail there too; repeatable."
    ),
    click.option(
        "--root-user", default="", help="Vault's own IAM user, where Vault cannot be asked."
    ),
    click.option(
        "--static-role",
        "static_roles",
        multiple=True,
        help="A static role, where the server cannot list them; repeatable.",
    ),
    click.option(
        "--no-static-roles", is_flag=True, help="There are none, where the server cannot list them."
    ),
)


@click.command(
    "contain",
    epilog="\b\nExample:\n  vaultaws incident contain --person ben --dry-run",
)
@scope_options
@click.option("--dry-run", is_flag=True, help="Print the plan, and do nothing.")
@functools.partial(gathered, name="reach", kind=Reach, options=_REACH_OPTIONS)
@audit_log_option
@mount_option
@yes_option
@json_option
@server_options
def contain(
    *,
    wanted: Wanted,
    dry_run: bool,
    reach: Reach,
    audit_log: str | None,
    mount: str,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Stop issuance, cut off in AWS, revoke in Vault: all that one person, role, key or mount has.

    The plan comes first. Each step is journalled, so a run that was stopped goes on with the same
    command or with --resume. Vault or AWS may be down: the other side is done all the same. With
    --yes nothing waits for the trail: the cut comes first, descendants right after it. Exit 2 when
    something is left to do.
    """
    from vaultaws.cli import incident_wiring as wiring
    from vaultaws.cli.incident_doors import open_cases
    from vaultaws.incident.running import check_something

    cases = open_cases()
    name, scope, case = settled(wanted, mount, cases.exists, cases.read)
    if not dry_run:
        demand_somebody("vaultaws incident contain …", yes=yes)
    mount = case.place.mount if case is not None else mount
    with output.Progress("looking at what there is") as progress:
        where = wiring.Where(server, mount, audit_log)
        tools = wiring.open_tools(where, cases, reach, key=scope.key, watch=progress.update)
        said = server.address is not None
        check_server(case, tools.runner.sources.vault.address, said=said)
        follow = dry_run or not yes or scope.session_only
        prepared = tools.runner.prepare(name, scope, case, follow=follow)
    check_something(prepared)
    shown = tools.runner.shown(prepared)
    if dry_run:
        tell_plan(shown, as_json=as_json)
        return 0
    output.say(plan_words(shown))
    confirm("Contain this now?", yes=yes)
    done = run(tools, prepared)
    tell_done(done, as_json=as_json)
    return VaultError.exit_code if done.left else 0


def plan_words(shown: Shown) -> str:
    from vaultaws.incident import show

    return show.plan_text(shown)


def tell_plan(shown: Shown, *, as_json: bool) -> None:
    """Print a plan that nobody has said yes to."""
    from vaultaws.incident.document import document

    if as_json:
        output.as_json(document(shown, dry_run=True))
    else:
        output.result(f"{plan_words(shown)} Nothing has been done.")


def tell_done(done: Shown, *, as_json: bool) -> None:
    """Print what a run did."""
    from vaultaws.incident import show
    from vaultaws.incident.document import document

    if as_json:
        output.as_json(document(done, dry_run=False))
    elif done.case is not None:
        output.result(show.done_text(done, done.case))


def settled(
    wanted: Wanted,
    mount: str,
    exists: Callable[[str], bool],
    read: Callable[[str], Case],
) -> tuple[str, Scope, Case | None]:
    """Which case is meant: a new one, or one that is gone on with. Raises UsageError."""
    from datetime import UTC

    from vaultaws.incident import scope as scopes
    from vaultaws.incident.model import Scope

    scope = Scope(
        person=wanted.person,
        role=wanted.role,
        key=wanted.key,
        everything=wanted.everything,
        since=wanted.since,
        session_only=wanted.session_only,
        root=wanted.root,
    )
    if wanted.resume:
        if scope != Scope() or wanted.name:
            raise UsageError(
                "a case that is gone on with keeps what it is about",
                why="--resume stands beside options that say it anew",
                do=f"vaultaws incident contain --resume {wanted.resume}",
            )
        case = read(wanted.resume)
        check_open(case, again=wanted.again)
        return case.name, case.scope, case
    scopes.check(scope)
    name = wanted.name or scopes.case_name(scope, mount, datetime.now(UTC))
    if not exists(name):
        return name, scope, None
    case = read(name)
    check_open(case, again=wanted.again)
    if not scopes.same(scope, case) or case.place.mount != mount:
        raise UsageError(
            f"the case {name} is about something else",
            why="it was opened with other options or for another mount",
            do=f"give this one a name (--name), or go on: … contain --resume {name}",
        )
    return name, case.scope, case


def check_open(case: Case, *, again: bool) -> None:
    """Raises UsageError for a case that is over, and for one that is being lifted: going on with
    that would take back from people what was just given back to them."""
    from vaultaws.incident.lifting import what
    from vaultaws.incident.model import StepState

    if case.lifted_at is not None:
        raise UsageError(
            f"the case {case.name} is over",
            why=f"its denies were lifted at {case.lifted_at:%Y-%m-%d %H:%M}Z",
            do="open another: --name NAME",
        )
    if case.is_being_lifted and not again:
        undone = [step for step in case.steps if case.state_of(step) is StepState.UNDONE]
        more = f" and {len(undone) - 1:,} more" if len(undone) > 1 else ""
        raise UsageError(
            f"the case {case.name} is being lifted; nothing was done",
            why=f"a lift has undone: {what(undone[0])}{more}; going on would do that again",
            do=f"end the lift: vaultaws incident lift {case.name}; or contain all the same:"
            f" {case.resume}",
        )


def check_server(case: Case | None, address: str, *, said: bool) -> None:
    """Raises UsageError where another server would be asked: it does not know the leases, and would
    be believed that they are gone. A cluster may be reached by another address: --address says so.
    """
    if case is None or said or case.place.server == address:
        return
    raise UsageError(
        f"the case {case.name} is about the server at {case.place.server}",
        why=f"VAULT_ADDR names {address}",
        do=f"set VAULT_ADDR={case.place.server}, or say --address {address} if it is the same",
    )


def run(tools: Tools, prepared: Prepared) -> Shown:
    """Hold the case, and contain it."""
    from vaultaws.cli import incident_wiring as wiring

    runner = tools.runner
    with output.Progress("containing") as progress, runner.held(prepared) as (case, writer):
        deeds = wiring.deeds_for(tools, prepared, case, stronger=runner.stronger)
        told = wiring.Telling(progress, runner.clock)
        try:
            return runner.contain(prepared, case, writer, deeds, told)
        except BaseException as stop:
            stop.add_note(f"go on with it: {case.resume}")
            raise
