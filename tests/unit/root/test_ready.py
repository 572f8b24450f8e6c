"""What stops a rotation of the engine's key before it begins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.rooted import ACCOUNT, KEY, NOW, SPARE, a_key, some_facts
from vaultaws.aws.identity import AccessKey
from vaultaws.errors import UsageError
from vaultaws.model import CredentialType, Role, RootConfig
from vaultaws.root.facts import RootFacts
from vaultaws.root.journal import Kind, Operation
from vaultaws.root.ready import ready, to_resume

IAM = Role("reader", CredentialType.IAM_USER)
STS = Role("fed", CredentialType.FEDERATION_TOKEN)


def two(spare: AccessKey) -> RootFacts:
    return some_facts(keys=(a_key(), spare))


def refused(facts: RootFacts, spare: str = "", *, resuming: bool = False) -> UsageError:
    with pytest.raises(UsageError) as error:
        ready(facts, (IAM,), spare=spare, resuming=resuming)
    return error.value


def test_one_key_that_works() -> None:
    prepared = ready(some_facts(), (IAM,))
    assert (prepared.key_id, prepared.user, prepared.account) == (KEY, "vault-root", ACCOUNT)
    assert prepared.known_keys == frozenset({KEY})
    assert not prepared.uses_sts
    assert ready(some_facts(), (IAM, STS)).uses_sts
    assert ready(some_facts(), None).uses_sts


def test_without_aws_the_vault_side_is_enough() -> None:
    root = RootConfig(access_key_id=KEY, region="us-gov-west-1")
    prepared = ready(some_facts(root=root, owner="", user=None, keys=None), (IAM,))
    assert (prepared.user, prepared.known_keys, prepared.partition) == ("", None, "aws-us-gov")
    assert len(prepared.account) == 12


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (some_facts(root=None), "never written"),
        (some_facts(root=RootConfig(region="eu-west-2")), "the server's own credentials"),
        (some_facts(orphaned=True, keys=None, user=None), "has no such key"),
        (some_facts(keys=(a_key(active=False),)), "switched off"),
    ],
)
def test_a_key_that_cannot_be_replaced(facts: RootFacts, said: str) -> None:
    assert said in refused(facts).why


def test_a_second_key_blocks_and_the_way_out_is_named() -> None:
    error = refused(two(a_key(SPARE, days=3)))
    assert "blocks" in error.what
    assert "never used" in error.why
    assert error.do.endswith("vaultaws root rotate --delete-spare AKIA…SSS")


@pytest.mark.parametrize("named", [SPARE, "AKIA…SSS"])
def test_a_second_key_that_nobody_uses_may_go(named: str) -> None:
    spare = a_key(SPARE, days=300, used=timedelta(days=200))
    assert ready(two(spare), (IAM,), spare=named).spare == spare


@pytest.mark.parametrize("used", [timedelta(0), timedelta(days=6, hours=23)])
def test_a_second_key_that_was_used_lately_may_not(used: timedelta) -> None:
    error = refused(two(a_key(SPARE, used=used)), spare=SPARE)
    assert "was used" in error.what
    assert "not spare" in error.why


@pytest.mark.parametrize(
    ("named", "said"),
    [(KEY, "is the key that Vault uses"), ("AKIA…RRR", "is the key that Vault uses")],
)
def test_the_key_in_use_is_never_spare(named: str, said: str) -> None:
    assert said in refused(two(a_key(SPARE)), spare=named).what


def test_a_key_that_is_not_there() -> None:
    assert "has no key AKIAX" in refused(two(a_key(SPARE)), spare="AKIAX").what
    assert "has no key AKIAX" in refused(some_facts(), spare="AKIAX").what
    assert "credentials" in refused(some_facts(keys=None), spare=SPARE).why


class TestResuming:
    def begun(self, old_key: str, **details: str) -> Operation:
        return Operation(Kind.ROOT, "", NOW, {"old_key": old_key, **details})

    def test_the_old_key_does_not_block_its_own_end(self) -> None:
        assert ready(two(a_key(SPARE)), (IAM,), resuming=True).spare is None

    def test_no_other_key_goes_meanwhile(self) -> None:
        assert "first" in refused(two(a_key(SPARE)), spare=SPARE, resuming=True).what

    def test_not_begun_in_truth(self) -> None:
        assert not to_resume(self.begun(KEY), some_facts())

    def test_replaced_and_not_proved(self) -> None:
        assert to_resume(self.begun(SPARE), some_facts())
        assert to_resume(self.begun(SPARE), some_facts(keys=None))

    def test_proved_and_only_the_old_key_is_left(self) -> None:
        proved = self.begun(SPARE, proved="yes")
        assert to_resume(proved, two(a_key(SPARE)))
        assert not to_resume(proved, some_facts())
        assert not to_resume(proved, some_facts(keys=None))
