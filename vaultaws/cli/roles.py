"""`vaultaws roles`: the roles of a mount."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, mount_option, server_options
from vaultaws.cli.wiring import open_administration
from vaultaws.config.durations import words
from vaultaws.errors import VaultDeniedError
from vaultaws.leases.offered import Offered, offered
from vaultaws.leases.words import count, printable, table
from vaultaws.model import Role
from vaultaws.vault.administration import Administration

ENGINE_DEFAULT_SECONDS: Final = 3600  # builtin/logical/aws/path_user.go: the default of ttl
HEAD: Final = ("NAME", "TYPE", "TTL", "GRANTS", "LEASES")

Bounds = tuple[int, int] | None
"""How long an IAM user's lease lives, and at most, in seconds; None where it may not be read."""
Answer = TypeVar("Answer")


@click.group(epilog="\b\nExample:\n  vaultaws roles list")
def command() -> None:
    """List and show the roles of a mount."""


@command.command("list", epilog="\b\nExample:\n  vaultaws roles list --names")
@click.option("--names", "names_only", is_flag=True, help="Print names only, one a line.")
@mount_option
@json_option
@server_options
def list_roles(*, names_only: bool, mount: str, as_json: bool, server: ServerFlags) -> None:
    """List roles: type, life of what they issue, what they grant, live leases.

    A token that may not list roles gets those that its policies name, one that may not read them
    names alone. Leases are counted where the token may list them.
    """
    vault, _ = open_administration(server)
    known = offered(vault, mount)
    with output.Progress(f"reading the roles of {mount}/"):
        roles = None if names_only else allowed(lambda: vault.read_roles(mount, known.names))
        if roles is not None:  # a policy may name what is gone
            known = replace(known, names=tuple(role.name for role in roles))
        leases = live_leases(vault, mount, known.names) if roles else {}
    if not known.complete:
        output.say(f"note: those that your policies name; you may not list the roles of {mount}/")
    if as_json:
        output.as_json(listing_document(mount, known, roles or (), leases))
    elif not known.names:
        output.say(f"no roles on {mount}/")
    elif roles is None:
        if not names_only:
            output.say("note: this token may not read them")
        output.result("\n".join(known.names))
    else:
        output.result(listing(roles, bounds(vault, mount), leases))


@command.command("show", epilog="\b\nExample:\n  vaultaws roles show ec2readonly")
@click.argument("role")
@mount_option
@json_option
@server_options
def show_role(*, role: str, mount: str, as_json: bool, server: ServerFlags) -> None:
    """Show one role with its policy, and what holds where it says nothing."""
    vault, _ = open_administration(server)
    found = vault.read_role(mount, role)
    leases = vault.count_leases(mount, [role])[role]
    if as_json:
        output.as_json({"version": 1, "mount": mount, **document(found), "live_leases": leases})
    else:
        output.result(text(found, bounds(vault, mount), leases))


def allowed(read: Callable[[], Answer]) -> Answer | None:
    """What is read, or None where the token may not."""
    try:
        return read()
    except VaultDeniedError:
        return None


def live_leases(vault: Administration, mount: str, names: Sequence[str]) -> Mapping[str, int]:
    """Live leases by role; empty where the token may not list them, which the first role tells."""
    if vault.count_leases(mount, names[:1])[names[0]] is None:
        return {}
    counts = vault.count_leases(mount, names)
    return {name: number for name, number in counts.items() if number is not None}


def bounds(vault: Administration, mount: str) -> Bounds:
    """The engine's bounds of IAM users' leases, else the mount's."""
    lease = allowed(lambda: vault.read_lease_config(mount))
    if lease is not None:
        return lease
    found = (allowed(vault.mounts) or {}).get(mount)
    if found is None:
        return None
    return found.default_lease_ttl_seconds, found.max_lease_ttl_seconds


def listing(roles: Sequence[Role], lease: Bounds, leases: Mapping[str, int]) -> str:
    """The roles in columns; that of leases only where they may be counted."""
    rows = [HEAD, *(_row(role, lease, leases) for role in roles)]
    return table(rows if leases else [row[:-1] for row in rows])


def _row(role: Role, lease: Bounds, leases: Mapping[str, int]) -> tuple[str, ...]:
    number = leases.get(role.name)
    return (
        printable(role.name),
        role.credential_type.value,
        _life(role, lease),
        ", ".join(grants(role)) or "nothing of its own",
        "—" if number is None else f"{number:,}",
    )


