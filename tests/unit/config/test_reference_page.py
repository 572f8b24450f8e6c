"""docs/reference.md says of the declared file what the tables that read it say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vaultaws.config import tables
from vaultaws.config.build import TABLES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_the_page_is_as_the_tables_are() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_table_has_its_section() -> None:
    for name in TABLES:
        assert f"### `[{name}" in PAGE


def test_every_enterprise_key_is_told_as_one() -> None:
    rows = [line for line in PAGE.splitlines() if tables.ENTERPRISE in line]
    for key in ("role_arn", "identity_token_audience", "rotation_period", "assume_role_arn"):
        assert any(row.startswith(f"| `{key}` |") for row in rows), key
