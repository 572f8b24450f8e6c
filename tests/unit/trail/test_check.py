"""The check's wiring: what is looked up, what is noted, how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.support.memory_vault import made_up_key
from tests.support.world import (
    END,
    IDENTITY,
    ROOT_KEY,
    START,
    WATERMARK,
    World,
    check_world,
    digest,
    record_of,
)
from vaultaws.errors import VaultDeniedError
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.trail.audit import AuditLog, AuditRevocation, AuditRotation
from vaultaws.trail.check import NO_USER, Sources
from vaultaws.trail.check import check as checked
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.expect import Expected
from vaultaws.trail.findings import OVERDUE, Severity
from vaultaws.trail.gather import History
from vaultaws.trail.report import Report, as_json, render
from vaultaws.trail.verdicts import Standing

AT = START + timedelta(hours=1)
WINDOW = Window(START, END)


class Trail:
    """A CloudTrail that remembers what it was asked."""

    def __init__(self, world: World, *extra: object) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._world = world
        self._extra = extra

    def __call__(
        self, attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        self.asked.append((attribute, value, region))
        yield from self._extra
        for event in self._world.events:
            parts = {
                "AccessKeyId": event.access_key_id,
                "Username": event.user_name,
                "EventName": event.name,
            }
            if parts[attribute] == value:
                yield record_of(event)


def sources(world: World, **changes: object) -> Sources:
    log = AuditLog(issuances=world.audit, first=START)
    made = Sources(events=History(Trail(world)), identity=IDENTITY, audit=log, digests=each(digest))
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def check(
    sources: Sources, window: Window, watch: Callable[[str], None] = lambda _: None
) -> Report:
    return checked(sources, window, watch).report


def test_each_key_is_asked_for_once_in_each_region() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    trail = Trail(world)
    check(sources(world, events=History(trail, ("eu-west-2", "us-east-1"))), WINDOW)
    assert len(trail.asked) == len(set(trail.asked))
    assert {region for _, value, region in trail.asked if value == key} == {
        "us-east-1",
        "eu-west-2",
    }
    assert ("Username", "vault-root", "us-east-1") in trail.asked


def test_progress_is_told() -> None:
    said: list[str] = []
    check(sources(World()), WINDOW, watch=said.append)
    assert said == [
        "CloudTrail, 1 look-ups",
        "CloudTrail, 2 look-ups",
        "Vault's audit log",
        "matching",
    ]


def test_without_an_audit_log_it_says_so_and_accuses_nobody() -> None:
    world = World()
    world.mint(AT, sts=True)
    report = check(sources(world, audit=None), WINDOW)
    assert "no audit log was given: no credential can be explained" in report.notes
    (finding,) = report.findings
    assert finding.severity is Severity.WARNING
    assert "cannot be judged: no audit log was given" in render(report)


def test_a_log_that_explains_nothing_is_doubted() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    report = check(sources(world, digests=each(lambda _: "hmac-sha256:another-salt")), WINDOW)
    assert any(note.startswith("nothing matched") for note in report.notes)


def test_an_unknown_root_key_is_noted() -> None:
    report = check(sources(World(), identity=VaultIdentity(user_name="vault-root")), WINDOW)
    assert len(report.notes) == 1


def test_vault_s_user_is_learned_from_the_calls_of_its_key() -> None:
    """A second key of the same user is Vault's too: what it made is no secret of the first key."""
    world = World()
    world.mint(AT, sts=True)
    behind = world.mint(AT, sts=True, by=made_up_key(77))
    world.events[-1] = replace(world.events[-1], user_name="vault-root")
    known_by_key = VaultIdentity(frozenset({ROOT_KEY}))
    report = check(sources(world, identity=known_by_key), WINDOW)
    assert behind in {found.access_key_id for found in report.matching.verdicts}
    assert report.unread == ()


def test_a_key_that_was_not_used_tells_no_user_and_the_check_is_not_clean() -> None:
    report = check(sources(World(), identity=VaultIdentity(frozenset({ROOT_KEY}))), WINDOW)
    assert report.unread == (NO_USER,)
    assert not report.is_clean
    assert as_json(report)["not_read"] == [NO_USER]


def test_what_was_minted_after_the_log_s_end_accuses_nobody() -> None:
    """The log was copied, or its device was switched off, two hours before the window's end."""
    world = World()
    before, after = world.mint(AT, sts=True), world.mint(AT + timedelta(minutes=30), sts=True)
    ends = AT + timedelta(minutes=10)
    log = AuditLog(issuances=world.audit, first=START, last=ends)
    report = check(sources(world, audit=log), WINDOW)
    told = {found.access_key_id: (found.standing, found.why) for found in report.matching.verdicts}
    assert told == {
        before: (Standing.UNEXPLAINED, ""),
        after: (Standing.UNCOVERED, "it is younger than the audit log, which ends before"),
    }


def test_a_log_that_is_written_on_accuses_to_the_last() -> None:
    world = World()
    key = world.mint(END - timedelta(seconds=30), sts=True)
    log = AuditLog(issuances=world.audit, first=START, last=END)
    report = check(sources(world, audit=log), WINDOW)
    assert [found.access_key_id for found in report.matching.of(Standing.UNEXPLAINED)] == [key]


