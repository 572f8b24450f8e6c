"""`vaultaws login`: a token, kept where the Vault CLI keeps it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vaultaws.cli import login_oidc, output, wiring
from vaultaws.cli.options import ServerFlags, server_options
from vaultaws.config import durations
from vaultaws.errors import UsageError
from vaultaws.model import Secret

if TYPE_CHECKING:
    from vaultaws.vault.connection import ConnectionSettings
    from vaultaws.vault.login import Login

METHODS = ("token", "userpass", "approle", "jwt", "kubernetes", "oidc", "aws")
_PROOFS: Final = {
    "token": "token",
    "userpass": "password",
    "approle": "secret id",
    "jwt": "JWT",
    "kubernetes": "JWT",
}
_METHODS_OF: Final = {
    "--jwt-file": ("jwt", "kubernetes"),
    "--port": ("oidc",),
    "--no-browser": ("oidc",),
    "--header-value": ("aws",),
    "--region": ("aws",),
}
_MAY_BE_NAMELESS: Final = frozenset({"token", "jwt", "oidc", "aws"})
POD_TOKEN: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
"""Where a pod finds its service account's token (Kubernetes, "Configure Service Accounts")."""
_LONGEST_JWT: Final = 64 * 1024


@click.command(epilog="\b\nExample:\n  vaultaws login userpass ada")
@click.argument("method", type=click.Choice(METHODS), default="token")
@click.argument("name", default="")
@click.option("--path", "auth_mount", help="Where the auth method is mounted.")
@click.option("--jwt-file", type=click.Path(path_type=Path), help="The JWT (jwt, kubernetes).")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Where to listen (oidc).  [default: 8250]"
)
@click.option("--no-browser", is_flag=True, help="Print the address; open nothing (oidc).")
@click.option("--header-value", default="", help="The server's X-Vault-AWS-IAM-Server-ID (aws).")
@click.option("--region", default="", help="Sign for this region's STS (aws).  [default: global]")
@click.option("--print", "to_stdout", is_flag=True, help="Print the token; keep it nowhere.")
@server_options
def command(
    *,
    method: str,
    name: str,
    auth_mount: str | None,
    jwt_file: Path | None,
    port: int | None,
    no_browser: bool,
    header_value: str,
    region: str,
    to_stdout: bool,
    server: ServerFlags,
) -> None:
    """Log in and keep the token in the token helper or ~/.vault-token.

    NAME is the user name (userpass), the role id (approle) or the role (jwt, kubernetes, oidc,
    aws; of these only kubernetes needs one). The token, password, secret id or JWT is asked for
    on a terminal, else read from the first line of standard input; kubernetes reads the pod's
    own, oidc asks in the browser, and aws signs with your own AWS credentials.
    """
    settings, mount = wiring.settings(server), auth_mount or method
    own: dict[str, object] = {"--jwt-file": jwt_file, "--port": port, "--no-browser": no_browser}
    own |= {"--header-value": header_value, "--region": region}
    _check(method, name, [option for option, value in own.items() if value])
    if method == "oidc":
        found = login_oidc.log_in(settings, name, mount, port=port, browser=not no_browser)
    elif method == "aws":
        found = _with_aws(settings, name, mount, region, header_value)
    else:
        found = _log_in(settings, method, name, _proof(method, jwt_file), mount)
    if to_stdout:
        output.result(found.token.reveal())
        return
    _keep(found)


def _check(method: str, name: str, options: list[str]) -> None:
    """Raises UsageError for a name that is missing, or an option of another method."""
    if not name and method not in _MAY_BE_NAMELESS:
        raise UsageError(
            f"{method} needs a name",
            why="it logs in as somebody",
            do=f"vaultaws login {method} NAME",
        )
    for option in options:
        if method not in _METHODS_OF[option]:
            raise UsageError(
                f"{method} takes no {option}",
                why=f"it is for {' and '.join(_METHODS_OF[option])}",
                do="leave it out",
            )


def _with_aws(
    settings: ConnectionSettings, role: str, mount: str, region: str, header_value: str
) -> Login:
    from vaultaws.aws.signed import caller_proof
    from vaultaws.vault import login

    return login.with_aws(settings, role, caller_proof(region, header_value), mount=mount)


def _log_in(
    settings: ConnectionSettings, method: str, name: str, proof: Secret, mount: str
) -> Login:
    from vaultaws.vault import login

    if method == "token":
        return login.with_token(settings, proof)
    if method == "userpass":
        return login.with_userpass(settings, name, proof, mount=mount)
    if method == "approle":
        return login.with_approle(settings, name, proof, mount=mount)
    return login.with_jwt(settings, name, proof, mount=mount)


def _keep(found: Login) -> None:
    """Keep the token where the Vault CLI does, and say for how long it is good."""
    from vaultaws.clock import SystemClock
    from vaultaws.vault import keep

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


def _proof(method: str, jwt_file: Path | None) -> Secret:
    """What proves who logs in: from a file, or as it is typed or piped in."""
    if jwt_file is not None:
        return _jwt_in(jwt_file, "give the file that holds the JWT")
    if method == "kubernetes":
        return _jwt_in(POD_TOKEN, "run it in a pod, or give --jwt-file FILE")
    return _ask(_PROOFS[method])


def _jwt_in(file: Path, do: str) -> Secret:
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_JWT).decode().strip()
    except OSError as fault:
        raise UsageError(
            f"the JWT in {file} cannot be read", why=fault.strerror or "it is no file", do=do
        ) from None
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise UsageError(f"{file} holds no JWT", why="it is empty, or no text", do=do)
    return Secret(text)


def _ask(what: str) -> Secret:
    if sys.stdin.isatty():
        return Secret(click.prompt(what[0].upper() + what[1:], hide_input=True, err=True))
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise UsageError(
            f"no {what}",
            why="standard input is not a terminal and holds no line",
            do=f"pipe the {what} into standard input",
        )
    return Secret(line)
