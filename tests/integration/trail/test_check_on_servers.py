"""CloudTrail against a real server's audit log: the person's name, and the thief."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from tests.support.logins import READ_ONLY, log_in, token_of, write_roles
from tests.support.wired import Wired
from vaultaws.aws.cloudtrail import lookup_records
from vaultaws.clock import SystemClock
from vaultaws.leases.inventory import take
from vaultaws.model import Credentials, Secret
from vaultaws.trail import audit
from vaultaws.trail.check import Sources, check
from vaultaws.trail.digests import each
from vaultaws.trail.evidence import VaultIdentity, Window
from vaultaws.trail.findings import Severity
from vaultaws.trail.gather import History
from vaultaws.trail.report import Report, render
from vaultaws.trail.verdicts import Standing, Why

CLOCK = SystemClock()


class QuickClock(SystemClock):
    """Does not wait between look-ups: this account is the test's alone."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.3))


def run_check(wired: Wired, since: datetime) -> Report:
    def lookup(
        attribute: str, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        admin = Credentials(wired.aws.access_key_id, wired.aws.secret_access_key)
        return lookup_records(
            attribute,
            value,
            start=start,
            end=end,
            clock=QuickClock(),
            region=region,
            credentials=admin,
        )

    device = wired.vault.audit_devices()[0]  # a line that is younger than all that is asked about
    log = audit.read([wired.server.audit], (wired.mount,))
    sources = Sources(
        events=History(lookup, (wired.options.region,)),
        identity=VaultIdentity(frozenset({wired.root_credentials.access_key_id}), wired.root_user),
        audit=log,
        digests=each(lambda key: wired.vault.audit_hash(device, key)),
        inventory=take(wired.vault, wired.mount, CLOCK, issuances=log.issuances),
        delivery=timedelta(0),
    )
    return check(sources, Window(since, CLOCK.now() + timedelta(seconds=1))).report


@pytest.fixture(autouse=True)
def _endpoint(wired: Wired, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)


def test_people_are_named_and_the_thief_is_not(wired: Wired) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    write_roles(wired)
    ada, ben = log_in(wired, "ada"), log_in(wired, "ben")
    user = ada.issue(wired.mount, "reader", sts=False)
    token = ben.issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    for issued in (user, token):
        ec2 = wired.client("ec2", issued.credentials)
        assert ec2.describe_instances()["Reservations"] == []
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        wired.client("ec2", token.credentials).run_instances(
            ImageId="ami-1", MinCount=1, MaxCount=1
        )
    root = wired.root_credentials
    stolen = wired.client("sts", root).get_federation_token(Name="vault-thief", Policy=READ_ONLY)
    stolen_key = stolen["Credentials"]["AccessKeyId"]
    thief = Credentials(
        stolen_key,
        Secret(stolen["Credentials"]["SecretAccessKey"]),
        Secret(stolen["Credentials"]["SessionToken"]),
    )
    wired.client("ec2", thief).describe_instances()
    wired.vault.revoke_lease(token.lease.id)

    report = run_check(wired, since)

    seen = {found.access_key_id: found for found in report.matching.verdicts}
    assert set(seen) == {
        user.credentials.access_key_id,
        token.credentials.access_key_id,
        stolen_key,
    }
    mine = seen[user.credentials.access_key_id]
    assert (mine.standing, mine.person, mine.role) == (Standing.EXPLAINED, "ada", "reader")
    assert mine.lease_id == user.lease.id
    assert mine.use.actions == ("ec2 DescribeInstances",)
    theirs = seen[token.credentials.access_key_id]
    assert (theirs.standing, theirs.person) == (Standing.EXPLAINED, "ben")
    assert (theirs.use.calls, theirs.use.denied) == (2, 1)
    assert theirs.alive_until is not None
    assert seen[stolen_key].standing is Standing.UNEXPLAINED
    assert seen[stolen_key].use.calls == 1
    critical = [found for found in report.findings if found.severity is Severity.CRITICAL]
    assert [found.access_key_id for found in critical] == [stolen_key]
    assert report.matching.acts == ()
    assert (report.unreadable_records, report.unreadable_lines) == (0, 0)
    text = render(report)
    assert "2 explained        2 people, 2 roles" in text
    assert f"GetFederationToken by {wired.root_user}" in text
    assert "1 alive beyond its lease" in text


def test_a_user_made_behind_vault_is_found_with_its_key(wired: Wired) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    iam = wired.client("iam", wired.root_credentials)
    iam.create_user(UserName="vault-evil")
    key = iam.create_access_key(UserName="vault-evil")["AccessKey"]["AccessKeyId"]

    report = run_check(wired, since)

    assert [found.access_key_id for found in report.matching.of(Standing.UNEXPLAINED)] == [key]
    assert [act.target for act in report.matching.acts] == ["vault-evil"]
    iam.delete_access_key(UserName="vault-evil", AccessKeyId=key)
    iam.delete_user(UserName="vault-evil")


def test_an_answer_that_was_wrapped_is_explained_once_it_is_taken_out(wired: Wired) -> None:
    """Before that the log has no key for it, and nobody is accused."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    write_roles(wired)
    ada = token_of(wired, "ada")
    tokens = [wrapped(wired, ada, "reader") for _ in range(2)]
    sealed = run_check(wired, since).matching.of(Standing.UNCOVERED)
    assert len(sealed) == 2
    assert {found.why for found in sealed} == {Why.WRAPPED}

    root = wired.server.root_token
    keys = {unwrapped(wired, tokens[0], {}), unwrapped(wired, root, {"token": tokens[1].reveal()})}

    told = run_check(wired, since).matching.of(Standing.EXPLAINED)
    assert {(found.access_key_id, found.person, found.role) for found in told} == {
        (key, "ada", "reader") for key in keys
    }
    assert all(found.lease_id for found in told)


def wrapped(wired: Wired, token: Secret, role: str) -> Secret:
    """Ask for credentials whose answer is wrapped; the wrapping token."""
    headers = {"X-Vault-Token": token.reveal(), "X-Vault-Wrap-TTL": "60s"}
    address = f"{wired.server.address}/v1/{wired.mount}/creds/{role}"
    answer = requests.get(address, headers=headers, timeout=30)
    answer.raise_for_status()
    return Secret(answer.json()["wrap_info"]["token"])


def unwrapped(wired: Wired, token: Secret, body: dict[str, str]) -> str:
    """Take an answer out; the id of the key in it."""
    headers = {"X-Vault-Token": token.reveal()}
    address = f"{wired.server.address}/v1/sys/wrapping/unwrap"
    answer = requests.put(address, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["data"]["access_key"])
