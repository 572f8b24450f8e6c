"""`vaultaws cloud show`: the templates, and the stacks made with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import file_option, json_option
from vaultaws.errors import ConfigError

if TYPE_CHECKING:
    from vaultaws.aws.stacks import Stack, StackHands
    from vaultaws.infra.stackwords import Shown


@click.command(epilog="\b\nExample:\n  vaultaws cloud show vault-root")
@click.argument("name", required=False)
@file_option("The declared file with which the stack of vault-root is compared.")
@json_option
def show(*, name: str | None, file: Path, as_json: bool) -> None:
    """List the ready templates with their stacks; of one also what its stack gives out.

    "differs" means that the stack was made with another text than the template has here: an older
    version, a file that has changed since, or somebody's own hand.
    """
    from vaultaws.aws.stacks import StackHands
    from vaultaws.cli.mfa_listing import table
    from vaultaws.clock import SystemClock
    from vaultaws.infra import stackwords
    from vaultaws.infra.cloudformation import load, names

    wanted = [load(name).name] if name else names()
    with output.Progress("asking CloudFormation"):
        found = _found(StackHands(), wanted, file)
    if as_json:
        documents = [stackwords.shown_document(each) for each in found]
        output.as_json({"version": 1, "templates": documents})
        return
    output.result(table(stackwords.rows(found, SystemClock().now())))
    for each in found if name else ():
        if each.stack is not None:
            lines = list(stackwords.outputs_text(each.stack))
            output.result("\n".join(["", *lines]) if lines else "\nIt gives nothing out.")


def _found(hands: StackHands, wanted: list[str], file: Path) -> list[Shown]:
    from vaultaws.infra.cloudformation import template_of
    from vaultaws.infra.stackwords import Shown

    stacks = hands.stacks()
    found: list[Shown] = []
    for name in wanted:
        own = [each for each in stacks if template_of(each.description) == name]
        for stack in own:
            body = _body(name, file, stack)
            found.append(Shown(name, stack, hands.body(stack.id) == body if body else None))
        if not own:
            found.append(Shown(name))
    return found


def _body(name: str, file: Path, stack: Stack) -> str:
    """The template as deploy would send it to this stack; empty where the file does not let that
    be told."""
    from vaultaws.config.load import load as load_config
    from vaultaws.infra.cloudformation import ROOT, load, with_policy
    from vaultaws.infra.rootpolicy import computed, own_user

    template = load(name)
    if name != ROOT:
        return template.body
    try:
        policy = computed(load_config(file), own_user(dict(stack.parameters)))
        return with_policy(template, policy).body
    except ConfigError:
        return ""
