"""`vaultaws cloud deploy`: a ready template to a stack, shown before it is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.cloud_guards import refuse_harm
from vaultaws.cli.cloud_root import to_send
from vaultaws.cli.options import Span, file_option, json_option, yes_option
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.aws.stacks import ChangeSet, Stack
    from vaultaws.infra.deploy import Deployment, Prepared


@click.command(epilog="\b\nExample:\n  vaultaws cloud deploy vault-root -c vaultaws.toml --dry-run")
@click.argument("name")
@file_option("The declared file from which vault-root takes the rights.")
@click.option("--stack-name", default="", help="The stack.  [default: vaultaws-NAME]")
@click.option(
    "--parameter",
    "said",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the template; may be given several times. Others stay as they are.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--delete-failed", is_flag=True, help="Delete first what a failed creation has left.")
@click.option(
    "--allow-lock-out",
    is_flag=True,
    help="Enforce MFA though no administrator could come in any more.",
)
@click.option(
    "--allow-orphans",
    is_flag=True,
    help="Take rights from Vault's user that it needs to end users who are still there.",
)
@click.option("--timeout", type=Span(), default="30m", show_default=True, help="How long to wait.")
@yes_option
@json_option
def deploy(
    *,
    name: str,
    file: Path,
    stack_name: str,
    said: tuple[str, ...],
    dry_run: bool,
    delete_failed: bool,
    allow_lock_out: bool,
    allow_orphans: bool,
    timeout: int,
    yes: bool,
    as_json: bool,
) -> None:
    """Deploy the ready template NAME, after what it changes was shown.

    CloudFormation works the changes out first; nothing is done before you say yes. Exit 2 when AWS
    refuses or the stack fails, with the first reason; 124 when the wait ends before AWS is done.
    """
    from vaultaws.aws.identity import caller_identity
    from vaultaws.aws.stacks import StackHands
    from vaultaws.clock import SystemClock
    from vaultaws.config.load import load as load_config
    from vaultaws.infra.cloudformation import ROOT, load
    from vaultaws.infra.deploy import Deployment

    if not dry_run:
        demand_somebody(f"vaultaws cloud deploy {name} …", yes=yes)
    template, given = load(name), _parameters(said)
    config = load_config(file) if name == ROOT else None
    hands, account = StackHands(), caller_identity().account
    stack = stack_name or template.stack_name
    if config is not None:
        template, given = to_send(template, config, given, hands.stack(stack))
    deployment = Deployment(hands, template, stack, SystemClock())
    with output.Progress("asking CloudFormation") as progress:
        if delete_failed and not dry_run:
            _remove_failed(deployment, stack, timeout, progress, yes=yes)
        with deployment.prepared(given, progress.update) as prepared:
            refuse_harm(template, prepared, hands, lock_out=allow_lock_out, orphans=allow_orphans)
            changed = prepared.change_set
            head = f"{name} → stack {stack} in {hands.region}, account {account}"
            with progress.paused():
                _show(head, changed, err=as_json, silent=as_json and yes)
                if changed is not None and not dry_run:
                    confirm(f"Change the stack {stack} in account {account}?", yes=yes)
            ended = None
            if changed is not None and not dry_run:
                ended = _executed(deployment, changed, timeout, progress, name)
    _tell(name, prepared, ended, account=account, region=hands.region, as_json=as_json)


def _remove_failed(
    deployment: Deployment, stack: str, timeout: int, progress: output.Progress, *, yes: bool
) -> None:
    with progress.paused():
        confirm(f"Delete the stack {stack} if its creation failed?", yes=yes)
    deployment.remove_failed(float(timeout), progress.update)


def _executed(
    deployment: Deployment, changed: ChangeSet, timeout: int, progress: output.Progress, name: str
) -> Stack:
    try:
        return deployment.execute(changed, float(timeout), progress.update)
    except (KeyboardInterrupt, SystemExit):
        output.say(f"AWS goes on with what was begun: vaultaws cloud show {name}")
        raise


def _parameters(said: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise UsageError(
                f'"{each}" is no parameter',
                why="a parameter is written KEY=VALUE",
                do="--parameter KEY=VALUE",
            )
        found[key] = value
    return found


def _show(head: str, changed: ChangeSet | None, *, err: bool, silent: bool) -> None:
    from vaultaws.infra import stackwords

    if changed is None or silent:
        return
    stream = sys.stderr if err else sys.stdout
    words = stackwords.text(head, changed.changes, colour=output.colours(stream))
    if err:
        output.say(words)
    else:
        output.result(words)


def _tell(
    name: str,
    prepared: Prepared,
    ended: Stack | None,
    *,
    account: str,
    region: str,
    as_json: bool,
) -> None:
    from vaultaws.infra import stackwords

    changes = prepared.change_set.changes if prepared.change_set is not None else ()
    if as_json:
        output.as_json(
            {
                "version": 1,
                "template": name,
                "stack": prepared.stack,
                "account": account,
                "region": region,
                "executed": ended is not None,
                "status": ended.status if ended is not None else None,
                "changes": [stackwords.change_document(each) for each in changes],
                "outputs": stackwords.outputs_document(ended),
            }
        )
    elif prepared.change_set is None:
        output.result(f"Nothing to change: the stack {prepared.stack} is as it should be.")
    elif ended is not None:
        output.result("\n".join(["", stackwords.summary(changes, done=True)]))
        for line in stackwords.outputs_text(ended):
            output.result(line)
