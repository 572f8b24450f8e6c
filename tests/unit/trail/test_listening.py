"""A listener in the place of Vault's socket audit device, with real sockets and a real file."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from tests.support.memory_vault import FixedClock
from tests.support.waiting import until
from tests.unit.trail.test_audit import entry
from vaultaws.errors import UsageError
from vaultaws.trail.audit import END_OF_TIME, Span, read
from vaultaws.trail.auditlines import LONGEST_LINE_BYTES
from vaultaws.trail.heardlog import Heard, HeardLog
from vaultaws.trail.listening import MOST_CONNECTIONS, Listener, listening
from vaultaws.trail.metrics import Figures, render

ANYWHERE = "127.0.0.1:0"


def line(number: int) -> bytes:
    return json.dumps(entry(number=number)).encode() + b"\n"


def moment(second: int) -> datetime:
    return datetime(2026, 11, 21, 8, 1, second, 23945, tzinfo=UTC)


@contextmanager
def heard(path: Path, place: str = ANYWHERE, said: list[str] | None = None) -> Iterator[Listener]:
    log = HeardLog(path)
    try:
        words = said if said is not None else []
        with listening(place, log, FixedClock(), words.append) as listener:
            yield listener
    finally:
        log.close()


def connect(listener: Listener) -> socket.socket:
    if listener.place.startswith("/"):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.connect(listener.place)
        return made
    host, port = listener.place.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def test_lines_are_kept_as_they_come_over_several_connections(file: Path) -> None:
    with heard(file) as listener:
        for number in (1, 2):
            with connect(listener) as vault:
                vault.sendall(line(number)[:100])
                vault.sendall(line(number)[100:])
        until(lambda: listener.heard.lines == 2)
    assert file.read_bytes() == line(1) + line(2)
    assert listener.heard == Heard(lines=2, connections=2)
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_has_come_when_it_ends_is_kept(file: Path) -> None:
    with heard(file) as listener:
        vault = connect(listener)
        until(lambda: listener.heard.connections == 1)
        vault.sendall(line(1) * 1_000)
    vault.close()
    assert file.read_bytes() == line(1) * 1_000


def test_a_line_that_ends_with_its_connection_leaves_a_gap(file: Path) -> None:
    with heard(file) as listener:
        with connect(listener) as vault:
            vault.sendall(line(1) + line(2)[:70])
        until(lambda: listener.heard.torn == 1)
        with connect(listener) as vault:
            vault.sendall(line(3))
        until(lambda: listener.heard.lines == 2)
    found = read([file])
    assert (found.unreadable, found.gaps) == (1, [Span(moment(1), moment(3))])


def test_a_listener_that_begins_anew_leaves_a_gap_and_nothing_unreadable(file: Path) -> None:
    for number in (1, 5):
        with heard(file) as listener, connect(listener) as vault:
            vault.sendall(line(number))
            until(lambda: listener.heard.lines == 1)
    found = read([file])
    assert (found.unreadable, found.gaps) == (0, [Span(moment(1), moment(5))])
    assert len(found.issuances) == 2


def test_what_a_killed_run_left_half_is_ended(file: Path) -> None:
    file.write_bytes(line(1) + line(2)[:50])
    with heard(file) as listener, connect(listener) as vault:
        vault.sendall(line(3))
        until(lambda: listener.heard.lines == 1)
    found = read([file])
    assert (found.unreadable, found.gaps) == (1, [Span(moment(1), moment(3))])


def test_a_full_disk_is_said_waited_for_and_nothing_is_lost(file: Path) -> None:
    said: list[str] = []
    with heard(file, said=said) as listener, connect(listener) as vault:
        sender = threading.Thread(target=vault.sendall, args=(line(1) * 20_000,))
        with full_disk(10_000):
            sender.start()
            until(lambda: bool(listener.heard.fault))
            assert "heard_blocked 1" in render(Figures(), listener.heard)
            assert file.stat().st_size <= 10_000
        sender.join(60)
        until(lambda: listener.heard.lines == 20_000 and not listener.heard.fault)
    assert file.read_bytes() == line(1) * 20_000
    (trouble, well) = said
    assert trouble.endswith("tried again, and Vault waits meanwhile")
    assert well == "· what is heard is kept again"


def test_what_could_not_be_kept_to_the_end_is_counted(file: Path) -> None:
    with full_disk(1_000):
        with heard(file) as listener, connect(listener) as vault:
            vault.sendall(line(1) * 10)
            until(lambda: bool(listener.heard.fault))
        assert listener.heard.lost == listener.heard.lines - file.read_bytes().count(b"\n")
    assert listener.heard.lost > 0


def test_a_file_that_is_turned_over_is_begun_anew(file: Path) -> None:
    with heard(file) as listener, connect(listener) as vault:
        vault.sendall(line(1))
        until(lambda: listener.heard.lines == 1 and file.stat().st_size > 0)
        file.rename(file.with_name("audit.log.1"))
        vault.sendall(line(2))
        until(lambda: listener.heard.lines == 2)
    assert file.read_bytes() == line(2)
    assert file.with_name("audit.log.1").read_bytes() == line(1)


def test_a_line_beyond_all_length_is_torn_and_the_next_is_read(file: Path) -> None:
    with heard(file) as listener, connect(listener) as vault:
        vault.sendall(line(1) + b"x" * (LONGEST_LINE_BYTES + 1))
        until(lambda: listener.heard.torn == 1)
        vault.sendall(b"yz\n" + line(2))
        until(lambda: len(read([file]).issuances) == 2)
    found = read([file])
    assert found.gaps == [Span(moment(1), moment(2))]
    assert file.stat().st_size < LONGEST_LINE_BYTES


def test_a_reset_connection_leaves_a_gap(file: Path) -> None:
    with heard(file) as listener:
        vault = connect(listener)
        vault.sendall(line(1))
        until(lambda: listener.heard.lines == 1)
        vault.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        vault.close()
        until(lambda: b"reset" in file.read_bytes())
    assert read([file]).gaps == [Span(moment(1), END_OF_TIME)]


def test_there_is_a_bound_to_connections(file: Path) -> None:
    with heard(file) as listener:
        vaults = [connect(listener) for _ in range(MOST_CONNECTIONS + 3)]
        until(lambda: listener.heard.refused == 3)
        for vault in vaults:
            vault.close()
    assert listener.heard.connections == MOST_CONNECTIONS


def test_a_socket_in_the_file_system(file: Path, tmp_path: Path) -> None:
    place = f"unix:{tmp_path / 's'}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:  # by a run that was killed
        left.bind(str(tmp_path / "s"))
    with heard(file, place) as listener, connect(listener) as vault:
        vault.sendall(line(1))
        until(lambda: listener.heard.lines == 1)
        taken = pytest.raises(UsageError, match="nothing can be listened to")
        with taken, heard(tmp_path / "other", place):
            pass
    assert not (tmp_path / "s").exists()


def test_wrong_places_and_files_are_refused(file: Path, tmp_path: Path) -> None:
    with heard(file) as listener:
        with pytest.raises(UsageError, match="another watch keeps"):
            HeardLog(file)
        taken = pytest.raises(UsageError, match="nothing can be listened to")
        with taken, heard(tmp_path / "other", listener.place):
            pass
    with pytest.raises(UsageError, match="no place for a listener"), heard(file, "nowhere"):
        pass
    with pytest.raises(UsageError, match="cannot be kept"):
        HeardLog(tmp_path / "missing" / "audit.log")


def test_the_figures_tell_what_was_heard() -> None:
    text = render(Figures(), Heard(lines=7, torn=1))
    assert "vaultaws_trail_heard_lines_total 7" in text
    assert "vaultaws_trail_heard_torn_total 1" in text
    assert "heard" not in render(Figures())
