"""`vaultaws lint`: what the declared state will fail at, before any server is asked."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import files_options, json_option
from vaultaws.config.load import load_all
from vaultaws.errors import ConfigError, FindingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vaultaws.lint.rule import Findings


@click.command(epilog="\b\nExample:\n  vaultaws lint --format sarif > lint.sarif")
@files_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="What to print.",
)
@json_option
@click.option("--strict", is_flag=True, help="Exit 3 on warnings too.")
@click.option("--show-waived", is_flag=True, help="Show what waivers allow.")
@click.option("--rules", "list_rules", is_flag=True, help="List every rule and end.")
@click.option("--explain", metavar="RULE", help="Tell all about one rule and end.")
def command(
    *,
    files: tuple[Path, ...],
    form: str,
    as_json: bool,
    strict: bool,
    show_waived: bool,
    list_rules: bool,
    explain: str | None,
) -> int:
    """Find what the engine stores and then fails at, and what AWS will refuse.

    Reads declared files and the policies they name; asks no server. A comment
    `# vaultaws: allow RULE reason` at a key or table allows what is found there.
    """
    form = "json" if as_json else form
    if explain is not None:
        _explain(explain)
        return 0
    if list_rules:
        _list_rules(form)
        return 0
    return _lint(files, form, strict=strict, show_waived=show_waived)


def _lint(files: tuple[Path, ...], form: str, *, strict: bool, show_waived: bool) -> int:
    from vaultaws.lint import show
    from vaultaws.lint.check import check, faults

    _say_what_is_missing()
    try:
        checked = [check(config) for config in load_all(files)]
    except ConfigError as error:
        if form == "text":
            raise
        _for_machines(faults(error, files), form, usable=False)
        return error.exit_code
    if form == "text":
        output.result(show.text(checked, show_waived=show_waived))
    else:
        _for_machines(checked, form, usable=True)
    wrong = any(found.errors or (strict and found.warnings) for found in checked)
    return FindingsError.exit_code if wrong else 0


def _say_what_is_missing() -> None:
    """Without the extra `lint` some rules are not asked; nobody should think that they were."""
    from vaultaws.lint import catalogue

    if not catalogue.is_installed():
        output.say(
            "note: unknown actions and condition keys are not looked for; "
            "they need: pip install 'vaultaws[lint]'"
        )


def _for_machines(checked: Sequence[Findings], form: str, *, usable: bool) -> None:
    from vaultaws.lint import sarif, show
    from vaultaws.lint.check import FILE
    from vaultaws.lint.registry import RULES

    if form == "json":
        output.as_json(show.document(checked))
    else:
        rules = (*RULES.values(), FILE)
        output.as_json(sarif.document(checked, rules, root=Path.cwd(), usable=usable))


def _list_rules(form: str) -> None:
    from vaultaws.lint import show
    from vaultaws.lint.registry import RULES

    if form == "json":
        output.as_json(show.rules_document(RULES.values()))
    else:
        output.result(show.rules(RULES.values()))


def _explain(name: str) -> None:
    """Print one rule. Raises UsageError with the nearest name."""
    from vaultaws.lint import show
    from vaultaws.lint.registry import RULES

    if name not in RULES:
        close = get_close_matches(name, RULES, n=1)
        raise UsageError(
            f'there is no rule "{name}"',
            why=f"the nearest is {close[0]}" if close else f"lint knows {len(RULES)} rules",
            do="vaultaws lint --rules",
        )
    output.result(show.explanation(RULES[name]))
