"""Which users a live lease stands behind."""

from __future__ import annotations

from tests.support.memory_vault import START
from vaultaws.incident.explained import Explainer, live_leases
from vaultaws.lint.username import Sample, user_name
from vaultaws.model import AuditIssuance
from vaultaws.vault.errors import LostAnswerError

LEASE, OTHER = "aws/creds/reader/one", "aws/creds/reader/two"
KEY = "AKIA" + "1" * 16
NAME = user_name("", "reader", person="token-ben", sample=Sample("q", int(START.timestamp())))
ISSUED = AuditIssuance(
    time=START,
    request_id="1",
    path="aws/creds/reader",
    lease_id=LEASE,
    access_key="hmac-sha256:one",
    entity_id="",
    display_name="token-ben",
)


def explained(
    *live: str, name: str = NAME, keys: tuple[str, ...] = (), elsewhere: tuple[str, ...] = ()
) -> bool | None:
    explain = Explainer(
        "aws",
        "",
        frozenset(live),
        (ISSUED,),
        digest=lambda key: "hmac-sha256:one" if key == KEY else "hmac-sha256:other",
        elsewhere=frozenset(elsewhere),
    )
    return explain(name, "reader", keys)


def test_a_live_issuance_explains_its_user_by_name_and_second_or_by_key() -> None:
    assert explained(LEASE) is True
    assert explained(LEASE, name="renamed", keys=(KEY,)) is True
    assert explained(LEASE, name="renamed", keys=("AKIA" + "2" * 16,)) is False


def test_without_a_live_lease_nothing_explains_it() -> None:
    assert explained() is False
    assert explained("aws/sts/other/one") is False


def test_a_lease_of_which_nothing_is_known_leaves_it_open() -> None:
    assert explained(OTHER) is None
    assert explained(elsewhere=("reader",)) is None
    assert Explainer("aws", "", None)(NAME, "reader", ()) is None


def test_a_server_that_does_not_answer_tells_no_leases() -> None:
    def lost(_prefix: str) -> list[str]:
        raise LostAnswerError("lost", why="the connection broke off", do="look first")

    assert live_leases(lost, "aws") is None
    found = live_leases(lambda prefix: [f"{prefix}/reader/one"], "aws")
    assert found == frozenset({LEASE, "aws/sts/reader/one"})
