"""`vaultaws completion SHELL`: the script that lets a shell complete our command lines."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from vaultaws.cli import output
from vaultaws.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="\b\nExample:\n"
    '  eval "$(vaultaws completion bash)"      # in ~/.bashrc; zsh alike in ~/.zshrc\n'
    "  vaultaws completion fish > ~/.config/fish/completions/vaultaws.fish"
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(*, shell: str) -> None:
    """Print the completion script of SHELL.

    It completes verbs, options, formats, the roles of the server you are logged in to, and the
    profiles that vaultaws wrote. bash needs to be 4.4 or later.
    """
    from vaultaws.cli.main import COMPLETE, vaultaws

    found = get_completion_class(shell)
    if found is None:  # click has all three
        raise UsageError("no such shell", why="click cannot complete it", do="use bash, zsh, fish")
    script = found(cli=vaultaws, ctx_args={}, prog_name="vaultaws", complete_var=COMPLETE).source()
    output.result(script.strip())
