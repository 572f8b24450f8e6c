"""Role names for a shell: asked once, kept a while, and never anything else than a name."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.support.stage import Reply, Seen, Stage
from vaultaws.cli.main import COMPLETE, run

HOSTILE = ["reader", "a b", "$(id)", "x\ny", "*", "plain,z", "-rf", "é", "", "a" * 200, "../../x"]


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", "made-up-token")
    monkeypatch.setenv(COMPLETE, "bash_complete")
    return tmp_path / "vaultaws" / "completion"


def complete(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert run([]) in (0, 1)
    seen = capfd.readouterr()
    assert seen.err == ""
    return seen.out.split()


def lists(names: list[str]) -> Stage:
    return Stage(lambda _: Reply(200, {"data": {"keys": names}}))


def test_names_are_asked_for_once_and_hostile_ones_are_left_out(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = lists(HOSTILE)
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    try:
        for _ in range(3):
            assert complete("vaultaws creds ", monkeypatch, capfd) == ["plain,reader"]
        assert len(stage.seen) == 1
        (file,) = caches.iterdir()
        assert "made-up-token" not in file.read_text() + file.name
        assert file.stat().st_mode & 0o077 == 0
        old = time.time() - 301
        os.utime(file, (old, old))
        complete("vaultaws creds ", monkeypatch, capfd)
        assert len(stage.seen) == 2
    finally:
        stage.stop()


@pytest.mark.parametrize("kept", ["[1]", "{", "{}", "null", "\x00"])
def test_a_spoilt_cache_is_asked_anew(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kept: str
) -> None:
    stage = lists(["reader"])
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    try:
        complete("vaultaws creds ", monkeypatch, capfd)
        (file,) = caches.iterdir()
        file.write_text(kept)
        assert complete("vaultaws creds r", monkeypatch, capfd) == ["plain,reader"]
        assert json.loads(file.read_text()) == ["reader"]
    finally:
        stage.stop()


def test_another_mount_is_another_question(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def script(seen: Seen) -> Reply:
        return Reply(200, {"data": {"keys": [seen.path.split("/")[2]]}})

    stage = Stage(script)
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    try:
        found = complete("vaultaws creds --mount other ", monkeypatch, capfd)
        assert found == ["plain,other"]
        assert complete("vaultaws creds ", monkeypatch, capfd) == ["plain,aws"]
    finally:
        stage.stop()


def test_a_server_that_does_not_answer_is_not_waited_for(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(lambda _: Reply(hang=True))
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    try:
        assert complete("vaultaws creds ", monkeypatch, capfd) == []
    finally:
        stage.stop()


@pytest.mark.parametrize(
    "line", ["vaultaws nonsense x", "vaultaws creds --nonsense x", 'vaultaws "']
)
def test_lines_that_mean_nothing(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], line: str
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    complete(line, monkeypatch, capfd)


def test_a_shell_that_click_does_not_know(
    caches: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(COMPLETE, "junk")
    assert complete("vaultaws x", monkeypatch, capfd) == []