def _life(role: Role, lease: Bounds) -> str:
    """The life of what is issued, by default and at most; a dash where the server's own holds."""
    if role.credential_type.is_sts:
        spans = (role.default_sts_ttl_seconds or ENGINE_DEFAULT_SECONDS, role.max_sts_ttl_seconds)
    else:
        spans = lease or (0, 0)
    said = [words(seconds) if seconds else "—" for seconds in spans]
    return " … ".join(said) if any(spans) else "—"


def grants(role: Role) -> list[str]:
    """What gives rights, kind by kind."""
    kinds = (
        (len(role.role_arns), "role to assume", "roles to assume"),
        (len(role.policy_arns), "managed policy", "managed policies"),
        (len(role.iam_groups), "group", "groups"),
    )
    counted = [count(number, one, many) for number, one, many in kinds if number]
    return ["inline policy", *counted] if role.policy_document is not None else counted


def listing_document(
    mount: str, known: Offered, roles: Sequence[Role], leases: Mapping[str, int]
) -> dict[str, Any]:
    """The roles for machines: their names, and of those that may be read what they are."""
    details = [
        {
            "name": role.name,
            "credential_type": role.credential_type.value,
            "default_sts_ttl_seconds": role.default_sts_ttl_seconds,
            "max_sts_ttl_seconds": role.max_sts_ttl_seconds,
            "grants": grants(role),
            "live_leases": leases.get(role.name),
        }
        for role in roles
    ]
    return {
        "version": 1,
        "mount": mount,
        "roles": list(known.names),
        "complete": known.complete,
        "details": details,
    }


def document(role: Role) -> dict[str, Any]:
    """One role for machines."""
    return {
        "name": role.name,
        "credential_type": role.credential_type.value,
        "policy_document": role.policy_document,
        "policy_arns": list(role.policy_arns),
        "role_arns": list(role.role_arns),
        "iam_groups": list(role.iam_groups),
        "iam_tags": dict(role.iam_tags),
        "session_tags": dict(role.session_tags),
        "external_id": role.external_id,
        "default_sts_ttl_seconds": role.default_sts_ttl_seconds,
        "max_sts_ttl_seconds": role.max_sts_ttl_seconds,
        "user_path": role.user_path,
        "permissions_boundary_arn": role.permissions_boundary_arn,
        "mfa_serial_number": role.mfa_serial_number,
    }


def text(role: Role, lease: Bounds, leases: int | None) -> str:
    """One role for people, with the defaults that hold where it says nothing."""
    rows = [("role", role.name), ("type", role.credential_type.value), *_fields(role)]
    rows += _token_life(role) if role.credential_type.is_sts else _lease_life(lease)
    if leases is not None:
        rows.append(("live leases", f"{leases:,}"))
    lines = [f"{label:<16}{printable(value)}" for label, value in rows]
    if role.policy_document is not None:
        lines += ["policy", json.dumps(role.policy_document, indent=2)]
    return "\n".join(lines)


def _fields(role: Role) -> Iterator[tuple[str, str]]:
    yield from (("managed policy", arn) for arn in role.policy_arns)
    yield from (("assumes", arn) for arn in role.role_arns)
    yield from (("group", name) for name in role.iam_groups)
    yield from (("user tag", f"{key} = {value}") for key, value in role.iam_tags)
    yield from (("session tag", f"{key} = {value}") for key, value in role.session_tags)
    singles = (
        ("external id", role.external_id),
        ("user path", role.user_path),
        ("boundary", role.permissions_boundary_arn),
        ("mfa device", role.mfa_serial_number),
    )
    yield from ((label, value) for label, value in singles if value)


def _token_life(role: Role) -> list[tuple[str, str]]:
    default, longest = role.default_sts_ttl_seconds, role.max_sts_ttl_seconds
    return [
        ("default ttl", words(default) if default else "engine's own: 1 h"),
        ("longest ttl", words(longest) if longest else "the mount's longest lease"),
    ]


def _lease_life(lease: Bounds) -> list[tuple[str, str]]:
    if lease is None:
        return [("lease", "as the engine or the mount says (this token may not read it)")]
    said = [words(seconds) if seconds else "the server's own" for seconds in lease]
    return [("lease", f"{said[0]}, at most {said[1]}")]
