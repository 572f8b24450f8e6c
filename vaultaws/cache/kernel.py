"""Sets in the Linux kernel's keyring of the user: in memory, never on disk, with their own end.

Light: a hit imports it. Sources: keyrings(7), user-keyring(7), add_key(2), keyctl(2). A key of
type "user" in the keyring @u is counted by the user's quota (200 keys, 20,000 bytes by default).
Ours may be used by the user's own processes and nobody else's: its mask has no bit for group and
others. It is put in with the rights of whoever possesses @u, which is had by linking @u to the
process; without that the mask could not be set.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Syscall = Callable[..., int]
    """Makes one system call by number; raises OSError."""

PREFIX = "vaultaws:"
MASK = 0x3F3F0000
"""Everything for the possessor and for the user, nothing for group and others."""

_TYPE = b"user"
_CALLS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "loongarch64": (217, 219),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
}
"""machine -> (add_key, keyctl), from the kernel's tables."""
_PROCESS_RING, _USER_RING = -2, -4
_RING_ID, _REVOKE, _SETPERM, _DESCRIBE = 0, 3, 5, 6
_LINK, _UNLINK, _SEARCH, _READ = 8, 9, 10, 11
_SET_TIMEOUT = 15
_MISSING = frozenset(
    getattr(errno, name, 0) for name in ("ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "ENOENT")
)
_FULL = getattr(errno, "EDQUOT", 0)


class KernelKeys:
    """The user's keyring as a place for sets. Raises OSError where the kernel refuses."""

    name = "kernel"

    def __init__(self, call: Syscall, machine: str) -> None:
        self._call = call
        self._add_key, self._keyctl = _CALLS[machine]
        self._control(_RING_ID, _USER_RING, 0)

    def read(self, key: str) -> bytes | None:
        """Return what is kept under the name."""
        try:
            number = self._find(key)
            return self._payload(number)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise

    def write(self, key: str, data: bytes, seconds: float) -> None:
        """Keep bytes for so long. A full quota is met by dropping our own keys, eldest first."""
        self._control(_LINK, _USER_RING, _PROCESS_RING)
        rest = [number for number, name in self._ours() if name != key]
        number = self._add(key, data, rest)
        try:
            self._control(_SETPERM, number, MASK)
            self._control(_SET_TIMEOUT, number, max(1, int(seconds)))
        except OSError:
            self._drop(number)
            raise

    def delete(self, key: str) -> None:
        """Drop what is kept under the name, if anything."""
        try:
            self._drop(self._find(key))
        except OSError as error:
            if error.errno not in _MISSING:
                raise

    def keys(self) -> list[str]:
        """Return the names under which something is kept."""
        return [name for _, name in self._ours()]

    def _add(self, key: str, data: bytes, spare: list[int]) -> int:
        name = (PREFIX + key).encode()
        while True:
            try:
                return self._call(self._add_key, _TYPE, name, data, len(data), _USER_RING)
            except OSError as error:
                if error.errno != _FULL or not spare:
                    raise
            self._drop(spare.pop(0))

    def _find(self, key: str) -> int:
        return self._control(_SEARCH, _USER_RING, _TYPE, (PREFIX + key).encode(), 0)

    def _drop(self, number: int) -> None:
        """Revoked, a key gives its bytes back at once; only unlinked, some time later."""
        self._control(_REVOKE, number)
        self._control(_UNLINK, number, _USER_RING)

    def _ours(self) -> list[tuple[int, str]]:
        ring = self._payload(_USER_RING)
        numbers = memoryview(ring[: len(ring) // 4 * 4]).cast("i").tolist()
        named = ((number, self._name(number)) for number in numbers)
        return [(number, name) for number, name in named if name]

    def _name(self, number: int) -> str:
        """The name of a key of ours, empty for any other: `user;UID;GID;MASK;vaultaws:NAME`."""
        try:
            text = self._buffer(_DESCRIBE, number).rstrip(b"\0").decode("utf-8", "replace")
        except OSError:
            return ""
        kind, *_, described = text.split(";", 4)
        return described[len(PREFIX) :] if kind == "user" and described.startswith(PREFIX) else ""

    def _payload(self, number: int) -> bytes:
        return self._buffer(_READ, number)

    def _buffer(self, operation: int, number: int) -> bytes:
        """Ask for bytes; the kernel says how many there are, and fills what it is given."""
        size = 4096
        while True:
            room = bytearray(size)
            length = self._control(operation, number, room, size)
            if length <= size:
                return bytes(room[:length])
            size = length

    def _control(self, operation: int, *arguments: int | bytes | bytearray) -> int:
        return self._call(self._keyctl, operation, *arguments)


def open_kernel_keys() -> KernelKeys:
    """Return the user's keyring. Raises OSError where this system has none or forbids it."""
    machine = os.uname().machine if sys.platform == "linux" else ""
    if machine not in _CALLS or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, "this system has no kernel keyring that we know")
    return KernelKeys(_system_calls(), machine)


def _system_calls() -> Syscall:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long

    def plain(value: int | bytes | bytearray) -> object:
        if isinstance(value, bytearray):
            return (ctypes.c_char * len(value)).from_buffer(value)
        return ctypes.c_long(value) if isinstance(value, int) else value

    def call(number: int, *arguments: int | bytes | bytearray) -> int:
        result = int(library.syscall(ctypes.c_long(number), *map(plain, arguments)))
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    return call
