"""[audit.*]: devices that write what nobody should read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.config.schema import Config
from vaultaws.lint.rule import Hit, Rule, Severity

IN_CLEAR: Final = Rule(
    "audit-in-clear",
    Severity.WARNING,
    "an audit device that writes secrets in clear",
    "With log_raw the log holds every secret key, session token and Vault token that was issued; "
    "without it, digests, by which `vaultaws trail` finds them all the same. The server takes "
    "true, True, TRUE, t, T and 1 for yes.",
    "Vault docs, audit devices: log_raw",
)
RULES: Final = (IN_CLEAR,)


def check(config: Config) -> Iterator[Hit]:
    """Every rule about audit devices."""
    for device in config.audit:
        if device.writes_in_clear:
            message = f"whoever reads the log of {device.path} has what was issued"
            yield IN_CLEAR.at(("audit", device.path, "log_raw"), message, do="leave log_raw out")
