"""The rules about policies, each asked once a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.config.schema import Config
from vaultaws.lint import actions, documents, escalation
from vaultaws.lint.catalogue import Catalogue
from vaultaws.lint.rule import Hit
from vaultaws.lint.subjects import subjects

RULES: Final = (*documents.RULES, *escalation.RULES, *actions.RULES)


def check(config: Config) -> Iterator[Hit]:
    """Every rule about policies that needs nothing but the policy."""
    for subject in subjects(config):
        yield from documents.check(subject)
        yield from escalation.check(subject)


def check_actions(config: Config, catalogue: Catalogue) -> Iterator[Hit]:
    """Every rule about policies that needs to know what AWS has."""
    for subject in subjects(config):
        yield from actions.check(subject, catalogue)
