"""Which place keeps the sets, and what is said of the better ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kernel import real_keys
from vaultaws.cache.cache import open_cache
from vaultaws.cache.store import CHOICES, Choice, choose
from vaultaws.errors import UsageError


def chosen(environ: dict[str, str]) -> Choice:
    found = choose(environ, list)
    assert found is not None
    return found


def test_the_kernel_comes_first() -> None:
    real_keys()
    found = chosen({})
    assert found.store is not None
    assert (found.store.name, found.missing) == ("kernel", ())


def test_a_setting_names_one_place_and_no_other_is_taken() -> None:
    found = chosen({"VAULTAWS_CACHE": "keyring"})
    assert found.store is None
    assert found.missing == (("keyring", "there is no session bus to reach one by"),)


def test_a_file_is_used_only_where_it_is_allowed(tmp_path: Path) -> None:
    environ = {"VAULTAWS_CACHE": "file", "XDG_STATE_HOME": str(tmp_path)}
    store = chosen(environ).store
    assert store is not None
    assert store.name == "file"
    assert "file" not in {name for name, _ in chosen({}).missing}


def test_off_is_no_place() -> None:
    cache = open_cache({"VAULTAWS_CACHE": "off"})
    assert str(cache.describe()) == "no cache (VAULTAWS_CACHE says so)"


def test_a_setting_that_is_none_is_told() -> None:
    with pytest.raises(UsageError) as told:
        open_cache({"VAULTAWS_CACHE": "disk"})
    assert all(name in told.value.why for name in CHOICES)


def test_what_is_used_and_why_nothing_better_is_said_in_words() -> None:
    standing = open_cache({"VAULTAWS_CACHE": "keyring"}).describe()
    assert standing.name == ""
    assert str(standing) == (
        "no cache (not in the system's keyring: there is no session bus to reach one by)"
    )
