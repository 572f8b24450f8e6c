"""`vaultaws apply`: make the server match the file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.cli.options import (
    ServerFlags,
    file_option,
    json_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import confirm, demand_somebody, open_vault
from vaultaws.config.load import load
from vaultaws.errors import UsageError
from vaultaws.model import Secret
from vaultaws.plan.changes import Change


@click.command(epilog="\b\nExample:\n  vaultaws apply -c vaultaws.toml --yes")
@file_option
@yes_option
@json_option
@server_options
def command(*, file: str, yes: bool, as_json: bool, server: ServerFlags) -> None:
    """Make the server match the file. Root secrets come from where [root] says."""
    from vaultaws.plan import apply, show
    from vaultaws.plan.diff import diff
    from vaultaws.plan.observe import observe

    config = load(Path(file))
    vault = open_vault(server)
    plan = diff(config, observe(vault, config))
    if plan.to_write:
        if not yes:
            output.say(show.text(plan))
        demand_somebody(f"vaultaws apply -c {file}", yes=yes)
        confirm(f"Apply to {vault.address}?", yes=yes)
    source = config.root.credentials if config.root is not None else "server"
    with output.Progress("applying") as progress:

        def announce(change: Change) -> None:
            progress.update(f"{change.kind} {change.name}")

        apply.apply(plan, vault, root_secret=lambda: root_secret(source), announce=announce)
    if as_json:
        output.as_json(show.document(plan))
    else:
        output.result(show.text(plan, done=True))


def root_secret(source: str) -> tuple[str, Secret] | None:
    """Find Vault's own key where `[root] credentials` says; None leaves the server its own."""
    if source == "server":
        return None
    if source == "env":
        return _from_environment()
    if source == "prompt":
        key = click.prompt("AWS access key id of Vault's own user", err=True)
        return key, Secret(click.prompt("Its secret access key", hide_input=True, err=True))
    kind, _, name = source.partition(":")
    if kind == "profile" and name:
        from vaultaws.aws.sessions import profile_credentials

        credentials = profile_credentials(name)
        if credentials.session_token is not None:
            raise _temporary(f"the credentials of the profile {name}", "it has a session token")
        return credentials.access_key_id, credentials.secret_access_key
    raise UsageError(
        f'[root] credentials = "{source}" is not a place',
        why="it is env, profile:NAME, prompt or server",
        do="mend it in the file",
    )


def _from_environment() -> tuple[str, Secret]:
    key = os.environ.get("AWS_ACCESS_KEY_ID", "")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise UsageError(
            "no root credentials in the environment",
            why='[root] credentials = "env", and one of its two variables is unset',
            do="export the key of Vault's own IAM user for this one command",
        )
    if os.environ.get("AWS_SESSION_TOKEN"):
        raise _temporary("the credentials in the environment", "AWS_SESSION_TOKEN is set")
    return key, Secret(secret)


def _temporary(which: str, sign: str) -> UsageError:
    return UsageError(
        f"{which} are temporary",
        why=f"{sign}; the engine needs a long-term key of an IAM user",
        do="give the key of Vault's own IAM user for this one command",
    )
