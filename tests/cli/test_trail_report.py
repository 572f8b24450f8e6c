"""Where the report goes: stdout, or a file of its own that is whole or not there."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path

import pytest

from tests.support import reports
from tests.support.disk import full_disk
from vaultaws.cli.main import run
from vaultaws.cli.trail_report import can_say, place_for, show, write
from vaultaws.errors import LocalStateError, UsageError
from vaultaws.trail.page.page import render

NOW = reports.END


def page() -> str:
    return render(reports.report(3), written=NOW)


def test_a_new_file_is_its_owners_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trail.html"
    show(reports.report(3), file, place_for(file), as_json=False, now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text("utf-8") == page()
    seen = capfd.readouterr()
    assert seen.out == ""
    assert seen.err.startswith(f"· wrote {file} (")
    assert [found.name for found in tmp_path.iterdir()] == ["trail.html"]


def test_an_earlier_report_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    for before in (page(), ""):
        file = tmp_path / "trail.html"
        file.write_text(before, "utf-8")
        write(place_for(file), "new")
        assert file.read_text() == "new"
        file.unlink()


def test_any_other_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_text("[mount]\n")
    with pytest.raises(UsageError, match="cannot be the report") as refused:
        place_for(file)
    assert "no report of vaultaws" in refused.value.why
    with pytest.raises(UsageError):
        place_for(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError):
        place_for(tmp_path / "pipe")


def test_a_link_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text(page(), "utf-8")
    (tmp_path / "link.html").symlink_to("real.html")
    write(place_for(tmp_path / "link.html"), "new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "new"


def test_where_no_file_can_be_is_said_before_anything_is_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "round").symlink_to("round")
    for file in (tmp_path / "missing" / "trail.html", tmp_path / "round" / "trail.html"):
        with pytest.raises(LocalStateError):
            place_for(file)
    assert run(["trail", "report", "--html", str(tmp_path / "missing" / "trail.html")]) == 1
    seen = capfd.readouterr()
    assert (seen.out, seen.err.splitlines()[2]) == ("", "do:    choose another file: --html FILE")


def test_a_full_disk_leaves_the_earlier_report(tmp_path: Path) -> None:
    file = tmp_path / "trail.html"
    file.write_text(page(), "utf-8")
    with full_disk(1_000), pytest.raises(LocalStateError, match="cannot be written"):
        write(place_for(file), "x" * 5_000)
    assert file.read_text("utf-8") == page()
    assert [found.name for found in tmp_path.iterdir()] == ["trail.html"]


def test_stdout_takes_the_page(capfd: pytest.CaptureFixture[str]) -> None:
    show(reports.report(3), Path("-"), None, as_json=False, now=NOW)
    seen = capfd.readouterr()
    assert (seen.out, seen.err) == (page(), "")
    assert run(["trail", "report", "--html", "-", "--json"]) == 1


def test_json_stands_beside_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trail.html"
    show(reports.report(3), file, place_for(file), as_json=True, now=NOW)
    assert json.loads(capfd.readouterr().out)["counts"]["unexplained"] == 1
    assert file.exists()


def test_without_either_it_is_a_chart(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    show(reports.report(3), None, None, as_json=False, now=NOW)
    out = capfd.readouterr().out
    assert "\x1b" not in out
    assert {len(line) for line in out.split("\n\n")[1].splitlines()[:-1]} == {90}


@pytest.mark.parametrize(
    ("encoding", "can"), [("utf-8", True), ("ascii", False), ("cp1252", False)]
)
def test_blocks_are_for_terminals_that_have_them(encoding: str, can: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert can_say(stream, "█░▒…·—") is can