def test_leases_that_vault_could_not_end_are_findings() -> None:
    """Their users' keys work on: no end of a token, and no orphan, since there is a lease."""
    past, stuck = END - timedelta(hours=1), "AWS: DeleteConflict"
    held = Holding("aws/creds/r/1", "aws", "creds", "r", LeaseState.LIVE, is_sts=False)
    late = replace(held, lease_ends=past, person="ada", access_key_id=made_up_key(1))
    given_up = replace(held, lease_id="aws/creds/r/2", stuck=stuck)
    fine = replace(held, lease_id="aws/creds/r/3", lease_ends=END + timedelta(minutes=1))
    young = replace(held, lease_id="aws/creds/r/4", lease_ends=END - timedelta(minutes=4))
    gone = replace(late, lease_id="aws/creds/r/5", user_gone=True)
    inventory = Inventory("aws", END, (late, given_up, fine, young, gone))
    report = check(sources(World(), inventory=inventory), WINDOW)
    assert [found.lease_id for found in report.findings] == ["aws/creds/r/1", "aws/creds/r/2"]
    assert {found.kind for found in report.findings} == {OVERDUE}
    text = render(report)
    assert "2 past its lease  !  the lease of r for ada, over since 2026-" in text
    assert "Vault has given up revoking it: AWS: DeleteConflict" in text
    assert [one["irrevocable"] for one in as_json(report)["overdue_leases"]] == [None, stuck]
    assert all(judged.grounds for judged in report.judged)


def test_where_people_are_expected_says_nothing_of_vault_s_new_key() -> None:
    world = World()
    world.event("CreateAccessKey", ROOT_KEY, AT, issued="new-root")
    world.use("new-root", AT + timedelta(minutes=1), 1)
    log = AuditLog(first=START, rotations=[AuditRotation(AT, "aws", digest("new-root"))])
    here = Expected(networks=("10.0.0.0/8",), regions=("mars-1",), agents=("nobody/*",))
    report = check(sources(world, audit=log, expected=here), WINDOW)
    (found,) = report.matching.of(Standing.ROTATION)
    assert (found.use.calls, found.marks) == (1, ())


def test_keys_in_clear_need_no_server() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=True)
    report = check(sources(world, digests=None), WINDOW)
    assert report.findings == ()
    assert [found.person for found in report.matching.of(Standing.EXPLAINED)] == ["ada"]


def test_a_token_beyond_its_lease_is_found_through_the_inventory() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    lease = world.audited(key, "ada", AT, clear=False)
    held = Holding(
        lease,
        "aws",
        "creds",
        "reader",
        LeaseState.ENDED,
        access_key_id=key,
        is_sts=True,
        token_ends=END + timedelta(minutes=5),
    )
    report = check(sources(world, inventory=Inventory("aws", END, (held,))), WINDOW)
    (finding,) = report.findings
    assert finding.what == "the token of reader for ada lives on after its lease"
    assert "    1 alive beyond its lease" in render(report)


def test_what_could_not_be_read_is_counted() -> None:
    world = World()
    log = AuditLog(first=START, unreadable=2)
    report = check(sources(world, events=History(Trail(world, "junk")), audit=log), WINDOW)
    assert (report.unreadable_records, report.unreadable_lines) == (2, 2)
    text = render(report)
    assert "CloudTrail records could not be read" in text
    assert "lines of the audit log could not be read" in text


def test_a_record_that_two_look_ups_could_not_read_counts_once() -> None:
    world = World()
    odd = {"eventID": "odd", "eventTime": AT.isoformat()}
    trail = Trail(world, odd)
    report = check(sources(world, events=History(trail)), WINDOW)
    assert len(trail.asked) > 1
    assert report.unreadable_records == 1
    assert "1 CloudTrail record could not be read" in render(report)


def test_missing_and_pending_are_told_apart() -> None:
    world = World()
    world.audited(made_up_key(1), "ada", AT, clear=False)
    world.audited(made_up_key(2), "ben", WATERMARK + timedelta(minutes=1), clear=False)
    report = check_world(world)
    assert [found.what for found in report.findings] == [
        "reader issued to ada at 09:00 is not in CloudTrail"
    ]
    assert "    1 not yet in CloudTrail" in render(report)


def test_an_opened_door_is_told_with_its_target() -> None:
    world = World()
    world.event("CreateLoginProfile", world_root(), AT, user="somebody")
    text = render(check_world(world))
    assert "CreateLoginProfile on somebody by vault-root at 09:00" in text


def test_a_thief_s_descendant_names_its_parent() -> None:
    world = World()
    stolen = world.mint(AT, sts=True)
    world.mint(AT, sts=True, by=stolen)
    text = render(check_world(world))
    assert f"by {stolen[:4]}…{stolen[-3:]}, itself unexplained" in text
    assert "never used" in text


