"""The first script: it names what is missing, and a half-made environment is never used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "scripts" / "bootstrap.py"


def bootstrap(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BOOTSTRAP), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], **environment},
    )


def test_no_package_index_is_one_clear_error(tmp_path: Path) -> None:
    environment = {
        "XDG_CACHE_HOME": str(tmp_path),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = bootstrap("demo", **environment)
    assert done.returncode == 1
    assert "error: cannot install the locked packages" in done.stderr
    assert "do:    check the network" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("vaultaws/venv/*/complete")) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = bootstrap("demo", XDG_CACHE_HOME=str(blocked))
    assert done.returncode == 1
    assert "error: cannot write the cache directory" in done.stderr


def test_no_python_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    done = subprocess.run(
        ["/bin/bash", str(ROOT / "scripts" / "demo")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "error: no Python 3.11 or later on PATH" in done.stderr
    assert "VAULTAWS_PYTHON" in done.stderr
