"""Sets in a real Secret Service: GNOME's keyring on a session bus of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shells import found_shell

SECRET = "planted/" * 5
SCRIPT = """
eval "$(printf made-up | gnome-keyring-daemon --unlock --components=secrets 2>/dev/null)"
exec "$PYTHON" -m tests.support.in_keyring
"""


@pytest.mark.integration
def test_a_set_is_kept_there_shared_dropped_and_never_in_clear(tmp_path: Path) -> None:
    found_shell("gnome-keyring-daemon")
    run = [found_shell("dbus-run-session"), "--", "sh", "-c", SCRIPT]
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "VAULTAWS_CACHE": "keyring",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    (tmp_path / "run").mkdir(mode=0o700)
    done = subprocess.run(
        run, env=environment, input=SECRET, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "place": "keyring",
        "hits": [False, True],
        "same": True,
        "forgotten": 1,
        "left": False,
    }
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in files)
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
