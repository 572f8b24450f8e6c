"""Sets in the operating system's keyring (macOS Keychain, Secret Service, Windows, KWallet).

Only backends that keep secrets encrypted count: `keyring` also has ones that keep nothing, or a
plain file. What one cannot list is listed by the locks: each set was asked for under one.
"""

from __future__ import annotations

import errno
from binascii import a2b_base64, b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TypeGuard, TypeVar

    Answer = TypeVar("Answer")

    class Backend(Protocol):
        """What we use of a `keyring` backend."""

        def get_password(self, service: str, username: str) -> str | None: ...
        def set_password(self, service: str, username: str, password: str) -> None: ...
        def delete_password(self, service: str, username: str) -> None: ...


SERVICE = "vaultaws"
REAL = frozenset(
    f"keyring.backends.{name}"
    for name in ("macOS", "SecretService", "libsecret", "kwallet", "Windows")
)


class OsKeyring:
    """A keyring as a place for sets. Whatever it raises is an OSError here."""

    name = "keyring"

    def __init__(self, backend: Backend, listed: Callable[[], list[str]]) -> None:
        self._backend = backend
        self._listed = listed

    def read(self, key: str) -> bytes | None:
        """Return what is kept under the name."""
        text = _asked(self._backend.get_password, SERVICE, key)
        try:
            return None if text is None else a2b_base64(text.encode("ascii"), strict_mode=True)
        except ValueError:  # not what `write` writes
            return None

    def write(self, key: str, data: bytes, seconds: float) -> None:
        """Keep bytes; a keyring knows no end, the record does."""
        _asked(self._backend.set_password, SERVICE, key, b2a_base64(data, newline=False).decode())

    def delete(self, key: str) -> None:
        """Drop what is kept under the name, if anything."""
        if _asked(self._backend.get_password, SERVICE, key) is not None:
            _asked(self._backend.delete_password, SERVICE, key)

    def keys(self) -> list[str]:
        """Return the names that something may be kept under."""
        return self._listed()


def _asked(question: Callable[..., Answer], *words: str) -> Answer:
    """Ask the keyring: its own errors come from as many libraries as there are keyrings."""
    try:
        return question(*words)
    except Exception as error:
        raise OSError(errno.EIO, f"the keyring refused ({type(error).__name__})") from error


def open_os_keyring(
    environ: Mapping[str, str], platform: str, listed: Callable[[], list[str]]
) -> OsKeyring:
    """Return the system's keyring. Raises OSError where there is none that encrypts."""
    if platform not in {"win32", "darwin"} and not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        raise OSError(errno.ENOSYS, "there is no session bus to reach one by")
    try:
        import keyring
        from keyring.backends import chainer
    except ImportError:
        raise OSError(errno.ENOSYS, "the package keyring is not installed") from None
    found: object = keyring.get_keyring()
    chain = found.backends if isinstance(found, chainer.ChainerBackend) else (found,)
    for backend in chain:
        if is_real(backend):
            return OsKeyring(backend, listed)
    raise OSError(errno.ENOSYS, "there is none that keeps secrets encrypted")


def is_real(backend: object) -> TypeGuard[Backend]:
    """True for the keyrings of operating systems, which keep secrets encrypted."""
    return type(backend).__module__ in REAL
