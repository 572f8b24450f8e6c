"""The command line: verbs are found by name and imported only when used."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from vaultaws.cli import handler
from vaultaws.errors import UsageError
from vaultaws.interrupts import ending_signals_raise

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
    "root": "Show and replace the key of the engine itself.",
    "roles": "List and show roles.",
    "static": "List, show and rotate static roles.",
    "login": "Log in to Vault and keep the token.",
    "creds": "Issue credentials.",
    "exec": "Run a command or a shell with credentials.",
    "leases": "List and revoke leases.",
    "trail": "Check issuance against CloudTrail.",
}

KEYWORDS = ("import",)  # a verb that Python keeps for itself has a module with _ at its end

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
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(
    cls=Verbs,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name=None, version="0.1.0", prog_name="vaultaws")
def vaultaws() -> None:
    """Short-lived AWS credentials from Vault or OpenBao: declared, issued, revoked, checked."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the process's exit code."""
    try:
        with ending_signals_raise():
            result = vaultaws.main(list(arguments), prog_name="vaultaws", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        return handler.stopped(stop)
    except SystemExit as ending:
        return handler.ended(ending)
    except Exception as error:  # noqa: BLE001  (the one place that prints errors)
        return handler.report(handler.ours(error))
    return result if isinstance(result, int) else 0
