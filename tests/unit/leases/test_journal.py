"""The journal on disk: what is written stays, what is torn is cut, what is foreign is refused."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from tests.support.memory_vault import FixedClock, memory_vault
from vaultaws.errors import LocalStateError
from vaultaws.leases.entries import Intent, Step
from vaultaws.leases.journal import Journal, default_directory


def intend(journal: Journal, role: str = "reader") -> Intent:
    return journal.intend(
        server="http://127.0.0.1:8200",
        mount="aws",
        role=role,
        endpoint="creds",
        ttl_seconds=None,
        token=None,
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "vaultaws" / "journal"


@pytest.fixture
def journal(directory: Path, clock: FixedClock) -> Iterator[Journal]:
    with Journal(directory, clock) as made:
        yield made


def file_of(directory: Path) -> Path:
    return directory / "leases.jsonl"


def test_a_story_reads_back_as_it_was_written(journal: Journal, clock: FixedClock) -> None:
    intent = intend(journal)
    issued = memory_vault(clock).issue("aws", "reader", sts=False)
    journal.issued(intent, issued)
    journal.mark(intent.id, Step.HANDED_OVER)

    (record,) = journal.ledger().records

    assert record.intent == intent
    assert record.issued is not None
    assert record.issued.lease_id == issued.lease.id
    assert record.issued.access_key_id == issued.credentials.access_key_id
    assert record.issued.lease_ends == issued.lease.expires_at
    assert record.handed_over
    assert not record.is_open


def test_no_secret_reaches_the_disk(journal: Journal, directory: Path, clock: FixedClock) -> None:
    issued = memory_vault(clock).issue("aws", "reader-sts", sts=True)
    journal.issued(intend(journal), issued)

    written = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())

    assert issued.credentials.session_token is not None
    assert issued.credentials.secret_access_key.reveal().encode() not in written
    assert issued.credentials.session_token.reveal().encode() not in written


def test_only_the_owner_may_read(journal: Journal, directory: Path) -> None:
    intend(journal)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.rglob("*")]}
    wrong = {
        path: oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}


def test_a_loose_directory_is_tightened(directory: Path, clock: FixedClock) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o755)
    with Journal(directory, clock) as journal:
        intend(journal)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["leases.jsonl", ""])
def test_symbolic_links_are_refused(
    directory: Path, tmp_path: Path, clock: FixedClock, name: str
) -> None:
    target = tmp_path / "elsewhere"
    if name:
        directory.mkdir(parents=True)
        target.write_text("theirs\n")
        (directory / name).symlink_to(target)
    else:
        target.mkdir()
        directory.parent.mkdir(parents=True)
        directory.symlink_to(target)
    with Journal(directory, clock) as journal, pytest.raises(LocalStateError, match="not safe"):
        intend(journal)
    assert target.is_dir() or target.read_text() == "theirs\n"


def test_a_file_with_a_second_name_is_refused(
    directory: Path, tmp_path: Path, clock: FixedClock
) -> None:
    directory.mkdir(parents=True)
    (tmp_path / "other").write_text("theirs\n")
    os.link(tmp_path / "other", file_of(directory))
    with Journal(directory, clock) as journal, pytest.raises(LocalStateError, match="not safe"):
        intend(journal)


@pytest.mark.parametrize(
    "torn", [b'{"v":1,"kind":"intent","id":"torn', b"\0\0\0", b"}{", b"x" * 9_000]
)
def test_a_torn_last_line_is_forgotten_and_cut(
    journal: Journal, directory: Path, torn: bytes
) -> None:
    first = intend(journal)
    with file_of(directory).open("ab") as file:
        file.write(torn)

    assert [record.intent for record in journal.ledger().records] == [first]
    second = intend(journal)

    assert [record.intent for record in journal.ledger().records] == [first, second]
    content = file_of(directory).read_bytes()
    assert torn not in content
    assert content.endswith(b"\n")


def test_a_line_spoilt_in_the_middle_is_counted(journal: Journal, directory: Path) -> None:
    intend(journal)
    with file_of(directory).open("ab") as file:
        file.write(b"spoilt\n" + b"[" * 100_000 + b"\n" + b'{"v":1,"kind":"intent"}\n')
    after = intend(journal)

    ledger = journal.ledger()

    assert ledger.unreadable == 3
    assert ledger.records[-1].intent == after


@pytest.mark.parametrize("where", ["header", "line"])
def test_another_version_is_refused(journal: Journal, directory: Path, where: str) -> None:
    intend(journal)
    header, line = file_of(directory).read_bytes().splitlines(keepends=True)
    if where == "header":
        header = b'{"vaultaws":"lease journal","version":2}\n'
    else:
        line = line.replace(b'"v":1', b'"v":7')
    file_of(directory).write_bytes(header + line)
    with pytest.raises(LocalStateError, match="is of version") as refused:
        journal.pending()
    assert "another version" in refused.value.why


def test_a_newer_journal_is_not_written_to(journal: Journal, directory: Path) -> None:
    directory.mkdir(parents=True)
    file_of(directory).write_bytes(b'{"vaultaws":"lease journal","version":2}\n')
    with pytest.raises(LocalStateError, match="version 2"):
        intend(journal)


def test_a_strange_file_is_not_written_to(journal: Journal, directory: Path) -> None:
    directory.mkdir(parents=True)
    file_of(directory).write_bytes(b"shopping: eggs\n")
    with pytest.raises(LocalStateError, match="does not begin"):
        intend(journal)
    assert file_of(directory).read_bytes() == b"shopping: eggs\n"


def test_a_full_disk_leaves_the_journal_as_it_was(journal: Journal, directory: Path) -> None:
    intend(journal)
    before = file_of(directory).read_bytes()
    with full_disk(len(before) + 10), pytest.raises(LocalStateError, match="cannot be used"):
        intend(journal)
    assert file_of(directory).read_bytes() == before
    intend(journal)
    assert len(journal.ledger().records) == 2


def test_a_live_process_s_intents_are_not_pending(
    journal: Journal, directory: Path, clock: FixedClock
) -> None:
    intent = intend(journal)
    with Journal(directory, clock) as other:
        assert other.pending() == ()
        assert journal.pending() == ()
        journal.close()
        assert [record.intent for record in other.pending()] == [intent]


@pytest.mark.parametrize("step", [Step.HANDED_OVER, Step.REVOKED, Step.REFUSED, Step.LAPSED])
def test_a_settled_intent_is_not_pending(
    journal: Journal, directory: Path, clock: FixedClock, step: Step
) -> None:
    journal.mark(intend(journal).id, step)
    journal.close()
    with Journal(directory, clock) as other:
        assert other.pending() == ()


def test_compaction_keeps_what_matters_and_bounds_the_file(
    directory: Path, clock: FixedClock
) -> None:
    vault = memory_vault(clock)
    with Journal(directory, clock, compact_bytes=8_192) as journal:
        intent = open_intent = intend(journal)
        for _ in range(200):
            intent = intend(journal)
            journal.issued(intent, vault.issue("aws", "reader", sts=False))
            journal.mark(intent.id, Step.HANDED_OVER)
            clock.moment += timedelta(hours=3)
        ledger = journal.ledger()
        size = file_of(directory).stat().st_size
    kept = [record.intent for record in ledger.records]
    assert kept[0] == open_intent
    assert kept[-1] == intent
    assert ledger.unreadable == 0
    assert size < 3 * 8_192


def test_compaction_forgets_an_intent_when_no_lease_of_it_can_live(
    directory: Path, clock: FixedClock
) -> None:
    with Journal(directory, clock, compact_bytes=512) as journal:
        forgotten = intend(journal)
        clock.moment += timedelta(hours=769)
        kept = [intend(journal) for _ in range(4)]
        intents = [record.intent for record in journal.ledger().records]
    assert forgotten not in intents
    assert intents == kept


def test_compaction_that_cannot_write_changes_nothing(directory: Path, clock: FixedClock) -> None:
    with Journal(directory, clock, compact_bytes=512) as journal:
        intents = [intend(journal) for _ in range(3)]
        (directory / "leases.new").mkdir()
        intents.append(intend(journal))
        assert [record.intent for record in journal.ledger().records] == intents


def test_threads_and_journals_do_not_tear_each_other(directory: Path, clock: FixedClock) -> None:
    def write() -> None:
        with Journal(directory, clock, compact_bytes=4_096) as journal:
            for _ in range(10):
                journal.mark(intend(journal).id, Step.REFUSED)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal(directory, clock) as journal:
        ledger = journal.ledger()
    assert len(ledger.records) == 40
    assert ledger.unreadable == 0
    assert not any(record.is_open for record in ledger.records)


def test_lines_are_plain_json(journal: Journal, directory: Path) -> None:
    intend(journal)
    lines = [json.loads(line) for line in file_of(directory).read_bytes().splitlines()]
    assert lines[0] == {"vaultaws": "lease journal", "version": 1}
    assert lines[1]["kind"] == "intent"
    assert lines[1]["pid"] == os.getpid()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/vaultaws/journal"),
        ({"XDG_STATE_HOME": "x", "HOME": "/h"}, "/h/.local/state/vaultaws/journal"),
        ({"HOME": "/h"}, "/h/.local/state/vaultaws/journal"),
    ],
)
def test_where_it_lives(environ: dict[str, str], expected: str) -> None:
    assert default_directory(environ) == Path(expected)
