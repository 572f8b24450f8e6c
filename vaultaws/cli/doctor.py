"""`vaultaws doctor`: what is wrong, and which capability or IAM action is missing."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.errors import FindingsError, visible

if TYPE_CHECKING:
    from vaultaws.doctor.finding import Check, Finding
    from vaultaws.vault.connection import ConnectionSettings
    from vaultaws.vault.gateway import HvacVault

_COLOURS = {"ok": "32", "warn": "33", "bad": "31", "skipped": "2"}
_VARIABLES = {
    "address": "ADDR",
    "agent_address": "AGENT_ADDR",
    "namespace": "NAMESPACE",
    "ca_cert": "CACERT",
    "client_cert": "CLIENT_CERT",
    "tls_skip_verify": "SKIP_VERIFY",
}
_MOST_SECONDS = 8.0  # the server's own time-out would let one check take minutes


@click.command(epilog="\b\nExample:\n  vaultaws doctor --role ec2readonly")
@click.option("--role", "roles", multiple=True, help="A role you need; may be said again.")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["creds", "operator", "incident"]),
    default="creds",
    show_default=True,
    help="What you want to do: fetch credentials, plan and apply too, or contain an incident.",
)
@mount_option
@json_option
@server_options
def command(
    *, roles: tuple[str, ...], purpose: str, mount: str, as_json: bool, server: ServerFlags
) -> int:
    """Look at everything that credentials need, and say what is wrong and what to do.

    Nothing is changed or issued, and no secret is printed. Exit 3 when something is bad.
    """
    from vaultaws.doctor.finding import State, examine

    found: list[Finding] = []
    with output.Progress("looking") as progress:
        for finding in examine(checks(server, mount, roles, purpose)):
            found.append(finding)
            if as_json:
                continue
            with progress.paused():
                output.result(text(finding, colours=output.colours(sys.stdout)))
    worst = sum(finding.state is State.BAD for finding in found)
    if as_json:
        output.as_json(document(found))
    else:
        output.say(_summary(found))
    return FindingsError.exit_code if worst else 0


def checks(flags: ServerFlags, mount: str, roles: Sequence[str], purpose: str) -> Sequence[Check]:
    """All checks, in the order in which one thing rests on another."""
    from vaultaws.cli.wiring import home
    from vaultaws.clock import SystemClock
    from vaultaws.doctor import cloud, incident, machine, rights, server
    from vaultaws.doctor.finding import Check

    clock, opened = SystemClock(), Opened(flags)
    said = {
        name: f"--{field.replace('_', '-')}"
        for field, name in _VARIABLES.items()
        if getattr(flags, field)
    }

    def settings() -> Iterator[Finding]:
        yield from machine.settings(opened.settings, said, os.environ, home())

    listed = [
        Check("settings", settings),
        Check("server", lambda: server.health(opened.vault, clock), ("settings",)),
        Check("token", lambda: server.token(opened.vault), ("server",)),
        Check("mount", lambda: server.mount(opened.vault, mount), ("token",)),
        Check("roles", lambda: rights.for_creds(opened.vault, mount, roles), ("mount",)),
    ]
    if purpose == "incident":
        listed += [
            Check("vault", lambda: incident.in_vault(opened.vault, mount), ("token",)),
            Check("aws rights", aws_rights),
        ]
    if purpose == "operator":
        listed += [
            Check("plan", lambda: rights.for_operator(opened.vault, mount), ("token",)),
            Check("root", lambda: cloud.root_rights(opened.vault, mount, clock), ("mount",)),
        ]
    return [
        *listed,
        Check("aws", lambda: cloud.reached(clock)),
        Check("cache", lambda: machine.cache(os.environ)),
        Check("files", lambda: machine.files(os.environ, home())),
        Check("environment", lambda: machine.environment(os.environ, clock.now())),
        Check("profiles", lambda: machine.profiles(os.environ, home())),
    ]


def aws_rights() -> Iterator[Finding]:
    """What the AWS credentials here may do in an incident."""
    from vaultaws.aws.identity import caller_identity
    from vaultaws.aws.simulate import Simulator
    from vaultaws.doctor import incident

    yield from incident.in_aws(caller_identity(), Simulator())


class Opened:
    """The server, opened when a check first asks for it."""

    def __init__(self, flags: ServerFlags) -> None:
        self._flags = flags

    @functools.cached_property
    def settings(self) -> ConnectionSettings:
        from vaultaws.cli.wiring import settings

        found = settings(self._flags)
        seconds = min(found.timeout_seconds, _MOST_SECONDS)
        return replace(found, timeout_seconds=seconds, max_retries=0)

    @functools.cached_property
    def vault(self) -> HvacVault:
        from vaultaws.vault.gateway import HvacVault

        return HvacVault(self.settings)


def text(finding: Finding, *, colours: bool = False) -> str:
    """One finding for a person: a line, and two more when something is to be done."""
    state = f"{finding.state:<7}"
    if colours:
        state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
    lines = [f"{state}  {finding.check:<11}  {visible(finding.what)}"]
    if finding.state in {"warn", "bad"}:
        for label, words in (("why:", finding.why), ("do: ", finding.do)):
            lines.append(f"{'':<22}{label} {visible(words)}")
    return "\n".join(lines)


def document(found: Sequence[Finding]) -> dict[str, Any]:
    """The findings for machines; keys are stable within `version`."""
    return {
        "version": 1,
        "checks": [
            {
                "check": finding.check,
                "state": str(finding.state),
                "what": finding.what,
                "why": finding.why or None,
                "do": finding.do or None,
            }
            for finding in found
        ],
    }


def _summary(found: Sequence[Finding]) -> str:
    from vaultaws.doctor.finding import State
    from vaultaws.leases.words import count

    bad = sum(finding.state is State.BAD for finding in found)
    warned = sum(finding.state is State.WARN for finding in found)
    if not bad and not warned:
        return "nothing is wrong"
    return f"{bad} bad, {count(warned, 'warning', 'warnings')}"
