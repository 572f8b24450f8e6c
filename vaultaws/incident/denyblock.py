"""A deny of issuance in Vault's `default` ACL policy, between comments that name its case. Pure.

A case is named by its mark (`Case.mark`), which no other case has.

Every token bears `default`, but for root tokens and those made with no_default_policy. Of two rules
for one path the exact one counts, and there a deny goes before all else (Vault's policy
documentation, "Policy path matching"); so each path is said in full, and globs only beside that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

POLICY: Final = "default"
_MARK: Final = "# vaultaws: incident"


def with_block(text: str, case: str, paths: Sequence[str]) -> str:
    """The policy with the case's block as its last; a block of the same case is replaced."""
    rest = without_block(text, case)
    rules = [f'path "{_quoted(path)}" {{ capabilities = ["deny"] }}' for path in sorted(set(paths))]
    joint = "" if not rest or rest.endswith("\n") else "\n"
    return rest + joint + "\n".join([_begin(case), *rules, _end(case), ""])


def without_block(text: str, case: str) -> str:
    """The policy without the case's block; what is not ours stays to the byte."""
    begin, end = re.escape(_begin(case)), re.escape(_end(case))
    return re.sub(rf"^{begin}\n.*?^{end}\n?", "", text, flags=re.DOTALL | re.MULTILINE)


def paths_of(text: str, case: str) -> tuple[str, ...]:
    """The paths that the case's block denies; empty without one."""
    begin, end = re.escape(_begin(case)), re.escape(_end(case))
    found = re.search(rf"^{begin}\n(.*?)^{end}", text, flags=re.DOTALL | re.MULTILINE)
    return tuple(re.findall(r'^path "([^"]*)"', found[1], re.MULTILINE)) if found else ()


def _begin(case: str) -> str:
    return f"{_MARK} {case} begins"


def _end(case: str) -> str:
    return f"{_MARK} {case} ends"


def _quoted(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
