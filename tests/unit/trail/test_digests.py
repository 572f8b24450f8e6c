"""Digests that are asked for once: what is kept, what is not, and what can become of the file."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.disk import run_on_full_disk
from vaultaws.errors import VaultDeniedError
from vaultaws.trail import digests
from vaultaws.trail.digests import PROBE, Kept, each

SMALL = """
import sys
from pathlib import Path
from vaultaws.trail.digests import Kept
kept = Kept(lambda values: {v: "hmac-sha256:" + v[-1] * 64 for v in values}, Path(sys.argv[1]))
assert len(kept([f"key-{n % 10}" + str(n % 10) for n in range(10)])) == 10
"""


class Device:
    """An audit device that remembers what it was asked."""

    def __init__(self, salt: str = "salt") -> None:
        self.salt = salt
        self.asked: list[str] = []

    def of(self, value: str) -> str:
        return f"hmac-sha256:{hashlib.sha256((self.salt + value).encode()).hexdigest()}"

    def __call__(self, values: Sequence[str]) -> Mapping[str, str]:
        self.asked += values
        return {value: self.of(value) for value in values}


def test_a_value_is_asked_for_once_whoever_asks(tmp_path: Path) -> None:
    device = Device()
    first = Kept(device, tmp_path / "kept")
    assert first(["a", "b"]) == {"a": device.of("a"), "b": device.of("b")}
    assert first(["b", "c"]) == {"b": device.of("b"), "c": device.of("c")}
    assert device.asked == [PROBE, "a", "b", "c"]
    again = Device()
    assert Kept(again, tmp_path / "kept")(["c", "d"]) == {"c": device.of("c"), "d": device.of("d")}
    assert again.asked == [PROBE, "d"]


@pytest.mark.parametrize("end", [VaultDeniedError("no", why="no", do="no"), KeyboardInterrupt()])
def test_a_run_that_ends_midway_is_gone_on_with(tmp_path: Path, end: BaseException) -> None:
    values = [f"key-{number}" for number in range(3 * digests.AT_ONCE)]
    device = Device()

    def dying(asked: Sequence[str]) -> Mapping[str, str]:
        if len(device.asked) > 2 * digests.AT_ONCE:
            raise end
        return device(asked)

    with pytest.raises(type(end)):
        Kept(dying, tmp_path)(values)
    again = Device()
    assert Kept(again, tmp_path)(values) == {value: again.of(value) for value in values}
    assert again.asked == [PROBE, *values[2 * digests.AT_ONCE :]]


def test_nothing_is_asked_where_nothing_is_wanted(tmp_path: Path) -> None:
    device = Device()
    assert Kept(device, tmp_path)([]) == {}
    assert device.asked == []


def test_a_device_that_was_made_anew_is_asked_again(tmp_path: Path) -> None:
    Kept(Device("old"), tmp_path)(["a"])
    new = Device("new")
    assert Kept(new, tmp_path)(["a"]) == {"a": new.of("a")}
    old = Device("old")
    assert Kept(old, tmp_path)(["a"]) == {"a": old.of("a")}
    assert (new.asked, old.asked) == ([PROBE, "a"], [PROBE])


def test_the_file_is_ours_alone_and_names_no_value(tmp_path: Path) -> None:
    Kept(Device(), tmp_path / "kept")(["key-of-ada"])
    (file,) = (tmp_path / "kept").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert b"ada" not in file.read_bytes()


@pytest.mark.parametrize("torn", [b"0123", b"\xff\xfe no line\n", b"a" * 64 + b" hmac-sha256:zz"])
def test_what_is_no_line_is_no_digest_and_spoils_no_other(tmp_path: Path, torn: bytes) -> None:
    device = Device()
    Kept(device, tmp_path)(["a"])
    (file,) = tmp_path.iterdir()
    with file.open("ab") as spoilt:
        spoilt.write(torn)
    Kept(device, tmp_path)(["b"])
    device.asked.clear()
    assert Kept(device, tmp_path)(["a", "b"]) == {"a": device.of("a"), "b": device.of("b")}
    assert device.asked == [PROBE]


def test_an_answer_that_is_no_digest_is_told_but_not_kept(tmp_path: Path) -> None:
    asked: list[str] = []

    def odd(values: Sequence[str]) -> Mapping[str, str]:
        asked.extend(values)
        return dict.fromkeys(values, "hmac-sha256:odd\nline")

    for _ in range(2):
        assert Kept(odd, tmp_path)(["a"]) == {"a": "hmac-sha256:odd\nline"}
    assert asked == [PROBE, "a"] * 2


def test_where_nothing_can_be_kept_the_server_is_asked(tmp_path: Path) -> None:
    place = tmp_path / "no-directory"
    place.write_text("")
    device = Device()
    for _ in range(2):
        assert Kept(device, place)(["a"]) == {"a": device.of("a")}
    assert device.asked == [PROBE, "a"] * 2


def test_a_link_in_the_file_s_place_is_not_written_through(tmp_path: Path) -> None:
    device = Device()
    Kept(device, tmp_path / "kept")(["a"])
    (file,) = (tmp_path / "kept").iterdir()
    file.unlink()
    other = tmp_path / "precious"
    other.write_text("mine")
    file.symlink_to(other)
    assert Kept(device, tmp_path / "kept")(["b"]) == {"b": device.of("b")}
    assert other.read_text() == "mine"


def test_a_disk_that_is_full_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    run_on_full_disk(SMALL, tmp_path, 300)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size == 300


def test_a_file_grown_too_large_is_begun_anew(tmp_path: Path) -> None:
    device = Device()
    Kept(device, tmp_path)(["a"])
    (file,) = tmp_path.iterdir()
    os.truncate(file, digests.MOST_BYTES + 1)
    device.asked.clear()
    Kept(device, tmp_path)(["a"])
    assert device.asked == [PROBE, "a"]
    assert file.stat().st_size < 1_000


def test_the_file_of_a_device_that_nobody_asks_goes_after_thirty_days(tmp_path: Path) -> None:
    Kept(Device("old"), tmp_path)(["a"])
    (old,) = tmp_path.iterdir()
    month_ago = time.time() - 31 * 86_400
    os.utime(old, (month_ago, month_ago))
    Kept(Device("new"), tmp_path)(["a"])
    assert old not in list(tmp_path.iterdir())


def test_a_refusal_is_raised_and_leaves_nothing(tmp_path: Path) -> None:
    def refuse(value: str) -> str:
        raise VaultDeniedError("no", why="no", do="no")

    with pytest.raises(VaultDeniedError):
        Kept(each(refuse), tmp_path)(["a"])
    assert list(tmp_path.iterdir()) == []
