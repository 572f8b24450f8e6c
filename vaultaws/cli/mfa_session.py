"""`vaultaws mfa login` and `assume`: sessions, kept, printed, or given to a command."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.mfa_wiring import (
    WithCommand,
    adapters,
    code_option,
    command_to_run,
    device_option,
    profile_option,
)
from vaultaws.cli.options import Span
from vaultaws.config import durations
from vaultaws.errors import UsageError
from vaultaws.handoff.formats import FORMATS, iso, render_credentials
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultaws.mfa.login import Reason

WORDS = {
    "missing": "no session yet, beginning one",
    "broken": "Your existing credentials are missing or invalid, renewing",
    "expired": "Your credentials have expired, renewing",
    "other role": "the session that is kept is of another role, renewing",
    "forced": "renewing, as --force says",
}

shell_option = click.option("--shell", is_flag=True, help="Open your shell with the session.")
duration_option = click.option(
    "--duration", type=Span(), help="How long, e.g. 1h.  [default: 12h; a role's session: 1h]"
)


@click.command(cls=WithCommand, epilog="\b\nExample:\n  vaultaws mfa login myprofile")
@click.argument("profile", required=False)
@duration_option
@click.option("--force", is_flag=True, help="Begin a new session though there is a good one.")
@device_option
@code_option
@click.option("--into", default="", help="The profile to keep the session in.")
@click.option("--no-write", is_flag=True, help="Do not keep it in ~/.aws/credentials.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Print the session too.")
@shell_option
def login(
    *,
    profile: str | None,
    duration: int | None,
    force: bool,
    device: str,
    codes: tuple[Secret, ...],
    into: str,
    no_write: bool,
    form: str | None,
    shell: bool,
) -> int:
    """Open an MFA session with the long-term key of PROFILE and keep it as aws-mfa does.

    The key stands under [PROFILE-long-term] in ~/.aws/credentials, with aws_mfa_device; the
    session goes to [PROFILE]. Where the key stands under [PROFILE] itself, with mfa_serial in
    ~/.aws/config, the session goes to [PROFILE-session]. Does nothing while the session is good.
    """
    from vaultaws.mfa.login import Doors, LoginWish, settle
    from vaultaws.mfa.login import login as log_in

    _one_way_out(form, shell=shell)
    if no_write and not (form or shell or command_to_run()):
        raise UsageError(
            "the session would go nowhere",
            why="--no-write keeps it out of the file, and nothing else gets it",
            do="--format env, or -- COMMAND",
        )
    own = adapters()
    wish = LoginWish(own.profile(profile), duration, device, into, force)
    plan = settle(own.read(), wish, own.environ)
    if not no_write:
        own.check_writing(plan.into)
    doors = Doors(
        read=own.read,
        write=(lambda *_: None) if no_write else own.write,
        prover=own.prover(codes, plan.process),
        clock=own.clock,
    )
    done = log_in(plan, doors, force=force, told=_told)
    end = _until(done.session.ends_at, own.clock.now())
    if done.reason == "good":
        output.say(f"{done.profile} is still good {end}")
    else:
        output.say(f"{done.profile} is good {end}")
    credentials = done.session.credentials
    document = _document(credentials, profile=done.profile, role_arn=plan.role_arn, arn="")
    return _hand_over(credentials, form, document, _Run(done.profile, plan.region, shell))


def _told(reason: Reason) -> None:
    output.say(WORDS[reason])


def _one_way_out(form: str | None, *, shell: bool) -> None:
    if sum(map(bool, (form, shell, command_to_run()))) > 1:
        raise UsageError(
            "a session is handed over in one way",
            why="more than one of --format, --shell and -- COMMAND was given",
            do="keep one of them",
        )
    if command_to_run():
        from vaultaws.handoff.child import find_program

        find_program(command_to_run()[0], os.environ)  # before a code is spent on it


def _until(end: datetime, now: datetime) -> str:
    left = durations.words(max(0.0, (end - now).total_seconds()))
    return f"until {iso(end)} (in {left})"


@dataclass(frozen=True)
class _Run:
    """With what a command or a shell is run."""

    label: str
    region: str
    shell: bool


def _document(credentials: Credentials, *, profile: str, role_arn: str, arn: str) -> dict[str, Any]:
    token, end = credentials.session_token, credentials.expires_at
    return {
        "version": 1,
        "profile": profile,
        "role_arn": role_arn or None,
        "arn": arn or None,
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key.reveal(),
        "session_token": token.reveal() if token is not None else None,
        "expires_at": iso(end) if end is not None else None,
    }


def _hand_over(
    credentials: Credentials, form: str | None, document: dict[str, Any], run: _Run
) -> int:
    """Print the session, or run with it; the code of what was run."""
    if command_to_run() or run.shell:
        return _run(credentials, run)
    if form is not None:
        output.result(render_credentials(credentials, form, document))
    return 0


def _run(credentials: Credentials, run: _Run) -> int:
    from vaultaws.handoff.child import run_child

    environ = _environ(credentials, run, os.environ)
    if not run.shell:
        return run_child(command_to_run(), environ, say=output.say)
    from vaultaws.handoff.shell import END_WITH, prepare, private_directory

    with private_directory() as directory:
        shell = prepare(directory, run.label, os.environ)
        shell.moved(credentials.expires_at)
        return run_child(
            shell.command, {**environ, **shell.environ}, end_with=END_WITH, say=output.say
        )


def _environ(credentials: Credentials, run: _Run, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the session; the profile's region where none is set."""
    from vaultaws.handoff.child import scrubbed
    from vaultaws.handoff.formats import variables

    own = {**scrubbed(environ), **variables(credentials)}
    if run.region and not (own.get("AWS_REGION") or own.get("AWS_DEFAULT_REGION")):
        own |= {"AWS_REGION": run.region, "AWS_DEFAULT_REGION": run.region}
    return own


