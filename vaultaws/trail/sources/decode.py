"""The bytes of one log file of CloudTrail, as columns and as a list of what was wrong with them.

Read are `{"Records": […]}` as CloudTrail delivers it, a JSON list of records, and JSON lines of
records or of EventBridge's envelopes around them, each plain or compressed with gzip. A file whose
records have the documented types is decoded in one go; any other record by record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

from vaultaws.trail.sources.faults import Fault, FaultKind
from vaultaws.trail.sources.layout import Place
from vaultaws.trail.sources.record import LONGEST_DOCUMENT, LONGEST_TEXT, Record, columns, lenient

LONGEST_BYTES: Final = 256 << 20
"""What is read of one file, uncompressed. CloudTrail's own files stay far below."""
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31  # zlib's number for a stream in gzip's format
_STEP_BYTES: Final = 1 << 16
_HEAD: Final = re.compile(rb'\s*\{(?:[^{}\[\]]*,)?\s*"Records"\s*:\s*\[')
_RECORD: Final = re.compile(r'\{\s*"eventVersion"\s*:')
_FILL: Final = re.compile(r"[\s,]*")


class _Log(msgspec.Struct, gc=False):
    records: list[Record] = msgspec.field(name="Records")


class _Parts(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


class _Envelope(msgspec.Struct, gc=False):
    """EventBridge's event ("Events from AWS services", CloudTrail user guide)."""

    detail_type: str = msgspec.field(name="detail-type")
    detail: msgspec.Raw


_LOG: Final = msgspec.json.Decoder(_Log)
_PARTS: Final = msgspec.json.Decoder(_Parts)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_RECORDS: Final = msgspec.json.Decoder(Record)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_DAMAGE: Final[Any] = isal_zlib.error
_WRONG: Final = (msgspec.MsgspecError, ValueError, RecursionError)


@dataclass(frozen=True)
class FileRead:
    """What one file holds: rows of `tables.EVENTS`, and what was wrong."""

    file: str
    events: pa.Table
    faults: tuple[Fault, ...] = ()


@dataclass
class _Reading:
    """One file being read, and what was wrong so far."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def note(self, kind: FaultKind, count: int = 1, detail: str = "") -> None:
        if count:
            self.faults.append(Fault(kind, self.file, count, detail))


def decode(data: bytes, file: str, place: Place | None = None) -> FileRead:
    """Read a log file of the name `file`. Never raises for what is in it.

    `place` is the account and the region that the file's key promises; records of others are kept
    and counted. Global services' records (us-east-1) are at home in every region's files.
    """
    reading = _Reading(file)
    text = _unpacked(data, reading)
    records = _records(text, reading) if text.strip() else []
    if not text.strip() and not reading.faults:
        reading.note(FaultKind.EMPTY)
    found = columns(records)
    reading.note(FaultKind.VERSION, found.unknown_version)
    reading.note(FaultKind.INCOMPLETE, found.incomplete)
    kept = f"{LONGEST_TEXT:,} characters are kept, {LONGEST_DOCUMENT:,} of a policy"
    reading.note(FaultKind.ALTERED, found.altered, kept)
    if place is not None:
        _note_strangers(found.events, place, reading)
    return FileRead(file, found.events, tuple(reading.faults))


def _note_strangers(events: pa.Table, place: Place, reading: _Reading) -> None:
    if place.account:
        strange = pc.invert(pc.is_in(events["account"], pa.array(["", place.account])))
        reading.note(FaultKind.ACCOUNT, pc.sum(strange).as_py() or 0)
    if place.region:
        at_home = pa.array(["", "us-east-1", place.region])
        strange = pc.invert(pc.is_in(events["region"], at_home))
        reading.note(FaultKind.REGION, pc.sum(strange).as_py() or 0)


def _unpacked(data: bytes, reading: _Reading) -> bytes:
    """Unpack as far as the data is good, and no further than is bearable."""
    if not data.startswith(_GZIP):
        if len(data) > LONGEST_BYTES:
            reading.note(FaultKind.TOO_LARGE)
        return data[:LONGEST_BYTES]
    parts: list[bytes] = []
    try:
        fault = _unpack(data, len(data), parts)
    except _DAMAGE:
        parts.clear()
        try:
            fault = _unpack(data, _STEP_BYTES, parts)
        except _DAMAGE:
            fault = FaultKind.DAMAGED
    if fault:
        reading.note(fault)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpack(data: bytes, step: int, parts: list[bytes]) -> FaultKind | None:
    """Unpack into `parts`, `step` bytes at a time, one stream after the other."""
    room = LONGEST_BYTES
    while data:
        stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        while data and not stream.eof:
            if room <= 0:
                return FaultKind.TOO_LARGE
            parts.append(stream.decompress(data[:step], room))
            room -= len(parts[-1])
            data = stream.unconsumed_tail + data[step:]
        if not stream.eof:
            return FaultKind.TRUNCATED
        data = (stream.unused_data + data).lstrip(b"\0")
    return None


def _records(text: bytes, reading: _Reading) -> Sequence[Record]:
    try:
        return _LOG.decode(text).records
    except _WRONG:
        pass
    try:
        lines = _RECORDS.decode_lines(text)
        if all(record.event_version for record in lines):
            return lines
    except _WRONG:
        pass
    for decoder in (_PARTS, _LIST):
        try:
            found = decoder.decode(text)
        except _WRONG:
            continue
        pieces = found.records if isinstance(found, _Parts) else found
        return list(_singly(map(bytes, pieces), reading))
    if _HEAD.match(text[:_STEP_BYTES]):
        return list(_salvaged(text, reading))
    return _of_lines(text, reading)


def _singly(pieces: Iterable[bytes], reading: _Reading) -> Iterator[Record]:
    """Each piece of JSON as a record; what is no JSON is counted."""
    broken = 0
    for piece in pieces:
        try:
            yield _RECORDS.decode(piece)
            continue
        except _WRONG:
            pass
        try:
            yield lenient(json.loads(piece.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            broken += 1
    reading.note(FaultKind.BROKEN, broken)


def _salvaged(text: bytes, reading: _Reading) -> Iterator[Record]:
    """The whole records of a broken list: after a broken one it goes on where the next begins."""
    chars = text.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    broken = 0
    at = chars.index("[") + 1
    while True:
        at = _FILL.match(chars, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at >= len(chars) or chars[at] == "]":
            break
        try:
            value, at = decoder.raw_decode(chars, at)
        except (ValueError, RecursionError):
            broken += 1
            following = _RECORD.search(chars, at + 1)
            if following is None:
                break
            at = following.start()
        else:
            yield lenient(value)
    reading.note(FaultKind.BROKEN, broken)
    if not broken and at >= len(chars):
        reading.note(FaultKind.TRUNCATED, detail="its list has no end")


def _of_lines(text: bytes, reading: _Reading) -> Sequence[Record]:
    """Lines of JSON: records, or envelopes with one. Or one value over many lines."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
        pieces = [text]
    except _WRONG:
        pieces = [line for line in text.splitlines() if line.strip()]
    inner = _Reading(reading.file)
    records = list(_singly(map(_opened, pieces), inner))
    if not any(record.event_version for record in records):
        reading.note(FaultKind.NOT_A_LOG)
        return []
    reading.faults += inner.faults
    return records


def _opened(piece: bytes) -> bytes:
    """What is inside an envelope, or the piece itself."""
    try:
        return bytes(_ENVELOPE.decode(piece).detail)
    except _WRONG:
        return piece
