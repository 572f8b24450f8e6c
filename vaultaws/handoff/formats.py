"""Credentials in the words of each shell and of the SDKs.

Format names are the AWS CLI's (`aws configure export-credentials --format`). What each shell
reads is in `shells`.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

from vaultaws.errors import UsageError
from vaultaws.handoff.shells import SHELLS
from vaultaws.model import Credentials, Issued, JsonObject


def variables(credentials: Credentials) -> dict[str, str]:
    """The environment variables of one credential set, secrets revealed."""
    found = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
    }
    if credentials.session_token is not None:
        found["AWS_SESSION_TOKEN"] = credentials.session_token.reveal()
    if credentials.expires_at is not None:
        found["AWS_CREDENTIAL_EXPIRATION"] = iso(credentials.expires_at)
    return found


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, cut and never rounded up: an expiry is never later."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


FORMATS = (*SHELLS, "process", "json")


def process_document(credentials: Credentials) -> dict[str, str | int]:
    """The credential_process answer (AWS SDK guide, "process credential provider")."""
    document: dict[str, str | int] = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
    }
    if credentials.session_token is not None:
        document["SessionToken"] = credentials.session_token.reveal()
    if credentials.expires_at is not None:
        document["Expiration"] = iso(credentials.expires_at)
    return document


def json_document(
    issued: Issued, waited: JsonObject | None = None, *, cached: bool = False
) -> dict[str, Any]:
    """Everything known of one issuance; keys are stable within `version`.

    `waited` tells of the consistency wait (seconds, refusals), None when there was none. `cached`
    is true for a set of an earlier run.
    """
    credentials, lease = issued.credentials, issued.lease
    token = credentials.session_token
    return {
        "version": 1,
        "role": issued.role,
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key.reveal(),
        "session_token": token.reveal() if token is not None else None,
        "expires_at": iso(credentials.expires_at) if credentials.expires_at is not None else None,
        "lease_id": lease.id,
        "lease_expires_at": iso(lease.expires_at) if lease.expires_at is not None else None,
        "arn": issued.arn or None,
        "waited": waited,
        "cached": cached,
    }


def render(
    issued: Issued, form: str, waited: JsonObject | None = None, *, cached: bool = False
) -> str:
    """Render one issuance in a named format, ready for stdout.

    The expiry handed over is the lease's or the token's, the earlier: never later than both.
    """
    credentials = dataclasses.replace(issued.credentials, expires_at=issued.ends_at)
    return render_credentials(credentials, form, json_document(issued, waited, cached=cached))


def render_credentials(credentials: Credentials, form: str, document: JsonObject) -> str:
    """Render any credential set in a named format; `document` is what the JSON format prints."""
    if form == "json":
        return json.dumps(document, indent=2)
    if form == "process":
        return json.dumps(process_document(credentials))
    values = variables(credentials)
    for name, value in values.items():
        if "\0" in value:
            raise UsageError(
                f"{name} cannot be set in any shell",
                why="its value holds a NUL, where an environment variable ends",
                do="ask for the credentials again; if it stays, report it",
            )
    return "\n".join(SHELLS[form](values))


def how_to_use(command: str, form: str) -> str:
    """What to type so that a shell takes over what `command` prints; empty for no shell's form.

    `command` is without its format.
    """
    return {
        "env": f'eval "$({command})"',
        "fish": f"{command} --format fish | source",
        "powershell": f"{command} --format powershell | Out-String | Invoke-Expression",
        "windows-cmd": f"for /f \"delims=\" %i in ('{command} --format windows-cmd') do @%i",
    }.get(form, "")
