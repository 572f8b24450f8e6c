"""`vaultaws profile`: profiles in ~/.aws/config whose credentials come from Vault."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, Span, json_option, mount_option, server_options
from vaultaws.cli.wiring import home, open_vault
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.handoff.profiles import Profile

HEAD = ("NAME", "ROLE", "COMMAND")
DEFAULT_MOUNT = "aws"
_FLAGS = {
    "address": "--address",
    "agent_address": "--agent-address",
    "namespace": "--namespace",
    "ca_cert": "--ca-cert",
    "ca_path": "--ca-path",
    "client_cert": "--client-cert",
    "client_key": "--client-key",
    "tls_server_name": "--tls-server-name",
}
_PATHS = ("--ca-cert", "--ca-path", "--client-cert", "--client-key")

force_option = click.option("--force", is_flag=True, help="Also a profile of another hand.")


@click.group(epilog="\b\nExample:\n  vaultaws profile write ec2readonly")
def command() -> None:
    """Write, list and remove profiles whose credentials come from Vault.

    They stand in ~/.aws/config, or in the file that AWS_CONFIG_FILE names. Every SDK and the AWS
    CLI asks vaultaws by their credential_process.
    """


@command.command(
    "write",
    epilog="\b\nExample:\n  vaultaws profile write prod --role ec2readonly --region eu-west-2\n"
    "  aws --profile prod ec2 describe-instances",
)
@click.argument("profile", metavar="[NAME]", default="")
@click.option("--role", default="", help="The role; the profile's name when left out.")
@click.option("--all", "every", is_flag=True, help="One for each role the token may list.")
@click.option("--ttl", type=Span(), help="How long credentials live, e.g. 15m (STS types).")
@click.option("--region", default="", help="The profile's region.")
@click.option("--output", "form", default="", help="The profile's output format (AWS CLI).")
@force_option
@mount_option
@server_options
def write_profile(
    *,
    profile: str,
    role: str,
    every: bool,
    ttl: int | None,
    region: str,
    form: str,
    force: bool,
    mount: str,
    server: ServerFlags,
) -> None:
    """Write a profile, or bring it up to date; the rest of the file stays byte for byte."""
    from vaultaws.handoff.profiles import check_setting

    if every == bool(profile) or (every and role):
        raise UsageError(
            "which profile should be written",
            why="a NAME is needed, or --all alone",
            do="vaultaws profile write ec2readonly",
        )
    settings = tuple(
        (key, check_setting(key, value))
        for key, value in (("region", region), ("output", form))
        if value
    )
    flags = baked(mount, ttl, server)
    wanted = {profile: role or profile}
    if every:
        wanted = {name: name for name in open_vault(server).list_roles(mount)}
    profiles = [_made(name, source, flags, settings) for name, source in wanted.items()]
    _write(profiles, force=force, leaving=every)
    if not server.address and not server.agent_address:
        output.hint(
            "the server is found where the profile is used (VAULT_ADDR); --address fixes it"
        )


def _made(
    name: str, role: str, flags: tuple[str, ...], settings: tuple[tuple[str, str], ...]
) -> Profile:
    from vaultaws.handoff import program
    from vaultaws.handoff.profiles import Profile, check_name, check_role

    words = (*program.this_program(), "creds", check_role(role), "--format", "process", *flags)
    return Profile(check_name(name), role, program.line(words), settings)


def baked(mount: str, ttl: int | None, server: ServerFlags) -> tuple[str, ...]:
    """The flags that a profile's command line carries: what the command line said, and a mount
    that is not the default one. Paths are made whole: an SDK runs anywhere."""
    said = {flag: getattr(server, field) or "" for field, flag in _FLAGS.items()}
    whole = {flag: str(Path(said[flag]).absolute()) for flag in _PATHS if said[flag]}
    flags = {
        "--mount": "" if mount == DEFAULT_MOUNT else mount,
        **said,
        **whole,
        "--ttl": f"{ttl}s" if ttl else "",
    }
    words = [word for flag, value in flags.items() if value for word in (flag, value)]
    return (*words, "--tls-skip-verify") if server.tls_skip_verify else tuple(words)


def _write(profiles: Sequence[Profile], *, force: bool, leaving: bool) -> None:
    """Write them all in one step, and say which. With `leaving`, those of another hand are left."""
    from vaultaws.handoff import awsfile
    from vaultaws.handoff.profiles import names, ours, written

    path = awsfile.config_path(os.environ, home())
    left: list[str] = []
    changed: list[str] = []

    def edit(text: str) -> str:
        left.clear()
        changed.clear()
        foreign = names(text) - {profile.name for profile in ours(text)}
        for profile in profiles:
            if leaving and not force and profile.name in foreign:
                left.append(profile.name)
                continue
            after = written(text, profile, force=force)
            if after != text:
                changed.append(profile.name)
            text = after
        return text

    awsfile.change(path, edit, os.environ)
    for profile in profiles:
        if profile.name not in left:
            state = "written" if profile.name in changed else "unchanged"
            output.result(f"{state}  {profile.name}  (role {profile.role}, {path})")
    for name in left:
        output.say(f"note: {name} was not written by vaultaws and is left alone (--force)")
    for name in sorted(shadowed({profile.name for profile in profiles})):
        output.say(
            f"note: {awsfile.credentials_path(os.environ, home())} has keys for {name}:"
            " the SDKs take those first"
        )


def shadowed(wanted: set[str]) -> set[str]:
    """Those of the profiles for which the credentials file has keys."""
    from vaultaws.handoff import awsfile, keyfile

    return wanted & set(keyfile.with_keys(awsfile.credentials_path(os.environ, home())))


@command.command("list", epilog="\b\nExample:\n  vaultaws profile list --json")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the profiles that vaultaws wrote."""
    from vaultaws.handoff import awsfile
    from vaultaws.handoff.profiles import ours
    from vaultaws.leases.words import printable, table

    path = awsfile.config_path(os.environ, home())
    found = ours(awsfile.read(path))
    if as_json:
        output.as_json(document(path, found))
    elif not found:
        output.say(f"no profiles of vaultaws in {path}")
    else:
        rows = ((item.name, item.role, printable(item.command)) for item in found)
        output.result(table([HEAD, *rows]))


def document(path: Path, found: Sequence[Profile]) -> dict[str, Any]:
    """The profiles for machines; keys are stable within `version`."""
    return {
        "version": 1,
        "file": str(path),
        "profiles": [
            {
                "name": item.name,
                "role": item.role,
                "command": item.command,
                "region": dict(item.settings).get("region"),
                "output": dict(item.settings).get("output"),
            }
            for item in found
        ],
    }


@command.command("remove", epilog="\b\nExample:\n  vaultaws profile remove ec2readonly")
@click.argument("profile", metavar="NAME")
@force_option
def remove_profile(*, profile: str, force: bool) -> None:
    """Remove a profile that vaultaws wrote."""
    from vaultaws.handoff import awsfile
    from vaultaws.handoff.profiles import removed

    path = awsfile.config_path(os.environ, home())
    awsfile.change(path, lambda text: removed(text, profile, force=force), os.environ)
    output.result(f"removed  {profile}  ({path})")
