"""A mount with the server's own bounds (0) is as long as the server's, not of no length."""

from __future__ import annotations

from pathlib import Path

from vaultaws.config.load import load
from vaultaws.lint.check import check

TEXT = """
[mount]
default_lease_ttl = 0
max_lease_ttl = 0

[lease]
default_ttl = "1h"
max_ttl = "12h"

[roles.session]
credential_type = "session_token"
default_ttl = "1h"
max_ttl = "36h"
"""


def test_no_span_outlives_the_servers_own_bound(tmp_path: Path) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_text(TEXT)
    assert [finding.rule.id for finding in check(load(file)).open] == [
        "session-token-has-root-rights"
    ]
