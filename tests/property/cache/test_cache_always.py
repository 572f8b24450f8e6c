"""The cache never yields a set that is over, whatever the clocks do and whatever bytes are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.kept import KEY, JumpingClocks, MemoryPlace, cache_at, entry
from vaultaws.cache import record
from vaultaws.cache.entry import Entry, decode, encode
from vaultaws.cache.life import Moment

LIVES = st.integers(1, 129_600)
FIELDS = st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=8)


@given(FIELDS)
def test_every_record_comes_back(fields: dict[str, str]) -> None:
    assert record.unpack(record.pack(fields)) == fields


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda end: record.HEAD + end))
def test_no_bytes_stop_us(data: bytes) -> None:
    assert record.unpack(data) is None


@given(FIELDS)
def test_no_sound_record_of_other_fields_stops_us(fields: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        kept = MemoryPlace({KEY: record.pack(fields)})
        assert cache_at(Path(place), kept).look(KEY) is None
        assert decode(fields) is None


@given(st.data(), st.integers(1, 8))
def test_no_altered_record_is_used(data: st.DataObject, flips: int) -> None:
    whole = encode(entry(), Moment(entry().issued_at, 5_000.0, "boot-1"))
    torn = bytearray(whole)
    for _ in range(flips):
        torn[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    if bytes(torn) != whole:
        assert record.unpack(bytes(torn)) is None


class Jumps(RuleBasedStateMachine):
    """A machine whose wall clock is set at will. The truth is the time since each set's issue."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.clocks, self.place = JumpingClocks(), MemoryPlace()
        self.cache = cache_at(Path(self._directory.name), self.place, self.clocks)
        self.true_end: dict[str, float] = {}
        self.true_time = 0.0

    @rule(seconds=st.floats(0, 50_000))
    def time_passes(self, seconds: float) -> None:
        self.clocks.pass_(seconds)
        self.true_time += seconds

    @rule(seconds=st.floats(-100_000, 100_000))
    def the_wall_clock_is_set(self, seconds: float) -> None:
        self.clocks.jump(seconds)

    @rule(off=st.floats(0, 100_000))
    def the_machine_starts_again(self, off: float) -> None:
        self.true_time += off
        self.clocks.wall += off
        self.clocks.uptime = 1.0
        self.clocks.boot += "'"

    @rule(life=LIVES, takes=st.floats(0, 60), jumps=st.floats(-90, 90))
    def somebody_asks(self, life: int, takes: float, jumps: float) -> None:
        name = f"lease-{len(self.true_end)}"

        def make() -> Entry:
            made = entry(
                issued_at=self.clocks.wall, expires_at=self.clocks.wall + life, lease_id=name
            )
            self.true_end[name] = self.true_time + life
            self.time_passes(takes)
            self.clocks.jump(jumps)
            return made

        self.cache.obtain(KEY, make)

    @rule(data=st.binary(max_size=40), at=st.integers(0, 400))
    def the_place_is_written_over(self, data: bytes, at: int) -> None:
        old = self.place.kept.get(KEY, b"")
        self.place.kept[KEY] = old[:at] + data + old[at + len(data) :]

    @rule()
    def the_lease_is_revoked(self) -> None:
        found = self.cache.look(KEY)
        if found is not None:
            assert self.cache.forget({found.lease_id}) == 1
            assert self.cache.look(KEY) is None

    @invariant()
    def what_is_handed_out_is_good(self) -> None:
        found = self.cache.look(KEY)
        if found is not None:
            assert self.true_time < self.true_end[found.lease_id] + 1e-3
            assert found.expires_at is not None
            assert found.issued_at <= self.clocks.wall < found.expires_at

    def teardown(self) -> None:
        self._directory.cleanup()


TestJumps = Jumps.TestCase
