"""The kernel's keyring: the real one of this machine, and a played one that is full or closed."""

from __future__ import annotations

import errno
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import kernel
from tests.support.kernel import PlayedKernel, cleared, real_keys
from vaultaws.cache.kernel import MASK, PREFIX, KernelKeys

ROOT = Path(__file__).parents[3]


def test_the_kernel_keeps_reads_replaces_and_drops() -> None:
    keys, name = real_keys(), secrets.token_hex(20)
    with cleared(keys, lambda: [name]):
        assert keys.read(name) is None
        keys.write(name, b"one", 60)
        keys.write(name, b"x" * 6_000, 60)
        assert keys.read(name) == b"x" * 6_000
        assert name in keys.keys()  # noqa: SIM118  (no mapping: it asks the kernel)
        keys.delete(name)
        keys.delete(name)
        assert keys.read(name) is None
        assert name not in keys.keys()  # noqa: SIM118


def test_the_kernel_forgets_by_itself() -> None:
    keys, name = real_keys(), secrets.token_hex(20)
    with cleared(keys, lambda: [name]):
        keys.write(name, b"one", 0.5)
        for _ in range(200):
            if keys.read(name) is None:
                return
            subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the key outlived its second")


def test_another_process_of_the_user_reads_it_and_no_other_user_may() -> None:
    keys, name = real_keys(), secrets.token_hex(20)
    script = (
        "from vaultaws.cache.kernel import open_kernel_keys;"
        f"print(open_kernel_keys().read({name!r}).decode())"
    )
    with cleared(keys, lambda: [name]):
        keys.write(name, b"one", 60)
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout == "one\n"
        (line,) = [
            line for line in Path("/proc/keys").read_text().splitlines() if PREFIX + name in line
        ]
    mask = int(line.split()[4], 16)
    assert mask == MASK
    assert mask & 0xFFFF == 0, "group or others may use it"


def test_every_set_is_closed_to_others_and_has_an_end() -> None:
    played = PlayedKernel()
    played.keys().write("a", b"one", 90.7)
    (number,) = played.names
    assert (played.masks[number], played.timeouts[number]) == (MASK, 90)


def test_a_full_quota_is_met_by_dropping_our_own_eldest() -> None:
    played = PlayedKernel(quota_bytes=2_500)
    played.names[1], played.payloads[1] = b"somebody:else", b"y" * 400
    keys = played.keys()
    for name in ("a", "b", "c"):
        keys.write(name, b"x" * 1_000, 60)
    assert keys.keys() == ["b", "c"]
    assert played.payloads[1] == b"y" * 400


def test_a_set_that_no_quota_holds_is_an_error() -> None:
    played = PlayedKernel(quota_bytes=500)
    with pytest.raises(OSError, match="quota"):
        played.keys().write("a", b"x" * 1_000, 60)


@pytest.mark.parametrize("operation", [kernel.SETPERM, kernel.SET_TIMEOUT])
def test_a_set_that_cannot_be_closed_or_ended_is_taken_back(operation: int) -> None:
    played = PlayedKernel(refuses={operation: errno.EACCES})
    with pytest.raises(OSError, match="refused"):
        played.keys().write("a", b"one", 60)
    assert played.names == {}


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_a_kernel_that_forbids_it_says_so_at_once(number: int) -> None:
    with pytest.raises(OSError, match="refused"):
        PlayedKernel(refuses={kernel.RING_ID: number}).keys()


@pytest.mark.parametrize("number", [errno.EKEYEXPIRED, errno.EKEYREVOKED, errno.ENOKEY])
def test_a_key_that_is_over_is_nothing(number: int) -> None:
    played = PlayedKernel()
    keys = played.keys()
    keys.write("a", b"one", 60)
    played.refuses[kernel.READ] = number
    assert keys.read("a") is None
    played.refuses = {kernel.SEARCH: number}
    assert keys.read("a") is None
    keys.delete("a")


@pytest.mark.parametrize("operation", [kernel.SEARCH, kernel.READ])
def test_a_refusal_is_no_missing_key(operation: int) -> None:
    played = PlayedKernel()
    keys = played.keys()
    keys.write("a", b"one", 60)
    played.refuses[operation] = errno.EACCES
    with pytest.raises(OSError, match="refused"):
        keys.read("a")
    if operation == kernel.SEARCH:
        with pytest.raises(OSError, match="refused"):
            keys.delete("a")


def test_keys_that_cannot_be_described_are_not_ours() -> None:
    played = PlayedKernel()
    keys = played.keys()
    keys.write("a", b"one", 60)
    played.refuses[kernel.DESCRIBE] = errno.EACCES
    assert keys.keys() == []


def test_a_machine_that_we_do_not_know_is_no_place() -> None:
    with pytest.raises(KeyError):
        KernelKeys(PlayedKernel(), "abacus")
