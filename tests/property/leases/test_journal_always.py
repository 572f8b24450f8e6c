"""Whatever a crash tears off, no intent is lost that was acted upon, and no secret is written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import FixedClock, memory_vault
from vaultaws.leases.entries import Intent, Step
from vaultaws.leases.journal import Journal

steps = st.lists(
    st.sampled_from(["intend", "issued", Step.HANDED_OVER, Step.REVOKED, Step.REFUSED]),
    min_size=1,
    max_size=12,
)


def intend(journal: Journal) -> Intent:
    return journal.intend(
        server="http://127.0.0.1:8200",
        mount="aws",
        role="reader",
        endpoint="creds",
        ttl_seconds=None,
        token=None,
    )


@given(steps, st.floats(0, 1), st.sampled_from([64, 600, 1 << 20]))
def test_a_crash_at_any_byte_loses_no_acknowledged_entry(
    story: list[str], where: float, compact_bytes: int
) -> None:
    """The last write is torn at any byte; everything before it was acknowledged."""
    clock = FixedClock()
    vault = memory_vault(clock)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "journal"
        file = directory / "leases.jsonl"
        with Journal(directory, clock, compact_bytes=1 << 20) as journal:
            intent = intend(journal)
            acknowledged, size = journal.ledger(), file.stat().st_size
            for step in story:
                acknowledged, size = journal.ledger(), file.stat().st_size
                if step == "intend":
                    intent = intend(journal)
                elif step == "issued":
                    journal.issued(intent, vault.issue("aws", "reader-sts", sts=True))
                else:
                    journal.mark(intent.id, Step(step))
        content = file.read_bytes()
        torn = size + int(where * (len(content) - size - 1))
        file.write_bytes(content[:torn])

        with Journal(directory, clock, compact_bytes=compact_bytes) as after:
            assert after.ledger() == acknowledged
            pending = {record.intent.id for record in after.pending()}
            new = intend(after)
            ledger = after.ledger()
        everything = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())

    assert pending == {found.intent.id for found in acknowledged.records if found.is_open}
    assert ledger.unreadable == 0
    assert ledger.records[-1].intent == new
    assert pending <= {record.intent.id for record in ledger.records}
    assert b"made-up-secret" not in everything
    assert b"made-up-token" not in everything


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=8))
def test_foreign_lines_never_hide_an_intent_nor_raise(lines: list[bytes]) -> None:
    clock = FixedClock()
    with (
        tempfile.TemporaryDirectory() as name,
        Journal(Path(name) / "journal", clock) as journal,
    ):
        first = intend(journal)
        with (Path(name) / "journal" / "leases.jsonl").open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))
        second = intend(journal)
        ledger = journal.ledger()
    assert [record.intent for record in ledger.records] == [first, second]
    assert ledger.unreadable == len(lines)
