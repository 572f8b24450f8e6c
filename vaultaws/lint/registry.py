"""All rules by id, and all checks."""

from __future__ import annotations

from typing import Final

from vaultaws.lint import arns, kinds, ttls, waivers
from vaultaws.lint.rule import Check, Rule

CHECKS: Final[tuple[Check, ...]] = (ttls.check, kinds.check, arns.check)
RULES: Final[dict[str, Rule]] = {
    rule.id: rule for rule in (*ttls.RULES, *kinds.RULES, *arns.RULES, *waivers.RULES)
}
