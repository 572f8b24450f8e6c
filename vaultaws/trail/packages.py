"""The packages that the match needs, which the extra `trail` brings."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from vaultaws.errors import UsageError

NEEDED: Final = ("duckdb", "ibis", "isal", "msgspec", "packaging", "pyarrow")


def require(find: Callable[[str], object | None] = find_spec) -> None:
    """Raise UsageError where one is missing. Imports none of them."""
    missing = [name for name in NEEDED if find(name) is None]
    if missing:
        raise UsageError(
            "the packages that match CloudTrail with Vault are not installed",
            why=f"there is no {', '.join(missing)}",
            do="pip install 'vaultaws[trail]'",
        )
