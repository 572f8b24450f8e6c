"""A case's journal says back what was written, and a torn or foreign line changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.errors import LocalStateError
from vaultaws.incident import entries
from vaultaws.incident.entries import Found, Marked, Noted, Opened
from vaultaws.incident.model import Case, Place, Scope, Step, StepKind, StepState, Suspect
from vaultaws.model import CredentialType

AT = datetime(2026, 11, 21, 9, 31, 7, tzinfo=UTC)
OPENED = Opened(
    "2026-11-21-ben",
    AT,
    "token-ada",
    Scope(person="ben", since=AT - timedelta(hours=2)),
    Place("https://vault.test:8200", "", "aws", "123456789012", "vault-root"),
)
SUSPECT = Suspect(
    access_key_id="ASIA" + "EXAMPLEKEY000001",
    lease_id="aws/sts/ec2readonly/one",
    credential_type=CredentialType.FEDERATION_TOKEN,
    issued_at=AT - timedelta(minutes=31),
    ends_at=AT + timedelta(minutes=29),
    holder=Holder(HolderKind.USER, "vault-root"),
)
STEP = Step(StepKind.DISABLE_ENTITY, "7f3a", {"name": "ben"})


def folded(*lines: entries.Entry) -> Case:
    case = entries.fold(entries.decode(entries.encode(line)) for line in lines)
    assert case is not None
    return case


def test_what_was_written_is_read_back() -> None:
    case = folded(OPENED, Found(AT, (SUSPECT,), (STEP,)))
    assert (case.scope, case.place, case.opened_by) == (OPENED.scope, OPENED.place, "token-ada")
    assert (case.suspects, case.steps) == ((SUSPECT,), (STEP,))
    assert case.state_of(STEP) is StepState.WAITING


def test_a_journal_from_before_there_were_ids_is_read_and_keeps_its_names() -> None:
    line = json.loads(entries.encode(OPENED))
    del line["id"]
    case = entries.fold([entries.decode(json.dumps(line).encode())])
    assert case is not None
    assert case.policy_name == "vaultaws-incident-2026-11-21-ben"
    later = folded(replace(OPENED, id="0a1b2c3d"))
    assert later.policy_name == "vaultaws-incident-2026-11-21-ben-0a1b2c3d"


def test_a_second_try_keeps_what_was_there_before_the_first() -> None:
    case = folded(
        OPENED,
        Found(AT, (), (STEP,)),
        Noted(STEP.id, StepState.TRIED, AT, before={"disabled": False}),
        Noted(STEP.id, StepState.TRIED, AT, before={"disabled": True}),
        Noted(STEP.id, StepState.DONE, AT, evidence={"disabled": True}),
    )
    found = case.progress[STEP.id]
    assert (found.state, found.before) == (StepState.DONE, {"disabled": False})


def test_later_observations_add_and_the_last_cut_counts() -> None:
    later = AT + timedelta(minutes=3)
    other = Step(StepKind.REVOKE_LEASE, "aws/creds/x/two")
    case = folded(
        OPENED,
        Found(AT, (SUSPECT,), (STEP,)),
        Marked("cut", AT),
        Found(later, (), (STEP, other)),
        Marked("cut", later),
        Marked("contained", later),
    )
    assert case.steps == (STEP, other)
    assert (case.cut_at, case.contained_at, case.lifted_at) == (later, later, None)


def test_lines_that_make_no_sense_change_nothing() -> None:
    lines = [b"", b"{}", b"[1]", b'{"kind":"step"}', b'{"kind":"open","time":"soon"}', b"\xff"]
    assert [entries.decode(line) for line in lines] == [None] * len(lines)
    assert entries.fold([None, Noted("x", StepState.DONE, AT)]) is None


@pytest.mark.parametrize("line", [b"", b"{}", b'{"vaultaws":"incident journal","version":99}'])
def test_another_version_is_refused(line: bytes) -> None:
    entries.check_header(entries.HEADER)
    with pytest.raises(LocalStateError):
        entries.check_header(line)
