"""IAM users without a lease: findings where that is known, and a reason where it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.support import reports
from tests.support.memory_vault import made_up_key
from tests.support.page import parsed
from tests.support.world import END, IDENTITY, START, World, digest
from vaultaws.aws.identity import AccessKey
from vaultaws.leases.inventory import Inventory, joined
from vaultaws.leases.leaseless import Leaseless
from vaultaws.trail import chart, ocsf
from vaultaws.trail.audit import AuditFailure, AuditLog, Span
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import Window
from vaultaws.trail.findings import ORPHAN, Severity
from vaultaws.trail.gather import History
from vaultaws.trail.orphans import of
from vaultaws.trail.page.page import render as page_of
from vaultaws.trail.report import Report, as_json, render
from vaultaws.trail.telling import State, after
from vaultaws.trail.verdicts import Matching

WINDOW = Window(START, END)
OLD = START + timedelta(hours=1)
YOUNG = END - timedelta(minutes=6)
KEY = made_up_key(5)
LOG = AuditLog(first=START, last=END)


def user(at: Any = OLD, **more: Any) -> Leaseless:
    keys = more.pop("keys", (AccessKey(KEY, "vault-ada", True, at),))
    return Leaseless(more.pop("name", "vault-ada"), "aws", "reader", at, keys=keys, **more)


def inventory(*users: Leaseless, **more: Any) -> Inventory:
    return Inventory("aws", END, (), leaseless=users, **more)


def report(*users: Leaseless, log: AuditLog | None = LOG, **more: Any) -> Report:
    sources = Sources(
        events=History(lambda *_, **__: ()),
        identity=IDENTITY,
        audit=log,
        digests=each(digest),
        inventory=inventory(*users, **more),
    )
    return check(sources, WINDOW).report


def test_a_user_without_a_lease_is_a_finding_with_its_grounds() -> None:
    found = report(user())
    (finding,) = found.findings
    assert (finding.severity, finding.kind) == (Severity.WARNING, ORPHAN)
    assert (finding.user, finding.access_key_id) == ("vault-ada", KEY)
    assert not found.is_clean
    (judged,) = found.judged
    assert judged.grounds is not None
    assert "no lease of aws/ is of that name" in judged.grounds.rests_on
    assert judged.grounds.could_be_wrong


def test_it_is_told_in_text_json_ocsf_page_chart_and_watch() -> None:
    found = report(user())
    assert "    1 orphan user  !  no lease is theirs: vault-ada (its key AKIA…" in render(found)
    assert "→ vaultaws leases show AKIA…" in render(found)
    told = as_json(found)
    (orphan,) = told["orphan_users"]
    assert (orphan["name"], orphan["access_keys"][0]["access_key_id"]) == ("vault-ada", KEY)
    assert orphan["rests_on"]
    assert told["findings"][0]["iam_user"] == "vault-ada"
    (line,) = (json.loads(text) for text in ocsf.lines(found))
    assert line["evidences"][0]["data"]["iam_user"] == "vault-ada"
    assert line["evidences"][0]["data"]["could_be_wrong"]
    text = parsed(page_of(found, written=END)).text
    assert "Made by Vault, without a lease, and alive" in text
    assert "none on aws/ is of that name, time or key" in text
    assert "vault-ada" in chart.render(found, chart.Look())
    (waiting,) = after(State(START), found, timedelta(days=1)).waiting
    assert (waiting.line["kind"], waiting.line["iam_user"]) == (ORPHAN, "vault-ada")
    assert waiting.line["rests_on"]


def test_its_name_stays_when_its_key_is_switched_off() -> None:
    off = AccessKey(KEY, "vault-ada", False, OLD)
    uids = {report(each).findings[0].uid for each in (user(), user(keys=()), user(keys=(off,)))}
    assert len(uids) == 1
    assert report(user(name="vault-ben")).findings[0].uid not in uids


def test_what_its_keys_are_is_said() -> None:
    off = AccessKey(KEY, "vault-ada", False, OLD)
    second = AccessKey(made_up_key(6), "vault-ada", True, OLD)
    for words, found in (
        ("its keys are switched off", user(keys=(off,))),
        ("it has no key", user(keys=())),
        ("are active", user(keys=(second, AccessKey(KEY, "vault-ada", True, OLD)))),
        ("its keys were not seen (denied)", user(keys=(), unseen="denied")),
    ):
        assert report(found).findings[0].what.endswith(words)


def test_where_iam_may_not_be_read_it_is_unknown_and_not_clean() -> None:
    sources = replace(inventory(), leaseless=None, users_unseen="AccessDenied (allow it)")
    found = Report(START, END, END, Matching(), orphans=of(sources, LOG, WINDOW))
    assert found.findings == ()
    assert found.unread == ("IAM users without a lease: AccessDenied (allow it)",)
    assert not found.is_clean
    assert as_json(found)["orphan_users"] is None
    assert "not read: IAM users without a lease: AccessDenied" in render(found)
    state = after(State(START), found, timedelta(days=1))
    assert state.watermark == END  # CloudTrail was read whole: that settles


def test_where_leases_may_not_be_listed_nobody_is_accused() -> None:
    found = report(user(), lists_leases=False)
    assert found.findings == ()
    assert "may not list the mount's leases" in found.unread[0]
    assert report(lists_leases=False).is_clean  # no user that a lease would have to explain


def test_nobody_asked_is_nothing_unread() -> None:
    for some in (None, replace(inventory(), leaseless=None)):
        found = of(some, LOG, WINDOW)
        assert (found.users, found.unsought, found.asked) == ((), "", False)


def test_a_young_user_of_a_failure_may_still_be_taken_back() -> None:
    at_failure = AuditLog(first=START, failures=[AuditFailure(YOUNG, "aws/creds/reader")])
    torn = AuditLog(first=START, gaps=[Span(YOUNG, END)])
    late = AuditLog(first=YOUNG)
    for log in (at_failure, torn, late, None):
        found = report(user(YOUNG), log=log)
        assert [each.kind for each in found.findings] == []
        assert any("may be of a failed issuance" in note for note in found.notes)
    clock = END + timedelta(minutes=20)  # AWS's is ahead
    assert report(user(YOUNG), log=at_failure, users_at=clock).findings[0].kind == ORPHAN
    for log, at in ((LOG, YOUNG), (at_failure, OLD), (None, OLD)):
        assert [each.kind for each in report(user(at), log=log).findings] == [ORPHAN]


def test_users_made_after_the_window_are_not_of_it() -> None:
    assert report(user(END + timedelta(minutes=1))).is_clean


def test_its_credential_s_verdict_stands_beside_it() -> None:
    world = World()
    key = world.mint(OLD, sts=False)
    world.audited(key, "ada", OLD, clear=False)
    found = reports.report(3, clean=True)
    verdict = found.matching.verdicts[0]
    keys = (AccessKey(verdict.access_key_id, "vault-ada", True, OLD),)
    orphans = of(inventory(user(keys=keys)), LOG, WINDOW)
    (judged,) = replace(found, orphans=orphans).judged
    assert judged.verdict is verdict
    text = parsed(page_of(replace(found, orphans=orphans), written=END)).text
    assert "Vault's leases" in text
    assert "Vault's audit log" in text


def test_hostile_names_cannot_steer_a_terminal() -> None:
    found = report(user(name="vault-\x1b[2J", unseen="no\x1b[2J", keys=()))
    assert "\x1b" not in render(found)
    assert "\x1b" not in page_of(found, written=END)
    assert found.judged[0].grounds is not None
    assert "\x1b" not in found.judged[0].grounds.rests_on


def test_several_mounts_keep_what_was_not_seen() -> None:
    both = joined([inventory(lists_leases=False), inventory(users_unseen="no", user_notes=("a",))])
    assert (both.lists_leases, both.users_unseen, both.user_notes) == (False, "no", ("a",))
