"""The operating system's keyring: only one that encrypts, and its trouble is never ours."""

from __future__ import annotations

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backends.SecretService import Keyring as SecretService
from keyring.errors import KeyringLocked

from vaultaws.cache.oskeyring import SERVICE, OsKeyring, is_real, open_os_keyring


class PlayedKeyring:
    """A keyring in memory; `locked` is what a person has not unlocked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[service, username]

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked


def nothing() -> list[str]:
    return []


def test_a_keyring_keeps_bytes_and_drops_them() -> None:
    backend = PlayedKeyring()
    place = OsKeyring(backend, lambda: ["a", "b"])
    data = bytes(range(256))
    assert place.read("a") is None
    place.write("a", data, 60)
    assert place.read("a") == data
    assert place.keys() == ["a", "b"]
    place.delete("a")
    place.delete("a")
    assert backend.kept == {}


def test_what_somebody_else_wrote_there_is_nothing() -> None:
    backend = PlayedKeyring()
    backend.kept[SERVICE, "a"] = "not base64!"
    assert OsKeyring(backend, nothing).read("a") is None
    backend.kept[SERVICE, "a"] = "é"
    assert OsKeyring(backend, nothing).read("a") is None


def test_a_locked_keyring_is_trouble_of_the_system() -> None:
    backend = PlayedKeyring()
    backend.locked = True
    place = OsKeyring(backend, nothing)
    for use in (place.read, place.delete):
        with pytest.raises(OSError, match="KeyringLocked"):
            use("a")


@pytest.mark.parametrize(
    "backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, PlayedKeyring]
)
def test_what_keeps_nothing_or_keeps_it_in_clear_is_not_real(backend: type[object]) -> None:
    assert not is_real(backend())


def test_a_systems_own_keyring_is_real() -> None:
    assert is_real(SecretService.__new__(SecretService))


def test_without_a_session_bus_none_is_looked_for() -> None:
    with pytest.raises(OSError, match="session bus"):
        open_os_keyring({}, "linux", nothing)


def test_a_machine_with_none_that_encrypts_has_no_place() -> None:
    bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    with pytest.raises(OSError, match="encrypted"):
        open_os_keyring(bus, "linux", nothing)
