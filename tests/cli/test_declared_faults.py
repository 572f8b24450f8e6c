"""A faulty declared file at the command line: all faults on stderr, exit 1, no server asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultaws.cli.main import run


@pytest.mark.parametrize("verb", [["plan"], ["apply", "--yes"]])
def test_every_fault_is_a_line_before_the_three(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], verb: list[str]
) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_text('[mount]\npth = "aws"\n[root]\nmax_retries = true\nsecret_key = "hunter2"\n')
    assert run([*verb, "-c", str(file)]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    first, second, third, *rest = err.splitlines()
    assert first == f'{file}:2:1:  mount.pth: unknown key (did you mean "path"?)'
    assert second.startswith(f"{file}:4:1:  root.max_retries: true is not a whole number (")
    assert third.startswith(f"{file}:5:1:  root.secret_key: no secret is ever written here (")
    assert rest == [
        f"error: 3 faults in {file}",
        "why:   each line above names the place and the key; nothing was asked of a server",
        "do:    mend them, then run it again",
    ]
