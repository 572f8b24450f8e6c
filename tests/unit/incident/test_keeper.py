"""Where canaries wait: in a keyring, never in a file, by case and step."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

from tests.support.kept import NOON, JumpingClocks, MemoryPlace, entry
from vaultaws.incident.keeper import Keeper, open_keeper
from vaultaws.incident.model import Place

PLACE = Place("https://vault.test:8200", "", "aws")
STEP = "canary:reader"


def keeper(place: MemoryPlace | None, clocks: JumpingClocks, case: str = "ben") -> Keeper:
    return Keeper(case, PLACE, place, moment=clocks)


def test_another_process_finds_it_until_it_is_forgotten() -> None:
    place, clocks = MemoryPlace(), JumpingClocks()
    first, second = keeper(place, clocks), keeper(place, clocks)
    assert first.keep(STEP, entry()) == "the kernel's keyring"
    found = second.load(STEP)
    assert found is not None
    assert found.secret_access_key == entry().secret_access_key
    first.forget(STEP)
    assert keeper(place, clocks).load(STEP) is None
    assert first.load(STEP) is None


def test_each_case_and_each_mount_has_its_own() -> None:
    place, clocks = MemoryPlace(), JumpingClocks()
    keeper(place, clocks).keep(STEP, entry())
    assert keeper(place, clocks, "ada").load(STEP) is None
    other = Keeper("ben", replace(PLACE, mount="aws-two"), place, moment=clocks)
    assert other.load(STEP) is None


def test_it_is_gone_when_its_life_is_over() -> None:
    place, clocks = MemoryPlace(), JumpingClocks()
    mine = keeper(place, clocks)
    mine.keep(STEP, entry(expires_at=NOON + 600))
    clocks.pass_(599)
    assert mine.load(STEP) is not None
    clocks.pass_(2)
    assert mine.load(STEP) is None


def test_a_keyring_that_refuses_leaves_it_in_this_process() -> None:
    place, clocks = MemoryPlace(refusal=errno.EDQUOT), JumpingClocks()
    mine = keeper(place, clocks)
    assert mine.keep(STEP, entry()) == ""
    assert mine.why == "EDQUOT"
    assert mine.load(STEP) is not None
    assert keeper(place, clocks).load(STEP) is None
    mine.forget(STEP)
    assert mine.load(STEP) is None


def test_a_file_in_clear_is_never_used(tmp_path: Path) -> None:
    environ = {"VAULTAWS_CACHE": "file", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    mine = open_keeper("ben", PLACE, environ)
    assert mine.store is None or mine.store.name in {"kernel", "keyring"}
    assert not list(tmp_path.iterdir())


def test_off_means_none_and_says_so() -> None:
    mine = open_keeper("ben", PLACE, {"VAULTAWS_CACHE": "off"})
    assert mine.store is None
    assert mine.why == "VAULTAWS_CACHE says so"
