"""`vaultaws exec ROLE`: a program or a shell with credentials that end when it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.issuing import Given, Wait, Wish, issuing_options, obtain, request_of
from vaultaws.cli.options import ServerFlags, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.clock import SystemClock
from vaultaws.config import durations
from vaultaws.errors import UsageError, WaitTimeoutError
from vaultaws.handoff import child, shell
from vaultaws.interrupts import deferred_signals

if TYPE_CHECKING:
    from vaultaws.handoff.serve import Endpoint
    from vaultaws.leases.issue import Handed
    from vaultaws.leases.journal import Journal
    from vaultaws.leases.keeping import Ended, Keeper
    from vaultaws.vault.protocol import Vault

INSIDE = "VAULTAWS_EXEC"
ROLE = "VAULTAWS_ROLE"


@dataclass(frozen=True)
class Plan:
    """What is going to be run, all of it ready before anything is issued."""

    words: tuple[str, ...]
    environ: Mapping[str, str]
    shell: shell.Shell | None
    endpoint: Endpoint | None


@click.command(epilog="\b\nExample:\n  vaultaws exec ec2readonly -- terraform plan")
@issuing_options
@click.argument("words", metavar="[-- COMMAND]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--serve",
    is_flag=True,
    help="Serve the credentials to the AWS SDKs, and fresh ones before they end.",
)
@click.option("--replace", "replaces", is_flag=True, help="Run it inside of another exec.")
@audit_log_option
@mount_option
@server_options
def command(
    *,
    wish: Wish,
    words: tuple[str, ...],
    serve: bool,
    replaces: bool,
    audit_log: str | None,
    mount: str,
    server: ServerFlags,
) -> int:
    """Run a command with credentials of ROLE, or your shell, and revoke their lease at its end.

    The command's exit code is passed on; 127 is a command that is not there, 126 one that cannot
    be run. Without a command your shell (SHELL) opens, with the role and the time left in its
    prompt. The lease is always one of its own, never a cached one.
    """
    refuse_nesting(os.environ, replaces=replaces)
    if not words and not sys.stdin.isatty():
        raise UsageError(
            "there is no command to run, and no terminal for a shell",
            why="standard input is not a terminal; nothing was done",
            do=f"vaultaws exec {wish.role} -- COMMAND",
        )
    vault = open_vault(server)
    with planned(wish, words, serve=serve) as plan, open_journal() as journal:
        evidence.put_right(vault, journal, audit_log, mount)
        given = obtain(vault, journal, SystemClock(), wish, mount)
        return run(vault, journal, plan, given, Renewal(vault, journal, wish, mount))


def refuse_nesting(environ: Mapping[str, str], *, replaces: bool) -> None:
    """Raise UsageError inside of another exec, unless it is to be so."""
    if (outer := environ.get(INSIDE)) and not replaces:
        raise UsageError(
            f"this is already inside of vaultaws exec {outer}",
            why="one set of credentials within another is easily taken for the other",
            do="leave that first (exit), or say --replace",
        )


@contextlib.contextmanager
def planned(wish: Wish, words: tuple[str, ...], *, serve: bool) -> Iterator[Plan]:
    """Get all ready that can fail before anything is issued."""
    with contextlib.ExitStack() as later:
        environ = {**child.scrubbed(os.environ), INSIDE: wish.role, ROLE: wish.role}
        directory = later.enter_context(shell.private_directory())
        opened = None
        if not words:
            opened = shell.prepare(directory, wish.role, os.environ)
            words, environ = opened.command, {**environ, **opened.environ}
        child.find_program(words[0], environ)
        endpoint = None
        if serve:
            endpoint = later.enter_context(contextlib.closing(_endpoint()))
            environ |= {**shell.shadow(directory, os.environ), **endpoint.environ()}
        yield Plan(words, environ, opened, endpoint)


class Renewal:
    """Issues a set like the first one, without a word, while the child has the terminal."""

    def __init__(self, vault: Vault, journal: Journal, wish: Wish, mount: str) -> None:
        self._vault = vault
        self._journal = journal
        self._wish = wish
        self._mount = mount
        self.goes_on: Callable[[float], bool] = lambda _: True

    def __call__(self) -> Handed:
        from vaultaws.leases.issue import issue

        # a code is good once, and nobody can be asked for the next one
        request = replace(request_of(self._wish, self._mount), mfa_code=None, code_from=None)
        wait = None
        if not self._wish.no_wait:
            wait = Wait(output.Progress(), EndingClock(self.goes_on), self._wish)
        return issue(self._vault, self._journal, self._journal.clock, request, wait)


class EndingClock(SystemClock):
    """Waits as long as the run goes on."""

    def __init__(self, goes_on: Callable[[float], bool]) -> None:
        self._goes_on = goes_on

    def sleep(self, seconds: float) -> None:
        if not self._goes_on(seconds):
            raise WaitTimeoutError(
                "the run has ended", why="nobody waits for it any more", do="nothing"
            )


def run(vault: Vault, journal: Journal, plan: Plan, given: Given, renewal: Renewal) -> int:
    """Run the child with the credentials; whatever happens, every lease is ended afterwards."""
    from vaultaws.leases.keeping import Keeper

    shows_time = plan.shell is not None and plan.shell.shows_time
    keeper = Keeper(
        vault,
        journal,
        given.handed,
        anew=renewal if plan.endpoint is not None else None,
        say=say,
        moved=plan.shell.moved if plan.shell is not None else lambda _: None,
        warns=not shows_time,
    )
    renewal.goes_on = keeper.goes_on
    try:
        given.say_notes()
        output.hint(_sentence(given, plan))
        if plan.shell is not None:
            output.hint("leave the shell (exit) and the lease is revoked")
        with contextlib.ExitStack() as later:
            if plan.endpoint is not None:
                later.enter_context(plan.endpoint.serving(keeper.credentials))
            later.enter_context(keeper.tended())
            return child.run_child(
                plan.words,
                {**plan.environ, **_own_variables(given, plan)},
                end_with=shell.END_WITH if plan.shell is not None else None,
                say=say,
            )
    finally:
        _end(keeper)


def say(text: str) -> None:
    """Say something beside the child."""
    output.say(f"· {text}")


def _endpoint() -> Endpoint:
    from vaultaws.handoff.serve import Endpoint

    return Endpoint()


def _own_variables(given: Given, plan: Plan) -> dict[str, str]:
    """What the child knows of the credentials. An IAM user's key has no end while its lease is
    renewed: an end in the environment would stop an SDK at what no longer holds."""
    from vaultaws.handoff.formats import variables

    if plan.endpoint is not None:
        return {}
    credentials = given.handed.issued.credentials
    ends = given.handed.issued.ends_at if credentials.session_token is not None else None
    return variables(replace(credentials, expires_at=ends))


def _end(keeper: Keeper) -> None:
    """Revoke, and say what could not be revoked and what lives on. Ctrl-C waits for it."""
    with deferred_signals():
        with output.Progress("revoking"):
            ended = keeper.end()
        for one in ended:
            for text in _last_words(one):
                say(text)


def _last_words(one: Ended) -> Iterator[str]:
    from vaultaws.leases.words import at, short_key

    if one.why:
        yield f"lease {one.lease_id} could not be revoked ({one.why})"
        yield f"the next run here tries again; by hand: vaultaws leases revoke {one.lease_id} --yes"
    if one.token_ends is not None:
        key, ends = short_key(one.access_key_id), at(one.token_ends, datetime.now(UTC))
        yield (
            f"its token {key} lives on in AWS until {ends}, lease or not; "
            f"vaultaws leases revoke --key {key} --cut denies it"
        )


def _sentence(given: Given, plan: Plan) -> str:
    """One line of what the child works with: for whom, until when, under which lease."""
    from vaultaws.leases.words import at

    issued = given.handed.issued
    parts = [f"{issued.role} for {given.handed.person or 'you'}"]
    if issued.ends_at is not None:
        now = datetime.now(UTC)
        left = durations.words((issued.ends_at - now).total_seconds())
        lasting = plan.endpoint is not None or issued.lease.renewable
        parts.append(
            f"ends in {left} ({at(issued.ends_at, now)})"
            + (", renewed before that" if lasting else "")
        )
    parts.append(f"lease {issued.lease.id}")
    return " · ".join(parts)
