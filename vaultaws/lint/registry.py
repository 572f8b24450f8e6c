"""All rules by id, and all checks."""

from __future__ import annotations

from typing import Final

from vaultaws.lint import (
    access,
    actions,
    arns,
    audit,
    kinds,
    names,
    policies,
    rootconfig,
    rootpolicy,
    statics,
    ttls,
    waivers,
)
from vaultaws.lint.rule import Check, Rule

CHECKS: Final[tuple[Check, ...]] = (
    ttls.check,
    kinds.check,
    arns.check,
    policies.check,
    rootconfig.check,
    names.check,
    rootpolicy.check,
    statics.check,
    audit.check,
    access.check,
)
_OF_ALL: Final = (
    *ttls.RULES,
    *kinds.RULES,
    *arns.RULES,
    *policies.RULES,
    *rootconfig.RULES,
    *names.RULES,
    *rootpolicy.RULES,
    *statics.RULES,
    *audit.RULES,
    *access.RULES,
    *waivers.RULES,
)
RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in _OF_ALL}
DATA_RULES: Final = frozenset(rule.id for rule in actions.RULES)
"""Those that need AWS's own lists (extra `lint`)."""
