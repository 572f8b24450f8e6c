"""What holds for every test run."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.guard import guarded
from tests.support.measured import note_only_what_ran

# Two busy cores make single examples slow; the limits of a test are its examples, not its time.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A shell without job control starts its background jobs with Ctrl-C ignored, and children inherit
# that. Many tests are about Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A person's own settings would leak into the tests; each test says what it needs.
FOREIGN = ("AWS_", "VAULT_", "BAO_", "XDG_STATE_HOME")
OURS = ("AWS_CA_BUNDLE", "VAULT_IMAGE")


@pytest.fixture(scope="session", autouse=True)
def _measured() -> None:
    """Commands are cheap to measure; each worker's coverage has begun by now."""
    note_only_what_ran()


@pytest.fixture(scope="session", autouse=True)
def _guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of a killed run stays: no fixture of it is torn down any more."""
    with guarded(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New empty directories. In pytest's own, each new name is sought among all that are there."""
    where = tmp_path_factory.mktemp("homes")
    return (where / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """Tests see no server, account or state directory of the person who runs them."""
    home = next(_homes)
    home.mkdir(mode=0o700)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name not in OURS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("VAULTAWS_CACHE", "off")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """VAULTAWS_NO_SKIPS=1 (CI): a skipped test is a failure, so that nothing hides."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("VAULTAWS_NO_SKIPS") != "1":
        return
    if reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
