"""A verify from its parts: it waits for CloudTrail when told to, and no part stops another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.support.judged import CUT, ROOT, canary_step, case_of, deny_step, token, user
from tests.support.memory_vault import FixedClock
from vaultaws.aws.actions import Action
from vaultaws.aws.cutoff import Cut, Holder
from vaultaws.aws.identity import AccessKey, IamUser
from vaultaws.errors import AwsError, VaultSealedError
from vaultaws.incident.canary import Canary
from vaultaws.incident.model import Case, Step
from vaultaws.incident.sweep import Looks
from vaultaws.incident.trials import proof_json
from vaultaws.incident.verdict import Standing
from vaultaws.incident.verify import Doors, How, evidence_of, verify
from vaultaws.model import Credentials, CredentialType, Lease, Pairs, Secret

REFUSAL = AwsError("AWS refused", why="denied", do="look", code="AccessDenied")
BROKEN = AwsError("AWS failed", why="InternalFailure", do="again", code="InternalFailure")
SEALED = VaultSealedError("the server is sealed", why="sealed", do="unseal it")
CANARY = canary_step("federation_token", ROOT)


@dataclass
class Account:
    """IAM and the trail; `fault` breaks all of IAM."""

    clock: FixedClock
    fault: AwsError | None = None
    searched_at: list[datetime] = field(default_factory=list)

    def users(self) -> Iterable[IamUser]:
        self._check()
        return ()

    def access_keys(self, user: str) -> tuple[AccessKey, ...]:
        return ()

    def key_owner(self, access_key_id: str) -> str:
        return ""

    def tags(self, user: str) -> Pairs:
        return ()

    def find(self, holder: Holder, policy_name: str) -> Cut | None:
        self._check()
        return Cut(holder, policy_name, CUT)

    def find_session(self, holder: Holder, userid: str, policy_name: str) -> object | None:
        return None

    def lookup(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        self.searched_at.append(self.clock.now())
        return ()

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class Sealed:
    """A server that answers nothing."""

    def read_acl_policies(self, names: object) -> dict[str, str]:
        raise SEALED

    def entity(self, entity_id: str, /) -> None:
        raise SEALED

    def token_of_accessor(self, accessor: str, /) -> object | None:
        raise SEALED

    def list_leases(self, prefix: str) -> list[str]:
        raise SEALED

    def lookup_lease(self, lease_id: str) -> Lease:
        raise SEALED


def canary(_step: Step) -> Canary:
    return Canary(
        Credentials("ASIA" + "7" * 16, Secret("made-up"), Secret("made-up")),
        Action("ec2", "DescribeRegions"),
        "reader-sts",
        CredentialType.FEDERATION_TOKEN,
        ROOT,
        "aws/sts/reader-sts/canary",
        "",
        CUT - timedelta(seconds=5),
        CUT + timedelta(hours=1),
    )


def doors(account: Account, answer: AwsError | None = REFUSAL) -> Doors:
    return Doors(
        vault=Sealed(),
        iam=account,
        denies=account,
        lookup=account.lookup,
        load=canary,
        attempt=lambda _: lambda: answer,
        aws_now=account.clock.now,
        clock=account.clock,
        looks=Looks({}, {}, lambda _name, _role, _keys: None),
    )


def case() -> Case:
    return case_of(token(), user(), steps=(deny_step(ROOT), CANARY))


def account(fault: AwsError | None = None) -> Account:
    return Account(FixedClock(CUT + timedelta(minutes=1)), fault)


def test_it_waits_until_cloudtrail_is_whole() -> None:
    mine = account()
    verify(case(), doors(mine), How(wait=True, delivery=timedelta(minutes=15)))
    assert min(mine.searched_at) >= CUT + timedelta(minutes=16)
    mine = account()
    found = verify(case(), doors(mine), How())
    assert max(mine.searched_at) < CUT + timedelta(minutes=2)
    assert found.trail.until is not None
    assert found.trail.until < CUT


def test_with_vault_sealed_aws_is_judged_and_with_iam_broken_vault_is() -> None:
    found = verify(case(), doors(account()))
    standing = {each.suspect.name: each.standing for each in found.judged}
    assert standing[token().name] is Standing.DEAD
    assert {check.held.value for check in found.checks} == {"unknown"}
    broken = verify(case(), doors(account(BROKEN)))
    assert {each.standing for each in broken.judged} == {Standing.UNKNOWN}
    assert any("IAM could not be swept" in note for note in broken.notes)
    assert not found.passed
    assert not broken.passed


def test_a_canary_that_only_fails_proves_nothing() -> None:
    found = verify(case(), doors(account(), BROKEN), How(patience_seconds=5))
    (proof,) = found.proofs
    assert proof.trial.value == "missing"
    assert found.judged[-1].standing is not Standing.DEAD or found.judged[-1].suspect == user()


def test_an_expired_canary_proves_nothing_and_an_earlier_trial_stands() -> None:
    expired = replace_code(REFUSAL, "ExpiredToken")
    first = verify(case(), doors(account()))
    found = verify(case(), doors(account(), expired))
    assert found.proofs[0].trial.value == "missing"
    assert "ended by itself" in found.proofs[0].why
    known = replace(case(), verified=evidence_of(first))
    again = verify(known, doors(account(), expired))
    assert again.proofs[0].earlier
    assert proof_json(again.proofs[0])["since"] == proof_json(first.proofs[0])["since"]
    standing = {each.suspect.name: each.standing for each in again.judged}
    assert standing[token().name] is Standing.DEAD


def test_one_that_is_allowed_again_forgets_the_earlier_trial() -> None:
    known = replace(case(), verified=evidence_of(verify(case(), doors(account()))))
    found = verify(known, doors(account(), None), How(patience_seconds=5))
    assert found.proofs[0].trial.value == "allowed"
    standing = {each.suspect.name: each.standing for each in found.judged}
    assert standing[token().name] is Standing.ALIVE


def replace_code(fault: AwsError, code: str) -> AwsError:
    return AwsError(fault.what, why=fault.why, do=fault.do, code=code)
