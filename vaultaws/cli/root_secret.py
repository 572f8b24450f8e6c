"""Where Vault's own key comes from: what `[root] credentials` says. Never a file of ours.

The secret is neither an argument of a command line, nor in a log, nor in a journal.
"""

from __future__ import annotations

import os
import re
from typing import Final

import click

from vaultaws.errors import UsageError
from vaultaws.model import Secret

_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,128}")
"""Letters and digits, at least 16 (IAM API, AccessKey); a secret has small letters or signs."""


def root_secret(source: str) -> tuple[str, Secret] | None:
    """Find Vault's own key where `[root] credentials` says; None leaves the server its own."""
    if source == "server":
        return None
    if source == "env":
        return _from_environment()
    if source == "prompt":
        key = _key_id(click.prompt("AWS access key id of Vault's own user", err=True))
        return key, Secret(click.prompt("Its secret access key", hide_input=True, err=True))
    kind, _, name = source.partition(":")
    if kind == "profile" and name:
        from vaultaws.aws.sessions import profile_credentials

        credentials = profile_credentials(name)
        if credentials.session_token is not None:
            raise _temporary(f"the credentials of the profile {name}", "it has a session token")
        return _key_id(credentials.access_key_id), credentials.secret_access_key
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
    return _key_id(key), Secret(secret)


def _key_id(given: str) -> str:
    """The id as it was given. What is no id may be the secret, so the error does not show it."""
    key_id = given.strip()
    if _KEY_ID.fullmatch(key_id):
        return key_id
    raise UsageError(
        "what was given as the root's access key id is none",
        why="an id has 16 or more capital letters and digits, such as AKIA…",
        do="see whether id and secret were given the wrong way round",
    )


def _temporary(which: str, sign: str) -> UsageError:
    return UsageError(
        f"{which} are temporary",
        why=f"{sign}; the engine needs a long-term key of an IAM user",
        do="give the key of Vault's own IAM user for this one command",
    )
