"""The command line: verbs are found by name and imported only when used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from vaultaws.cli import handler
from vaultaws.errors import UsageError
from vaultaws.interrupts import ending_signals_raise, lost_signals_return
from vaultaws.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# verb -> module below vaultaws.cli and the one-line help of the listing; each module has `command`
VERBS = {
    "up": "Start the local stack: a real server and a local AWS.",
    "down": "Take the local stack down.",
    "status": "Show the local stack.",
    "demo": "Tell the whole story on a local stack.",
    "init": "Write a first vaultaws.toml and policy.",
    "lint": "Find what will fail, before a server is asked.",
    "plan": "Show what apply would change.",
    "apply": "Make the server match the file.",
    "import": "Write the file from a live mount.",
    "policies": "Ready policies: list, show and use them.",
    "root": "Show and replace the key of the engine itself.",
    "roles": "List and show roles.",
    "static": "List, show and rotate static roles.",
    "login": "Log in to Vault and keep the token.",
    "creds": "Issue credentials.",
    "exec": "Run a command or a shell with credentials.",
    "profile": "Write, list and remove profiles in ~/.aws/config.",
    "console": "Sign in to the AWS console.",
    "completion": "Print a shell's completion script.",
    "doctor": "Find what is wrong, and what is missing.",
    "mfa": "MFA sessions, roles and your own device, without Vault.",
    "leases": "List, show, renew and revoke leases.",
    "incident": "Cut off what is suspect, and prove it.",
    "trail": "Check issuance against CloudTrail.",
    "cloud": "Deploy the AWS side by CloudFormation.",
    "terraform": "Run Terraform for Vault's side, without a secret.",
}

KEYWORDS = ("import",)  # a verb that Python keeps for itself has a module with _ at its end

COMPLETE = "_VAULTAWS_COMPLETE"
"""Set by a shell that asks for completions, and not a person for work."""

EPILOG = '\b\nExample:\n  eval "$(vaultaws creds ec2readonly)"'


def module_of(verb: str) -> str:
    """The module of a verb, below vaultaws.cli."""
    return f"{verb}_" if verb in KEYWORDS else verb


class Verbs(click.Group):
    """A group whose commands are modules, so that no verb pays for another's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"vaultaws.cli.{module_of(cmd_name)}")
        command: click.Command = module.command
        if COMPLETE in os.environ:
            from vaultaws.cli.completing import with_names

            return with_names(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs, without importing them."""
        from click.shell_completion import CompletionItem

        options = click.Command.shell_complete(self, ctx, incomplete)
        fitting = (verb for verb in VERBS if verb.startswith(incomplete))
        return [*(CompletionItem(verb, help=VERBS[verb]) for verb in fitting), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(
    cls=Verbs,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name=None, version=VERSION, prog_name="vaultaws")
def vaultaws() -> None:
    """Short-lived AWS credentials from Vault or OpenBao: declared, issued, revoked, checked."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the process's exit code."""
    if COMPLETE in os.environ:
        return complete(arguments)
    try:
        with lost_signals_return(), ending_signals_raise():
            result = vaultaws.main(list(arguments), prog_name="vaultaws", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        return handler.stopped(stop)
    except SystemExit as ending:
        return handler.ended(ending)
    except Exception as error:  # noqa: BLE001  (the one place that prints errors)
        return handler.failed(error)
    return result if isinstance(result, int) else 0


def complete(arguments: Sequence[str]) -> int:
    """Answer a shell that completes a command line; whatever happens, it hears no error."""
    from vaultaws.cli.completing import quiet

    with quiet():
        try:
            vaultaws.main(list(arguments), prog_name="vaultaws", complete_var=COMPLETE)
        except SystemExit as ending:
            return ending.code if isinstance(ending.code, int) else UsageError.exit_code
        except Exception:  # noqa: BLE001  (a prompt is no place for it)
            return UsageError.exit_code
