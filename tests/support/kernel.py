"""A kernel's keyring played in memory, with a quota, and the real one of this machine."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from vaultaws.cache.kernel import KernelKeys, open_kernel_keys

MACHINE = "x86_64"
ADD_KEY, KEYCTL = 248, 250
RING_ID, SETPERM, DESCRIBE, LINK, UNLINK, SEARCH, READ, SET_TIMEOUT = 0, 5, 6, 8, 9, 10, 11, 15
USER_RING = -4


@dataclass
class PlayedKernel:
    """Answers as add_key(2) and keyctl(2) do. `refuses` maps an operation to an error number."""

    quota_bytes: int = 20_000
    names: dict[int, bytes] = field(default_factory=dict)
    payloads: dict[int, bytes] = field(default_factory=dict)
    charged: dict[int, int] = field(default_factory=dict)
    """Bytes of the quota: a key gives them back when it is revoked, not when it is unlinked."""
    masks: dict[int, int] = field(default_factory=dict)
    timeouts: dict[int, int] = field(default_factory=dict)
    refuses: dict[int, int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000))

    def keys(self) -> KernelKeys:
        return KernelKeys(self, MACHINE)

    def __call__(self, number: int, *arguments: int | bytes | bytearray) -> int:
        if number == ADD_KEY:
            return self._add(*arguments)
        operation = arguments[0]
        assert number == KEYCTL
        assert isinstance(operation, int)
        if operation in self.refuses:
            raise OSError(self.refuses[operation], "refused")
        return self._control(operation, *arguments[1:])

    def _add(self, *arguments: int | bytes | bytearray) -> int:
        kind, name, data, length, ring = arguments
        assert isinstance(name, bytes)
        assert isinstance(data, bytes)
        assert (kind, length, ring) == (b"user", len(data), USER_RING)
        if ADD_KEY in self.refuses:
            raise OSError(self.refuses[ADD_KEY], "refused")
        old = [number for number, found in self.names.items() if found == name]
        others = sum(size for number, size in self.charged.items() if number not in old)
        if others + len(data) > self.quota_bytes:
            raise OSError(errno.EDQUOT, "quota")
        number = old[0] if old else next(self.numbers)
        self.names[number], self.payloads[number], self.charged[number] = name, data, len(data)
        return number

    def _control(self, operation: int, *arguments: int | bytes | bytearray) -> int:
        subject = arguments[0]
        assert isinstance(subject, int)
        match operation, arguments:
            case 3, (_,):
                self._known(subject)
                self.charged.pop(subject)
            case 9, (_, _):
                self._known(subject)
                del self.names[subject], self.payloads[subject]
            case 10, (_, _, name, _):
                found = [number for number, known in self.names.items() if known == name]
                self._known(*found or [0])
                return found[0]
            case 11, (_, room, _):
                return self._fill(room, self._read(subject))
            case 6, (_, room, _):
                return self._fill(room, b"user;1000;1000;3f3f0000;%b\0" % self.names[subject])
            case 5, (_, mask):
                assert isinstance(mask, int)
                self.masks[subject] = mask
            case 15, (_, seconds):
                assert isinstance(seconds, int)
                self.timeouts[subject] = seconds
        return 0

    def _read(self, subject: int) -> bytes:
        if subject == USER_RING:
            return b"".join(number.to_bytes(4, "little") for number in self.names)
        self._known(subject)
        return self.payloads[subject]

    def _known(self, number: int) -> None:
        if number not in self.names:
            raise OSError(errno.ENOKEY, "no such key")

    @staticmethod
    def _fill(room: int | bytes | bytearray, data: bytes) -> int:
        assert isinstance(room, bytearray)
        room[: len(data)] = data[: len(room)] if len(data) > len(room) else data
        return len(data)


def real_keys() -> KernelKeys:
    """The kernel's keyring of this user; a machine without one cannot run the test."""
    try:
        return open_kernel_keys()
    except OSError as error:
        pytest.skip(f"this machine has no kernel keyring: {error.strerror}")


@contextmanager
def cleared(keys: KernelKeys, named: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Drop what the body put into the user's own keyring under these names, and nothing else."""
    try:
        yield
    finally:
        for key in named():
            with suppress(OSError):
                keys.delete(key)
