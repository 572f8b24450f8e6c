"""One holder at a time, whichever way the lock is made, until its holder lets go or ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vaultaws.leases.locking import FileLock, PackagedLock, lock_at

KINDS = [FileLock, PackagedLock]
HOLDER = """
import sys
from pathlib import Path
from vaultaws.leases import locking
lock = locking.{kind}(Path(sys.argv[1]))
lock.acquire(1)
print("here", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("theirs", KINDS)
@pytest.mark.parametrize("ours", KINDS)
def test_another_process_holds_it_until_it_is_killed(
    tmp_path: Path, ours: type[FileLock], theirs: type[FileLock]
) -> None:
    path = tmp_path / "a.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(kind=theirs.__name__), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    lock = ours(path)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "here\n"
        with pytest.raises(TimeoutError):
            lock.acquire(0)
        with pytest.raises(TimeoutError):
            lock.acquire(0.1)
    finally:
        holder.kill()
        holder.communicate()
    lock.acquire(5)
    lock.release()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_waited_for(tmp_path: Path, kind: type[FileLock]) -> None:
    first, second = kind(tmp_path / "a.lock"), kind(tmp_path / "a.lock")
    first.acquire(0)
    later = threading.Timer(0.2, first.release)
    later.start()
    second.acquire(30)
    later.join()
    second.release()
    second.release()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        lock_at(tmp_path / "a.lock").acquire(0)
    assert not (tmp_path / "elsewhere").exists()
