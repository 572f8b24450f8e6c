"""A world by its files, matched here and in an Athena of our own, from the text that is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.athena import PLACE, Athena, as_csv, records_in
from tests.support.memory_vault import START
from tests.support.whole import ACCOUNT, ROOT_USER, STATIC_USER, Whole
from tests.support.whole_truth import END, FIRST_ROOT
from vaultaws.model import StaticRole
from vaultaws.trail import audit
from vaultaws.trail.athenarun import run, write
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import Digests, each
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.expect import ANYTHING, Expected
from vaultaws.trail.gather import LogFiles
from vaultaws.trail.sources.events import FolderSource
from vaultaws.trail.verdicts import Matching, Verdict

WINDOW = Window(START, END)
IDENTITY = VaultIdentity(
    frozenset({FIRST_ROOT}),
    ROOT_USER,
    frozenset({STATIC_USER}),
    account=ACCOUNT,
    static_roles=(StaticRole("ci", STATIC_USER, 3600),),
)


@dataclass
class Both:
    """A world by its files, matched here and in Athena."""

    folder: Path
    world: Whole
    identity: VaultIdentity = IDENTITY
    digests: Digests | None = None
    expected: Expected = ANYTHING
    rounds: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        log, trail = self.world.write(self.folder)
        self.out = self.folder / "out"
        self.sources = Sources(
            events=LogFiles(FolderSource(trail), None),
            identity=self.identity,
            audit=audit.read(audit.rotated(log)),
            digests=self.digests or each(self.world.digest),
            device="file",
            expected=self.expected,
            mounts=frozenset({"aws", "team/aws"}),
        )
        self.records = records_in(trail)
        self.athena = Athena(self.records, self.out)

    def here(self) -> Matching:
        return check(self.sources, WINDOW).report.matching

    def there(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the queries, by files."""
        rows: dict[str, list[dict[str, Any]]] = {}
        made = run(self.sources, WINDOW)
        while True:
            for number in write(made, PLACE, self.out, "a_database"):
                self.rounds.append(str(number))
                for path in self.athena.files(str(number)):
                    rows[path.name[3:].partition(".")[0]] = self.athena.run(path.read_text("utf-8"))
            if made.second:
                return rows
            made = run(self.sources, WINDOW, as_csv(rows["seen"]).splitlines())


def told(found: Verdict) -> dict[str, Any]:
    """A verdict as a row of `findings`; Athena has milliseconds, and no zone."""
    moments = {"ends": found.ends, "revoked": found.revoked, "time": found.time}
    return {
        "access_key_id": found.access_key_id,
        "standing": found.standing.value,
        "why": found.why,
        "person": found.person,
        "role": found.role,
        "lease_id": found.lease_id,
        "parent_key": found.parent_key,
        "event_id": found.minted.event_id if found.minted else "",
    } | {name: plain(moment) for name, moment in moments.items()}


def plain(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=None, microsecond=moment.microsecond // 1000 * 1000)


def by_key(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["access_key_id"], row["lease_id"]))


def agree(both: Both) -> Matching:
    """Hold every row of Athena's against the match here."""
    here, there = both.here(), both.there()
    assert by_key(there["findings"]) == by_key([told(found) for found in here.verdicts])
    used = {found.access_key_id: found for found in here.verdicts if found.use.calls}
    assert {
        row["access_key_id"]: (row["calls"], row["denied"], row["first"], row["last"])
        for row in there["uses"]
    } == {
        key: (one.use.calls, one.use.denied, plain(one.use.first), plain(one.use.last))
        for key, one in used.items()
    }
    actions = sorted(there["actions"], key=lambda row: row["place"])
    assert {
        key: tuple(
            f"{row['service']} {row['name']}" for row in actions if row["access_key_id"] == key
        )
        for key in used
    } == {key: one.use.actions for key, one in used.items()}
    assert {
        (row["access_key_id"], row["kind"], row["detail"], row["calls"], row["first"], row["last"])
        for row in there["marks"]
    } == {
        (key, mark.kind.value, mark.detail, mark.calls, plain(mark.first), plain(mark.last))
        for key, one in used.items()
        for mark in one.marks
    }
    assert {act.event.event_id for act in here.acts} <= {row["event_id"] for row in there["opened"]}
    assert not [kind for kind in both.athena.kinds() if "ZONE" in kind]
    return here