def test_json_holds_the_evidence() -> None:
    world = World()
    key = world.mint(AT, sts=False)
    world.audited(key, "ada", AT, clear=False)
    world.event("CreateLoginProfile", world_root(), AT, user="somebody")
    made = as_json(check_world(world))
    assert made["version"] == 1
    assert made["counts"]["explained"] == 1
    (credential,) = made["credentials"]
    assert credential["person"] == "ada"
    assert credential["entity_id"] == "entity-ada"
    assert credential["evidence"]["event_name"] == "CreateAccessKey"
    assert made["acts"][0]["target"] == "somebody"
    assert made["findings"][0]["severity"] == "critical"


def test_a_hostile_user_name_cannot_move_the_cursor() -> None:
    world = World()
    world.event("CreateLoginProfile", world_root(), AT, user="a\x1b[2J\nb")
    assert "\x1b" not in render(check_world(world))


def test_an_empty_window_reads_well() -> None:
    report: Report = check_world(World())
    assert render(report).splitlines()[1] == "    0 explained        0 people, 0 roles"


def world_root() -> str:
    (key,) = IDENTITY.key_ids
    return key


def test_what_came_after_the_window_is_not_waited_for() -> None:
    world = World()
    world.audited("k", "ada", END + timedelta(hours=1), clear=False)
    assert check(sources(world), WINDOW).matching.verdicts == ()


def test_a_token_that_may_not_ask_for_digests_is_told_so_and_the_check_goes_on() -> None:
    def denied(value: str) -> str:
        raise VaultDeniedError("no", why="no", do="no")

    world = World()
    world.audited(world.mint(AT, sts=True), "ada", AT, clear=False)
    report = check(sources(world, digests=each(denied)), WINDOW)
    assert {found.standing for found in report.matching.verdicts} == {Standing.UNCOVERED}
    assert any("sys/audit-hash" in note for note in report.notes)
    assert not report.is_clean


def test_what_a_rotated_root_key_made_is_vault_s_though_its_user_is_not_known() -> None:
    world = World()
    world.event("CreateAccessKey", ROOT_KEY, AT, issued="new-root")
    key = world.mint(AT, sts=True, by="new-root")
    world.audited(key, "ada", AT, clear=False)
    stolen = world.mint(AT, sts=True, by="new-root")
    log = AuditLog(
        issuances=world.audit, first=START, rotations=[AuditRotation(AT, "aws", digest("new-root"))]
    )
    identity = VaultIdentity(frozenset({ROOT_KEY}))
    report = check(sources(world, audit=log, identity=identity), WINDOW)
    seen = {found.access_key_id: found.standing for found in report.matching.verdicts}
    assert seen == {
        "new-root": Standing.ROTATION,
        key: Standing.EXPLAINED,
        stolen: Standing.UNEXPLAINED,
    }


def test_only_leases_of_the_window_are_asked_for() -> None:
    world = World()
    old = world.audited("k", "ada", START - timedelta(days=9), clear=False)
    lease = world.audited(world.mint(AT, sts=True), "ada", AT, clear=False)
    later = AT + timedelta(minutes=1)
    revoked = [AuditRevocation(later, digest(lease), False, "root")]
    log = AuditLog(issuances=world.audit, first=START, revocations=revoked)
    asked: list[str] = []

    def told(value: str) -> str:
        asked.append(value)
        return digest(value)

    (found,) = check(sources(world, audit=log, digests=each(told)), WINDOW).matching.verdicts
    assert found.revoked == later
    assert old not in asked


def test_a_note_with_a_hostile_name_cannot_steer_a_terminal() -> None:
    report = replace(check(sources(World()), WINDOW), notes=("1 file: empty (\x1b[2J.json)",))
    assert "\x1b" not in render(report)


def test_a_vault_that_works_with_a_role_is_known_by_it() -> None:
    """The role's sessions are found by the names of calls; another role's are nobody's concern."""
    world = World()
    for role, key, minted in (("vault", "session", "X"), ("other", "theirs", "Y")):
        world.event("AssumeRole", key, AT, issued=minted)
        made = replace(world.events[-1], identity_type="AssumedRole", user_name=role)
        world.events[-1] = made
    world.audited("X", "ada", AT, clear=False)
    world.event("AssumeRole", "session", AT, issued="Z")
    world.events[-1] = replace(world.events[-1], identity_type="AssumedRole", user_name="vault")
    world.use("X", AT, 2)
    report = check(sources(world, identity=VaultIdentity(role_name="vault")), WINDOW)
    seen = {found.access_key_id: found.standing for found in report.matching.verdicts}
    assert seen == {"X": Standing.EXPLAINED, "Z": Standing.UNEXPLAINED}
    assert report.calls == 2
    assert report.notes == ()


def test_a_request_that_is_written_while_events_are_gathered_explains_its_key() -> None:
    """A watch has read the log when CloudTrail is asked; what came since is read before judging."""
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    before, after = AuditLog(first=START), AuditLog(issuances=world.audit, first=START)
    early = check(sources(world, audit=before), WINDOW)
    assert {one.standing for one in early.matching.verdicts} == {Standing.UNEXPLAINED}
    late = check(sources(world, audit=before, reread=lambda: after), WINDOW)
    assert {one.standing for one in late.matching.verdicts} == {Standing.EXPLAINED}
