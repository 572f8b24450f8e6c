"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import ROLE, declare, operator, root_shell
from tests.support.wired import Wired


@pytest.fixture
def declared(wired: Wired, tmp_path: Path) -> Shell:
    """The operator's shell in a directory whose file, with one role, has been applied."""
    declare(wired, tmp_path, ROLE)
    done = root_shell(wired, tmp_path).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return operator(wired, tmp_path)
