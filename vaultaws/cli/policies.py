"""`vaultaws policies`: the library of ready policies."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import click

from vaultaws.cli import output
from vaultaws.cli.options import json_option
from vaultaws.cli.policies_use import use_policy
from vaultaws.errors import UsageError, visible

if TYPE_CHECKING:
    from vaultaws.policy.ready import ReadyPolicy

HEAD: Final = ("NAME", "ROLE TYPES", "SIZE", "WHAT IT IS FOR")
BY_HAND: Final = "none: by hand"


@click.group(epilog="\b\nExample:\n  vaultaws policies list")
def command() -> None:
    """Ready policies, each with who it is for, why, and what it cannot do."""


@command.command("list", epilog="\b\nExample:\n  vaultaws policies list --json")
@json_option
def list_policies(*, as_json: bool) -> None:
    """List the ready policies: the role types each suits, its size, what it is for.

    The size is IAM's count, which leaves out white space; an IAM user's inline policies have 2,048
    together.
    """
    from vaultaws.leases.words import table
    from vaultaws.policy.ready import library

    found = library().values()
    if as_json:
        output.as_json({"version": 1, "policies": [_short(policy) for policy in found]})
        return
    rows = [
        (policy.name, ", ".join(policy.role_types) or BY_HAND, f"{policy.size:,}", policy.summary)
        for policy in found
    ]
    output.result(table([HEAD, *rows]))


@command.command("show", epilog="\b\nExample:\n  vaultaws policies show s3-read")
@click.argument("ready", metavar="NAME")
@json_option
def show_policy(*, ready: str, as_json: bool) -> None:
    """Show one ready policy: who, why, what it cannot do, what to fill, and the document."""
    policy = named(ready)
    if as_json:
        output.as_json({"version": 1, **_whole(policy)})
    else:
        output.result(_text(policy))


def named(name: str) -> ReadyPolicy:
    """The policy of that name. Raises UsageError with the nearest name."""
    from vaultaws.policy.ready import library

    found = library()
    if name in found:
        return found[name]
    close = get_close_matches(name, found, n=1, cutoff=0.4)
    raise UsageError(
        f'there is no ready policy "{visible(name)}"',
        why=f"the nearest is {close[0]}" if close else f"there are {len(found)}, none like it",
        do=f"vaultaws policies show {close[0]}" if close else "vaultaws policies list",
    )


def _short(policy: ReadyPolicy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "summary": policy.summary,
        "role_types": [kind.value for kind in policy.role_types],
        "attach": policy.attach or None,
        "size": policy.size,
        "placeholders": list(policy.placeholders),
    }


def _whole(policy: ReadyPolicy) -> dict[str, Any]:
    from vaultaws.policy.placeholders import KINDS

    kinds = {name: KINDS[name] for name in policy.placeholders}
    fill = [
        {"name": name, "rule": kind.rule, "example": kind.example} for name, kind in kinds.items()
    ]
    parts = policy.parts
    return {
        **{key: value for key, value in _short(policy).items() if key != "placeholders"},
        "who": parts["Who"],
        "why": parts["Why"],
        "cannot": parts["Cannot"],
        "change": parts["Change"],
        "fill": fill,
        "policy_document": json.loads(policy.text),
    }


def _text(policy: ReadyPolicy) -> str:
    """The explanation as it is written, what is to be filled, and the document."""
    from vaultaws.cli.policies_use import example
    from vaultaws.leases.words import table
    from vaultaws.policy.placeholders import KINDS

    lines = [policy.explanation.rstrip(), ""]
    if policy.placeholders:
        kinds = ((name, KINDS[name]) for name in policy.placeholders)
        rows = [(f"  {name}", f"{kind.rule} ({kind.example})") for name, kind in kinds]
        lines += ["To fill:", table(rows), f"  {example(policy)}", ""]
    return "\n".join([*lines, policy.text.rstrip()])


command.add_command(use_policy)
