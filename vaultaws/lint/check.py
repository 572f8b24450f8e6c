"""`check`: one declared file against every rule. No server is asked, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vaultaws.config.faults import DeclaredFileError
from vaultaws.config.places import Places
from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError
from vaultaws.lint import catalogue, policies, waivers
from vaultaws.lint.registry import CHECKS, DATA_RULES, RULES
from vaultaws.lint.rule import Finding, Findings, Hit, Rule, Severity

FILE = Rule(
    "file",
    Severity.ERROR,
    "a file that cannot be used",
    "The declared file or a policy file is missing, malformed, or says what nobody knows. The "
    "other rules are not asked then.",
    "docs/reference.md, the declared file",
)
"""Stands for the faults of loading, where findings are printed for machines. Not to be waived."""


def check(config: Config, *, action_data: bool = True) -> Findings:
    """Find everything, in the file's order. The file's text is read for places only if needed.

    `action_data` asks AWS's own lists of actions too, where the extra `lint` is installed; it
    takes up to a second, and finds nothing that fails at issuance.
    """
    hits = [hit for found in CHECKS for hit in found(config)]
    data_asked = action_data and catalogue.is_installed()
    if data_asked:
        hits += policies.check_actions(config, catalogue.Catalogue())
    if not hits and waivers.MARK not in config.text:
        return Findings(config.file)
    places = Places.of(config.text)
    found = waivers.apply(
        _placed(hits, places, config),
        waivers.read(places),
        known=RULES,
        asked=RULES.keys() if data_asked else RULES.keys() - DATA_RULES,
        file=config.file,
    )
    return Findings(config.file, tuple(sorted(found, key=_order)))


def faults(error: ConfigError, files: Sequence[Path]) -> list[Findings]:
    """What loading found, as findings, a file after the other."""
    if not isinstance(error, DeclaredFileError):
        whole = Finding(FILE, (), files[0], 1, 1, message=error.what, do=error.do)
        return [Findings(files[0], (whole,))]
    found: dict[Path, list[Finding]] = {}
    for fault in error.faults:
        place = (max(fault.line, 1), max(fault.column, 1))
        where = (fault.key,) if fault.key else ()
        finding = Finding(FILE, where, fault.file, *place, message=fault.what, do=fault.do)
        found.setdefault(fault.file, []).append(finding)
    return [Findings(file, tuple(each)) for file, each in found.items()]


def _placed(hits: Iterable[Hit], places: Places, config: Config) -> list[Finding]:
    policy_files = {tuple(_parts(key)): path for key, path in config.policy_files}
    return [_finding(hit, places, config.file, policy_files) for hit in hits]


def _parts(key: str) -> tuple[str, ...]:
    """`roles.NAME` or `root`; a role's name may hold dots."""
    table, _, name = key.partition(".")
    return (table, name) if name else (table,)


def _finding(
    hit: Hit, places: Places, file: Path, policy_files: Mapping[tuple[str, ...], Path]
) -> Finding:
    line, column = places.place(hit.where)
    return Finding(
        rule=hit.rule,
        where=hit.where,
        file=file,
        line=line,
        column=column,
        message=hit.message,
        do=hit.do,
        policy_file=policy_files.get(hit.where[:-1]) if hit.in_policy else None,
        policy_place=hit.policy_place,
    )


def _order(finding: Finding) -> tuple[int, int, str, str, str]:
    return (finding.line, finding.column, finding.rule.id, finding.policy_place, finding.message)
