"""Canaries of every kind from real servers: usable, kept in a keyring, nothing left on failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.issuing import every_type
from tests.support.kept import MemoryPlace
from tests.support.wired import Wired, must
from vaultaws.aws.actions import attempt_with
from vaultaws.clock import SystemClock
from vaultaws.errors import AwsError
from vaultaws.incident import canary
from vaultaws.incident.keeper import Keeper
from vaultaws.incident.model import Place, Step, StepKind
from vaultaws.leases.journal import Journal

READ = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", SystemClock())


def step(role: str, kind: str, holder_kind: str = "", holder_name: str = "") -> Step:
    settings = {"role": role, "kind": kind, "holder_kind": holder_kind, "holder_name": holder_name}
    return Step(StepKind.CANARY, f"{kind} {holder_name}", settings)


def may_read(wired: Wired, *, user: str = "", role: str = "") -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
    iam = wired.client("iam")
    if user:
        iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=document)
    else:
        iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=document)


def test_a_canary_of_every_kind_is_issued_kept_and_usable(
    wired: Wired, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in wired.environ({}).items():
        monkeypatch.setenv(name, value)
    roles = every_type(wired)
    second = roles.arns[1].rsplit("/", 1)[-1]
    may_read(wired, user=wired.root_user)
    may_read(wired, role=second)
    place = Place(wired.vault.address, "", wired.mount)
    kept = MemoryPlace()
    for wanted in (
        step("reader", "iam_user"),
        step("reader-sts", "federation_token", "user", wired.root_user),
        step("session", "session_token", "user", wired.root_user),
        step("ops", "assumed_role", "role", second),
    ):
        keeper = Keeper("ben", place, kept)
        evidence = canary.issue(
            wired.vault, place, wanted, keeper=keeper, journal=journal, clock=SystemClock()
        )
        found = canary.load(Keeper("ben", place, kept), wanted)
        assert found is not None
        secret = found.credentials.secret_access_key.reveal()
        assert secret not in json.dumps(evidence)
        assert secret not in (journal._directory / "leases.jsonl").read_text()
        assert evidence["access_key_id"] == found.credentials.access_key_id
        assert str(found.action).startswith("ec2:Describe")
        assert attempt_with(found.credentials, found.action, None)() is None
        again = canary.issue(
            wired.vault, place, wanted, keeper=keeper, journal=journal, clock=SystemClock()
        )
        assert again == {key: value for key, value in evidence.items() if key != "kept_in"}
        if wanted.settings["kind"] == "iam_user":
            assert evidence["user"] in wired.user_names("reader")
        assert found.lease_id in journal.ledger().by_lease()


def test_a_role_that_may_nothing_leaves_no_lease(
    wired: Wired, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in wired.environ({}).items():
        monkeypatch.setenv(name, value)
    one = {"Effect": "Allow", "Action": "glacier:DescribeJob", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [one]})
    role = {"credential_type": "federation_token", "policy_document": document}
    must(wired.ask(f"{wired.mount}/roles/narrow", role))
    place = Place(wired.vault.address, "", wired.mount)
    wanted = step("narrow", "federation_token", "user", wired.root_user)
    keeper = Keeper("ben", place, MemoryPlace())
    with pytest.raises(AwsError, match="gives no canary"):
        canary.issue(
            wired.vault, place, wanted, keeper=keeper, journal=journal, clock=SystemClock()
        )
    assert canary.load(keeper, wanted) is None
    assert not wired.vault.list_leases(f"{wired.mount}/sts")
