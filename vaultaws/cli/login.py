"""`vaultaws login`: a token, kept where the Vault CLI keeps it."""

from __future__ import annotations

import os
import sys

import click

from vaultaws.cli import output, wiring
from vaultaws.cli.options import ServerFlags, server_options
from vaultaws.config import durations
from vaultaws.errors import UsageError
from vaultaws.model import Secret

METHODS = ("token", "userpass", "approle")


@click.command(epilog="\b\nExample:\n  vaultaws login userpass ada")
@click.argument("method", type=click.Choice(METHODS), default="token")
@click.argument("name", default="")
@click.option("--path", "auth_mount", help="Where the auth method is mounted.")
@click.option("--print", "to_stdout", is_flag=True, help="Print the token; keep it nowhere.")
@server_options
def command(
    *, method: str, name: str, auth_mount: str | None, to_stdout: bool, server: ServerFlags
) -> None:
    """Log in and keep the token in the token helper or ~/.vault-token.

    NAME is the user name (userpass) or the role id (approle). The token, password or secret id
    is asked for on a terminal, else read from the first line of standard input.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.vault import keep, login

    settings = wiring.settings(server)
    if method != "token" and not name:
        raise UsageError(
            f"{method} needs a name",
            why="it logs in as somebody",
            do=f"vaultaws login {method} NAME",
        )
    secret = _ask({"token": "Token", "userpass": "Password", "approle": "Secret id"}[method])
    if method == "token":
        found = login.with_token(settings, secret)
    elif method == "userpass":
        found = login.with_userpass(settings, name, secret, mount=auth_mount or method)
    else:
        found = login.with_approle(settings, name, secret, mount=auth_mount or method)
    if to_stdout:
        output.result(found.token.reveal())
        return
    home = wiring.home()
    if home is None:
        raise UsageError(
            "nowhere to keep the token", why="there is no home directory", do="set HOME, or --print"
        )
    place = keep.keep(found.token, os.environ, home)
    end = found.info.expires_at
    left = (end - SystemClock().now()).total_seconds() if end is not None else None
    lasts = f"for {durations.words(left)}" if left is not None else "without an end"
    output.say(f"· logged in as {found.info.display_name}, {lasts} · token kept in {place}")


def _ask(what: str) -> Secret:
    if sys.stdin.isatty():
        return Secret(click.prompt(what, hide_input=True, err=True))
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise UsageError(
            f"no {what.lower()}",
            why="standard input is not a terminal and holds no line",
            do=f"pipe the {what.lower()} into standard input",
        )
    return Secret(line)
