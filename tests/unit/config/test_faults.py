"""How faults are told: one a line, aligned, counted, and safe for a terminal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from vaultaws.config.faults import DeclaredFileError, Fault, dotted, shown

FILE = Path("vaultaws.toml")
KEY_ID = "AKIA" + "0" * 16


def fault(line: int, key: str = "mount.path", file: Path = FILE) -> Fault:
    return Fault(file, line, 1, key, "it is odd", "mend it")


def test_the_faults_come_before_the_three_lines_and_are_aligned() -> None:
    error = DeclaredFileError.of((fault(8), fault(120, "root.region")))
    assert error.describe().splitlines() == [
        "vaultaws.toml:8:1:    mount.path: it is odd (mend it)",
        "vaultaws.toml:120:1:  root.region: it is odd (mend it)",
        "error: 2 faults in vaultaws.toml",
        "why:   each line above names the place and the key; nothing was asked of a server",
        "do:    mend them, then run it again",
    ]


def test_one_fault_is_one() -> None:
    said = DeclaredFileError.of((fault(8),)).describe().splitlines()
    assert said[1] == "error: 1 fault in vaultaws.toml"
    assert said[3] == "do:    mend it, then run it again"


def test_several_files_are_counted() -> None:
    error = DeclaredFileError.of((fault(1), fault(1, file=Path("b.toml"))))
    assert error.what == "2 faults in 2 files"


def test_ten_thousand_faults_are_no_flood() -> None:
    error = DeclaredFileError.of(tuple(fault(line) for line in range(1, 10_001)))
    lines = error.describe().splitlines()
    assert len(lines) == 24
    assert lines[20] == "… and 9,980 more"
    assert lines[21] == "error: 10,000 faults in vaultaws.toml"
    assert len(error.faults) == 10_000


def test_a_fault_of_the_whole_file_has_no_line() -> None:
    error = DeclaredFileError.of((Fault(FILE, 0, 0, "", "it is a directory", "name a file"),))
    assert error.describe().splitlines()[0] == "vaultaws.toml:  it is a directory (name a file)"


def test_nothing_reaches_the_terminal_that_it_would_obey() -> None:
    evil = Fault(Path("a\x1b[2J.toml"), 1, 1, dotted(("\x1b[31m",)), "\u202e\n", "\x07")
    said = DeclaredFileError.of((evil,)).describe()
    assert all(char.isprintable() for char in said.replace("\n", ""))
    assert len(said.splitlines()) == 4


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("roles", "a-b", "policy"), "roles.a-b.policy"),
        (("roles", "a.b"), 'roles."a.b"'),
        (("", "é"), '""."é"'),
        (("roles", KEY_ID), "roles.•••"),
        (("a" * 99 + " ",), '"' + "a" * 59 + '…"'),
    ],
)
def test_keys_are_written_as_toml_writes_them(path: tuple[str, ...], written: str) -> None:
    assert dotted(path) == written


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x", '"x"'),
        (KEY_ID, "•••"),
        (True, "true"),
        (-5, "-5"),
        (10**99, "that number"),
        (1.5, "1.5"),
        (date(2026, 11, 21), "the date 2026-11-21"),
        ([1], "a list"),
        ({}, "a table"),
    ],
)
def test_values_are_shown_short(value: object, words: str) -> None:
    assert shown(value) == words
