"""A search of CloudTrail's history that is stopped says how the next one goes on with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vaultaws.aws.errors import AwsSetupError
from vaultaws.cli.trail_wiring import told_how_to_go_on
from vaultaws.errors import AwsError
from vaultaws.trail.check import Sources
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.gather import History, LogFiles
from vaultaws.trail.sources.events import FolderSource

END = datetime(2026, 11, 21, 9, 40, 12, 345, tzinfo=UTC)
WINDOW = Window(END - timedelta(hours=1), END)
HISTORY = Sources(events=History(lambda *_, **__: ()), identity=VaultIdentity())


@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), SystemExit(143), AwsError("no", why="busy", do="wait")]
)
def test_the_end_of_the_window_is_named(stop: BaseException) -> None:
    with pytest.raises(type(stop)) as raised, told_how_to_go_on(HISTORY, WINDOW):
        raise stop
    (note,) = raised.value.__notes__
    assert note.endswith("the same with --until 2026-11-21T09:40:12Z goes on")


def test_what_was_never_asked_is_not_kept() -> None:
    stop = AwsSetupError("AWS was not asked", why="there are no AWS credentials", do="set them")
    with pytest.raises(AwsSetupError) as raised, told_how_to_go_on(HISTORY, WINDOW):
        raise stop
    assert not hasattr(raised.value, "__notes__")


def test_log_files_are_kept_in_any_case(tmp_path: Path) -> None:
    files = Sources(events=LogFiles(FolderSource(tmp_path), None), identity=VaultIdentity())
    with pytest.raises(KeyboardInterrupt) as raised, told_how_to_go_on(files, WINDOW):
        raise KeyboardInterrupt
    assert not hasattr(raised.value, "__notes__")
