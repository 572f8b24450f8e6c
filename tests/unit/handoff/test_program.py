"""One command line, split alike by every SDK."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vaultaws.errors import UsageError
from vaultaws.handoff import program

PRINTER = "import json,sys; print(json.dumps(sys.argv[1:]))"


def test_python_and_a_shell_split_it_into_the_same_words(tmp_path: Path) -> None:
    """shlex is botocore's; the SDKs for Go, JavaScript and PHP ask `sh -c`."""
    place = tmp_path / "a path with  spaces" / "vaultaws"
    place.parent.mkdir()
    place.write_text(f"#!{sys.executable}\n{PRINTER}\n")
    place.chmod(0o755)
    words = ("creds", "r@x.y-z", "--mount", "team/aws", "--address", "https://[::1]:8200"[:8] + "h")
    text = program.line((str(place), *words))
    assert program.split(text) == (str(place), *words)
    printed = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    assert tuple(json.loads(printed.stdout)) == words


@pytest.mark.parametrize(
    "word", ["", "$HOME", "a'b", 'a"b', "a\\b", "a;b", "a\nb", "`x`", "*", "é"]
)
def test_what_they_would_split_differently_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="credential_process"):
        program.line(("/bin/vaultaws", word))


def test_the_program_is_the_command_that_was_called(tmp_path: Path) -> None:
    real = tmp_path / "store" / "vaultaws"
    real.parent.mkdir()
    shutil.copy("/bin/true", real)
    link = tmp_path / "bin" / "vaultaws"
    link.parent.mkdir()
    link.symlink_to(real)
    assert program.own_program(str(link), sys.executable) == (str(link),)


def test_without_a_command_it_is_the_interpreter(tmp_path: Path) -> None:
    python = str(tmp_path / "python3")
    assert program.own_program(str(tmp_path / "__main__.py"), python) == (python, "-m", "vaultaws")
    (tmp_path / "vaultaws").write_text("#!/bin/sh\n")
    (tmp_path / "vaultaws").chmod(0o755)
    assert program.own_program("x.py", python) == (str(tmp_path / "vaultaws"),)


def test_what_cannot_be_split_has_no_words() -> None:
    assert program.split('a "b') == ()
