"""`vaultaws console ROLE`: a way into the AWS console with a role's temporary credentials."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.issuing import Wish, obtain
from vaultaws.cli.options import ServerFlags, Span, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.errors import UsageError, VaultDeniedError
from vaultaws.model import CredentialType, Secret

if TYPE_CHECKING:
    from vaultaws.leases.issue import Handed
    from vaultaws.vault.protocol import Vault


@click.command(epilog="\b\nExample:\n  vaultaws console ops --destination ec2 --open")
@click.argument("role")
@click.option("--ttl", type=Span(), help="How long the credentials behind it live, e.g. 1h.")
@click.option("--role-arn", default="", help="Which AWS role to assume (assumed_role).")
@click.option("--session-name", default="", help="Name of the session in AWS (assumed_role).")
@click.option(
    "--duration", type=Span(), help="How long the console session lasts, 15m to 12h (assumed_role)."
)
@click.option(
    "--destination",
    "wanted",
    default="",
    help="Where to arrive: a service such as ec2, or a URL of the console.",
)
@click.option("--region", default="", help="The console's region.  [default: your own region]")
@click.option("--open", "opens", is_flag=True, help="Open it in your browser; print nothing.")
@mount_option
@server_options
def command(
    *,
    role: str,
    ttl: int | None,
    role_arn: str,
    session_name: str,
    duration: int | None,
    wanted: str,
    region: str,
    opens: bool,
    mount: str,
    server: ServerFlags,
) -> None:
    """Print a URL that signs in to the AWS console as ROLE.

    The URL is a secret: whoever has it is in. It works for 15 minutes; the console session lasts
    as long as the token (federation_token), or 1 hour or --duration (assumed_role). AWS lets no
    keys of IAM users in, nor their session tokens.
    """
    from vaultaws.aws.sessions import default_region
    from vaultaws.clock import SystemClock
    from vaultaws.leases.issue import handing_over

    vault, clock = open_vault(server), SystemClock()
    check_duration(duration)
    check_type(role, _type_of(vault, mount, role), duration)
    wish = Wish(role, ttl, role_arn=role_arn, session_name=session_name, no_wait=True)
    with open_journal() as journal:
        given = obtain(vault, journal, clock, wish, mount)
        with handing_over(vault, journal, given.handed) as handed:
            url = _signed_in(handed, wanted, region or default_region(), duration)
            if opens:
                _open(url)
            else:
                output.result(url.reveal())
    given.say_notes()
    _say_ends(given.handed, duration)


def check_duration(duration: int | None) -> None:
    """Raises UsageError for a span that AWS does not take."""
    from vaultaws.aws.console import LONGEST_SECONDS, SHORTEST_SECONDS

    if duration is not None and not SHORTEST_SECONDS <= duration <= LONGEST_SECONDS:
        raise UsageError(
            "a console session cannot last that long",
            why=f"AWS takes 15 minutes to 12 hours; it is {duration} s",
            do="use something like --duration 4h",
        )


def check_type(role: str, kind: CredentialType | None, duration: int | None) -> None:
    """Raises UsageError for credentials that AWS does not let in; None is not known yet."""
    if kind in {CredentialType.IAM_USER, CredentialType.SESSION_TOKEN}:
        what = "keys of an IAM user" if kind is CredentialType.IAM_USER else "session tokens"
        raise UsageError(
            f"the role {role} cannot sign in to the console",
            why=f"it issues {what}, and AWS lets in roles and federated users only",
            do="use a role of type assumed_role or federation_token: vaultaws roles list",
        )
    if duration is not None and kind is CredentialType.FEDERATION_TOKEN:
        raise UsageError(
            "a federated user's console session has no duration of its own",
            why=f"the role {role} issues federation tokens: the session ends with the token",
            do="use --ttl instead of --duration",
        )


def _type_of(vault: Vault, mount: str, role: str) -> CredentialType | None:
    """What the role issues; None when the token may not read it."""
    try:
        return vault.read_role(mount, role).credential_type
    except VaultDeniedError:
        return None


def _type_issued(handed: Handed) -> CredentialType | None:
    """What was issued, by its own parts where the role could not be read."""
    if handed.issued.credentials.session_token is None:
        return CredentialType.IAM_USER
    if handed.credential_type is not None:
        return handed.credential_type
    kind = handed.issued.arn.rpartition(":")[2].partition("/")[0]
    return {
        "assumed-role": CredentialType.ASSUMED_ROLE,
        "federated-user": CredentialType.FEDERATION_TOKEN,
    }.get(kind)


def _signed_in(handed: Handed, wanted: str, region: str, duration: int | None) -> Secret:
    from vaultaws.aws import console

    issued = handed.issued
    check_type(issued.role, _type_issued(handed), duration)
    place = console.place_of(issued.arn, region)
    where = console.destination(place, wanted)
    endpoint = console.federation_url(os.environ, place)
    token = console.sign_in_token(issued.credentials, endpoint, duration)
    return console.sign_in_url(endpoint, token, where)


def _open(url: Secret) -> None:
    from vaultaws.clock import SystemClock
    from vaultaws.handoff.browser import show

    with output.Progress("waiting for the browser"):
        shown = show(url, SystemClock())
    if not shown:
        raise UsageError(
            "no browser came for the URL",
            why="none could be started, or it did not ask within a minute; BROWSER names one",
            do="leave --open out, and open what is printed",
        )
    output.say("· opened in your browser")


def _say_ends(handed: Handed, duration: int | None) -> None:
    """When the console session ends, and what a revoked lease leaves of it."""
    from vaultaws.aws.console import DEFAULT_SECONDS
    from vaultaws.leases.words import at, short_key

    issued = handed.issued
    end = issued.credentials.expires_at or issued.ends_at
    if _type_issued(handed) is CredentialType.ASSUMED_ROLE:
        end = datetime.now(UTC) + timedelta(seconds=duration or DEFAULT_SECONDS)
    if end is None:
        return
    output.say(
        f"· the console session lasts until {at(end, datetime.now(UTC))}, also when the lease is"
        f" revoked: vaultaws leases revoke --key {short_key(issued.credentials.access_key_id)}"
        " --cut ends it"
    )
    output.hint(f"{issued.role} for {handed.person or 'you'} · lease {issued.lease.id}")