@click.command(cls=WithCommand, epilog="\b\nExample:\n  vaultaws mfa assume OpsSudo -- aws s3 ls")
@click.argument("role")
@profile_option
@click.option(
    "--duration", type=Span(), help="How long, e.g. 4h; a role behind a role: 1h at most."
)
@click.option("--session-name", default="", help="Its name in CloudTrail.  [default: your login]")
@click.option("--external-id", default="", help="What the role's trust policy wants to hear.")
@device_option
@code_option
@click.option("--force", is_flag=True, help="Take no session that is kept.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Whose words to print it in.  [default: env]",
)
@shell_option
def assume(
    *,
    role: str,
    profile: str | None,
    duration: int | None,
    session_name: str,
    external_id: str,
    device: str,
    codes: tuple[Secret, ...],
    force: bool,
    form: str | None,
    shell: bool,
) -> int:
    """Assume ROLE: an ARN, a role's name in your own account, or a profile with role_arn.

    A profile's source_profile is followed as the AWS CLI does. Where a device is known an MFA
    session is opened once and used again by all who need it, without another code.
    """
    from vaultaws.mfa.assume import AssumeWish, plan
    from vaultaws.mfa.assume import assume as assume_role

    _one_way_out(form, shell=shell)
    own = adapters()
    book, fresh = own.read(), force or bool(codes)
    wish = AssumeWish(role, profile, duration, session_name, external_id, device)
    chain = plan(book, wish, own.environ, own.profile(None))
    done = assume_role(chain, own.world(book, codes, chain.process), fresh=fresh)
    for note in done.notes:
        output.say(f"note:  {note}")
    end = done.credentials.expires_at
    until = _until(end, own.clock.now()) if end is not None else ""
    output.say(f"{done.role_arn} as {done.arn.rsplit('/', 1)[-1]} {until}".rstrip())
    document = _document(
        done.credentials, profile=chain.last.profile, role_arn=done.role_arn, arn=done.arn
    )
    run = _Run(role.rsplit("/", 1)[-1], done.region, shell)
    return _hand_over(done.credentials, form or "env", document, run)
