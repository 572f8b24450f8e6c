"""Credentials in the words of each shell and of the SDKs.

Format names are the AWS CLI's (`aws configure export-credentials --format`). Quoting leaves no
value a way out of its quotes; what a shell cannot quote safely is refused, not mangled.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from vaultaws.errors import UsageError
from vaultaws.model import Credentials, Issued, JsonObject

# Set by other tools or an earlier shell, these would win over, or mix with, what we hand over.
STALE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN")


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


def cleared(values: Mapping[str, str]) -> tuple[str, ...]:
    """Names to unset so that nothing stale mixes with `values`."""
    optional = ("AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
    return (*STALE, *(name for name in optional if name not in values))


def quote_posix(value: str) -> str:
    """Quote for sh, bash and zsh: only a single quote ends single quotes. In zsh with RC_QUOTES
    two of them in a row would not; here no quote within quotes is followed by another."""
    return "'" + value.replace("'", "'\\''") + "'"


def quote_fish(value: str) -> str:
    """Quote for fish: inside single quotes only `\\` and `'` are special."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_powershell(value: str) -> str:
    """Quote for PowerShell: it takes four typographic quotes for the plain one too."""
    for mark in "'\u2018\u2019\u201a\u201b":
        value = value.replace(mark, mark * 2)
    return f"'{value}'"


def quote_cmd(name: str, value: str) -> str:
    """Quote for cmd.exe, which has no way to quote these characters at all."""
    if any(mark in value for mark in '"%!') or not value.isprintable():
        raise UsageError(
            f"{name} cannot be set safely in cmd.exe",
            why='its value holds one of " % ! or a control character, which it cannot quote',
            do="use --format powershell or --format process",
        )
    return f'set "{name}={value}"'


def _env(values: Mapping[str, str]) -> list[str]:
    lines = [f"export {name}={quote_posix(value)}" for name, value in values.items()]
    return [*lines, "unset " + " ".join(cleared(values))]


def _env_no_export(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={quote_posix(value)}" for name, value in values.items()]


def _fish(values: Mapping[str, str]) -> list[str]:
    lines = [f"set -gx {name} {quote_fish(value)}" for name, value in values.items()]
    return [*lines, *(f"set -e {name}" for name in cleared(values))]


def _powershell(values: Mapping[str, str]) -> list[str]:
    lines = [f"$Env:{name} = {quote_powershell(value)}" for name, value in values.items()]
    gone = (f"Remove-Item -ErrorAction SilentlyContinue Env:{name}" for name in cleared(values))
    return [*lines, *gone]


def _windows_cmd(values: Mapping[str, str]) -> list[str]:
    lines = [quote_cmd(name, value) for name, value in values.items()]
    return [*lines, *(f'set "{name}="' for name in cleared(values))]


SHELLS: Mapping[str, Callable[[Mapping[str, str]], list[str]]] = {
    "env": _env,
    "env-no-export": _env_no_export,
    "fish": _fish,
    "powershell": _powershell,
    "windows-cmd": _windows_cmd,
}
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


def json_document(issued: Issued, waited: JsonObject | None = None) -> dict[str, Any]:
    """Everything known of one issuance; keys are stable within `version`.

    `waited` tells of the consistency wait (seconds, refusals), None when there was none.
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
    }


def render(issued: Issued, form: str, waited: JsonObject | None = None) -> str:
    """Render one issuance in a named format, ready for stdout.

    The expiry handed over is the lease's or the token's, the earlier: never later than both.
    """
    credentials = dataclasses.replace(issued.credentials, expires_at=issued.ends_at)
    return render_credentials(credentials, form, json_document(issued, waited))


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
