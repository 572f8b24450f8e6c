"""What lint says of the declared files, where plan and apply go on from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vaultaws.cli import output
from vaultaws.config.schema import Config
from vaultaws.errors import FindingsError
from vaultaws.leases.words import count
from vaultaws.lint.check import check
from vaultaws.lint.rule import Finding


def refuse_errors(configs: Sequence[Config]) -> None:
    """Raise FindingsError for what the engine would take and then fail at, unless waived."""
    for config in configs:
        errors = check(config, action_data=False).errors
        if errors:
            raise _refused(config.file, errors)


def mention_findings(config: Config) -> None:
    """Say on stderr how much lint finds in a file."""
    found = check(config, action_data=False)
    parts = [
        count(len(listed), one, many)
        for listed, one, many in (
            (found.errors, "error", "errors"),
            (found.warnings, "warning", "warnings"),
        )
        if listed
    ]
    if parts:
        output.say(f"· lint finds {' and '.join(parts)} in {config.file} (vaultaws lint)")


def _refused(file: Path, errors: Sequence[Finding]) -> FindingsError:
    first = errors[0]
    more = f", and {count(len(errors) - 1, 'more error', 'more errors')}" if errors[1:] else ""
    place = f"{first.file}:{first.line}:{first.column}"
    return FindingsError(
        f"lint finds {count(len(errors), 'error', 'errors')} in {file}; nothing was written",
        why=f"{place} {first.key}: {first.message}{more}",
        do="see them all with vaultaws lint, mend them or waive them, then run apply again",
    )
