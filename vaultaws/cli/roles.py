"""`vaultaws roles`: the roles of a mount."""

from __future__ import annotations

import json
from typing import Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.cli.wiring import open_vault
from vaultaws.config import durations
from vaultaws.model import Role


@click.group(epilog="\b\nExample:\n  vaultaws roles list")
def command() -> None:
    """List and show the roles of a mount."""


@command.command("list", epilog="\b\nExample:\n  vaultaws roles list --json")
@mount_option
@json_option
@server_options
def list_roles(*, mount: str, as_json: bool, server: ServerFlags) -> None:
    """List role names."""
    names = open_vault(server).list_roles(mount)
    if as_json:
        output.as_json({"version": 1, "mount": mount, "roles": names})
    elif names:
        output.result("\n".join(names))
    else:
        output.say(f"no roles on {mount}/")


@command.command("show", epilog="\b\nExample:\n  vaultaws roles show ec2readonly")
@click.argument("role")
@mount_option
@json_option
@server_options
def show_role(*, role: str, mount: str, as_json: bool, server: ServerFlags) -> None:
    """Show one role."""
    found = open_vault(server).read_role(mount, role)
    if as_json:
        output.as_json({"version": 1, "mount": mount, **document(found)})
    else:
        output.result(text(found))


def document(role: Role) -> dict[str, Any]:
    """One role for machines."""
    return {
        "name": role.name,
        "credential_type": role.credential_type.value,
        "policy_document": role.policy_document,
        "policy_arns": list(role.policy_arns),
        "role_arns": list(role.role_arns),
        "default_sts_ttl_seconds": role.default_sts_ttl_seconds,
        "max_sts_ttl_seconds": role.max_sts_ttl_seconds,
        "user_path": role.user_path,
        "permissions_boundary_arn": role.permissions_boundary_arn,
    }


def text(role: Role) -> str:
    """One role for people; what is not set is not shown."""
    rows = [("role", role.name), ("type", role.credential_type.value)]
    rows += [("managed policy", arn) for arn in role.policy_arns]
    rows += [("assumes", arn) for arn in role.role_arns]
    spans = (
        ("default ttl", role.default_sts_ttl_seconds),
        ("longest ttl", role.max_sts_ttl_seconds),
    )
    rows += [(label, durations.words(seconds)) for label, seconds in spans if seconds]
    extras = (("user path", role.user_path), ("boundary", role.permissions_boundary_arn))
    rows += [(label, value) for label, value in extras if value]
    lines = [f"{label:<16}{value}" for label, value in rows]
    if role.policy_document is not None:
        lines += ["policy", json.dumps(role.policy_document, indent=2)]
    return "\n".join(lines)
