"""Issuing: no way out leaves a lease behind that nobody holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.disk import full_disk
from tests.support.memory_vault import (
    IAM_ROLE,
    STS_ROLE,
    FixedClock,
    MemoryVault,
    denied,
    lost,
    memory_vault,
)
from vaultaws.errors import (
    ConfigError,
    LocalStateError,
    UsageError,
    VaultawsError,
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultStandbyError,
    WaitTimeoutError,
)
from vaultaws.leases.entries import Step
from vaultaws.leases.issue import _Asking, give_back, handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.ledger import Record
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Credentials, CredentialType, Role, Secret, TokenInfo

IAM = IssueRequest("aws", "reader")
STS = IssueRequest("aws", "reader-sts")


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


@pytest.fixture
def journal(tmp_path: Path, vault: MemoryVault) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", vault.clock) as made:
        yield made


def last(journal: Journal) -> Record:
    return journal.ledger().records[-1]


def raising(error: BaseException) -> Callable[[Credentials, Role | None], None]:
    def wait(_: Credentials, __: Role | None) -> None:
        raise error

    return wait


def too_late() -> WaitTimeoutError:
    return WaitTimeoutError("not good in time", why="IAM is slow", do="try again")


def test_credentials_come_with_who_what_and_how_long(vault: MemoryVault, journal: Journal) -> None:
    def wait(credentials: Credentials, role: Role | None) -> None:
        assert credentials.access_key_id
        vault.clock.sleep(7.4)

    handed = issue(vault, journal, vault.clock, IAM, wait)

    assert handed.person == "ada"
    assert handed.credential_type is CredentialType.IAM_USER
    assert handed.waited_seconds == pytest.approx(7.4)
    assert handed.notes == ()
    assert handed.issued.lease.id in vault.leases
    assert last(journal).is_open


def test_sts_tokens_come_from_sts_and_are_not_waited_for(
    vault: MemoryVault, journal: Journal
) -> None:
    handed = issue(vault, journal, vault.clock, STS, raising(too_late()))
    assert handed.issued.lease.id.startswith("aws/sts/")
    assert handed.waited_seconds is None


def test_handing_over_is_journalled(vault: MemoryVault, journal: Journal) -> None:
    handed = issue(vault, journal, vault.clock, IAM)
    with handing_over(vault, journal, handed) as inside:
        assert inside is handed
    assert last(journal).handed_over
    assert vault.revoked == []


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt(), SystemExit(1)])
def test_a_failed_hand_over_revokes(
    vault: MemoryVault, journal: Journal, error: BaseException
) -> None:
    handed = issue(vault, journal, vault.clock, IAM)
    with pytest.raises(type(error)), handing_over(vault, journal, handed):
        raise error
    assert vault.revoked == [handed.issued.lease.id]
    assert vault.leases == {}
    assert not last(journal).is_open


@pytest.mark.parametrize("error", [too_late(), KeyboardInterrupt(), RuntimeError("odd")])
def test_whatever_ends_the_wait_revokes(
    vault: MemoryVault, journal: Journal, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        issue(vault, journal, vault.clock, IAM, raising(error))
    assert vault.leases == {}
    assert last(journal).closed is not None


def test_an_interrupt_while_vault_is_asked_waits_for_the_answer_and_revokes(
    vault: MemoryVault, journal: Journal
) -> None:
    """Ctrl-C arrives in the main thread while the request is out."""
    import _thread

    interrupted = threading.Event()

    def interrupt() -> None:
        _thread.interrupt_main()
        interrupted.set()

    vault.after = interrupt
    with pytest.raises(KeyboardInterrupt):
        issue(vault, journal, vault.clock, IAM)
    assert interrupted.is_set()
    assert vault.issued == 1
    assert vault.leases == {}


def test_an_interrupt_before_vault_is_asked_means_that_it_never_is(
    vault: MemoryVault, journal: Journal
) -> None:
    intent = journal.intend(
        server=vault.address,
        mount="aws",
        role="reader",
        endpoint="creds",
        ttl_seconds=None,
        token=None,
    )
    asking = _Asking(vault, journal, intent)
    asking.take_back(KeyboardInterrupt())
    with pytest.raises(CancelledError):
        asking.ask(IAM, sts=False)
    assert vault.issued == 0
    assert not last(journal).is_open


def test_a_lease_that_cannot_be_revoked_stays_open_and_is_named(
    vault: MemoryVault, journal: Journal
) -> None:
    vault.unrevocable["aws/creds/reader/00000001"] = VaultError("no", why="it failed", do="again")
    with pytest.raises(WaitTimeoutError) as raised:
        issue(vault, journal, vault.clock, IAM, raising(too_late()))
    assert raised.value.__notes__ == [
        "lease aws/creds/reader/00000001 could not be revoked: it failed"
    ]
    assert last(journal).is_open


def test_a_full_disk_before_means_that_nothing_is_issued(
    vault: MemoryVault, journal: Journal
) -> None:
    with full_disk(10), pytest.raises(LocalStateError):
        issue(vault, journal, vault.clock, IAM)
    assert vault.issued == 0


def test_a_full_disk_after_revokes_what_was_issued(
    vault: MemoryVault, journal: Journal, tmp_path: Path
) -> None:
    journal.mark(
        journal.intend(
            server="s", mount="m", role="r", endpoint="creds", ttl_seconds=None, token=None
        ).id,
        Step.LAPSED,
    )
    size = (tmp_path / "journal" / "leases.jsonl").stat().st_size
    with full_disk(size + 450), pytest.raises(LocalStateError):
        issue(vault, journal, vault.clock, IAM)
    assert vault.issued == 1
    assert vault.leases == {}


@pytest.mark.parametrize(
    ("error", "certain"),
    [
        (VaultRefusedError("no", why="no", do="no"), True),
        (denied(), True),
        (lost(), False),
        (VaultError("broken", why="500", do="again"), False),
        (VaultStandbyError("a standby", why="no active node", do="again"), False),
        (RuntimeError("odd"), False),
    ],
)
def test_only_a_certain_no_closes_the_intent(
    vault: MemoryVault, journal: Journal, error: Exception, certain: bool
) -> None:
    def fail() -> None:
        raise error

    vault.before = fail
    with pytest.raises(type(error)):
        issue(vault, journal, vault.clock, IAM)
    assert last(journal).is_open is not certain


def test_a_token_that_may_not_look_round_still_issues(vault: MemoryVault, journal: Journal) -> None:
    vault.forbidden = {"whoami", "read_role"}
    handed = issue(vault, journal, vault.clock, IAM)
    assert (handed.person, handed.credential_type, handed.notes) == ("", None, ())
    assert handed.issued.lease.id.startswith("aws/creds/")


def test_an_unknown_role_asks_nothing(vault: MemoryVault, journal: Journal) -> None:
    with pytest.raises(VaultNotFoundError):
        issue(vault, journal, vault.clock, IssueRequest("aws", "readr"))
    assert (vault.issued, journal.ledger().records) == (0, ())


USES = "your Vault token is good for a number of uses: the lease ends with the last of them"
DIES = "the lease ends with your Vault token at 08:05 UTC, before its own end"


@pytest.mark.parametrize(
    ("asked", "known", "notes"),
    [
        (IAM, {}, (DIES,)),
        (IAM, {"renewable": True}, (f"{DIES} unless the token is renewed",)),
        (STS, {}, (f"{DIES}; AWS honours the credentials on",)),
        (
            IAM,
            {"expires_at": None, "uses_left": 3},
            (USES,),
        ),
        (IAM, {"expires_at": None}, ()),
    ],
)
def test_a_lease_that_dies_with_its_token_is_told(
    vault: MemoryVault,
    journal: Journal,
    *,
    asked: IssueRequest,
    known: dict[str, Any],
    notes: tuple[str, ...],
) -> None:
    vault.longest_seconds = vault.lease_seconds
    ends = vault.clock.now() + timedelta(minutes=5)
    vault.token = replace(vault.token, **{"expires_at": ends} | known)
    assert issue(vault, journal, vault.clock, asked).notes == notes


@pytest.mark.parametrize(("asked", "end"), [(IAM, 5), (STS, 15)])
def test_an_iam_user_ends_with_the_token_that_asked(
    vault: MemoryVault, journal: Journal, asked: IssueRequest, end: int
) -> None:
    """AWS knows nothing of Vault's token: what STS gave lives on."""
    token_ends = vault.clock.now() + timedelta(minutes=5)
    vault.token = replace(vault.token, expires_at=token_ends)
    handed = issue(vault, journal, vault.clock, asked)
    assert handed.issued.lease.expires_at == vault.clock.now() + timedelta(minutes=end)
    recorded = last(journal).issued
    assert recorded is not None
    assert recorded.lease_ends == vault.clock.now() + timedelta(minutes=15)


@pytest.mark.parametrize(("asked", "unforeseen"), [(IAM, True), (STS, False)])
def test_nobody_knows_when_a_token_of_a_few_uses_ends_its_user(
    vault: MemoryVault, journal: Journal, asked: IssueRequest, *, unforeseen: bool
) -> None:
    vault.token = replace(vault.token, uses_left=3)
    assert issue(vault, journal, vault.clock, asked).ends_unforeseen is unforeseen


def test_a_batch_token_s_lease_is_cut_to_it(vault: MemoryVault, journal: Journal) -> None:
    ends = vault.clock.now() + timedelta(seconds=vault.lease_seconds)
    vault.token = replace(vault.token, expires_at=ends, is_batch=True)
    assert issue(vault, journal, vault.clock, IAM).notes == (
        "the lease is cut to the life of your Vault token, until 08:15 UTC",
    )


def test_a_code_that_aws_did_not_take_is_explained(vault: MemoryVault, journal: Journal) -> None:
    device = "arn:aws:iam::123456789012:mfa/vault"
    vault.roles["mfa"] = Role("mfa", CredentialType.SESSION_TOKEN, mfa_serial_number=device)

    def refuse() -> None:
        why = "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code."
        raise VaultRefusedError("the server refused PUT aws/sts/mfa", why=why, do="correct it")

    vault.before = refuse
    with pytest.raises(VaultRefusedError) as refused:
        issue(vault, journal, vault.clock, IssueRequest("aws", "mfa", mfa_code=Secret("246810")))
    assert refused.value.what == "AWS did not take the MFA code for role mfa"
    assert "next code" in refused.value.do
    assert not last(journal).is_open


def test_a_token_that_lives_longer_is_not_worth_a_word(
    vault: MemoryVault, journal: Journal
) -> None:
    vault.token = TokenInfo("a", "token", expires_at=vault.clock.now() + timedelta(hours=1))
    assert issue(vault, journal, vault.clock, IAM).notes == ()


def test_giving_back_revokes_and_is_journalled(vault: MemoryVault, journal: Journal) -> None:
    handed = issue(vault, journal, vault.clock, IAM)
    with handing_over(vault, journal, handed):
        pass
    give_back(vault, journal, handed)
    assert vault.leases == {}
    assert last(journal).closed is not None


FEDERATION = STS_ROLE
ASSUMED = Role("ops", CredentialType.ASSUMED_ROLE, role_arns=("arn:aws:iam::1:role/ops",))


@pytest.mark.parametrize(
    ("role", "ttl", "error", "words"),
    [
        (
            replace(FEDERATION, policy_document=None, policy_arns=("arn:x",)),
            None,
            ConfigError,
            "issues federation tokens but holds only a managed policy",
        ),
        (replace(FEDERATION, policy_document=None), None, ConfigError, "holds no policy"),
        (replace(ASSUMED, role_arns=()), None, ConfigError, "names no AWS roles"),
        (replace(ASSUMED, role_arns=("a", "b")), None, UsageError, "names 2 AWS roles"),
        (FEDERATION, 899, UsageError, "too short"),
        (FEDERATION, 129_601, UsageError, "too long"),
        (ASSUMED, 43_201, UsageError, "too long"),
        (replace(FEDERATION, default_sts_ttl_seconds=300), None, ConfigError, "default_sts_ttl"),
        (replace(FEDERATION, max_sts_ttl_seconds=300), 900, ConfigError, "max_sts_ttl"),
    ],
)
def test_what_cannot_work_is_refused_before_vault_is_asked(
    journal: Journal, role: Role, ttl: int | None, error: type[VaultawsError], words: str
) -> None:
    vault = memory_vault()
    vault.roles[role.name] = role
    with pytest.raises(error, match=words):
        issue(vault, journal, vault.clock, IssueRequest("aws", role.name, ttl))
    assert vault.issued == 0


@pytest.mark.parametrize(
    ("role", "ttl", "note"),
    [
        (IAM_ROLE, 300, "the ttl is ignored: an IAM user lives as long as the mount's lease says"),
        (
            replace(FEDERATION, max_sts_ttl_seconds=1800),
            3600,
            "the role allows 30 min at most: the engine cuts to it",
        ),
    ],
)
def test_what_works_otherwise_than_meant_is_told(
    vault: MemoryVault, journal: Journal, role: Role, ttl: int, note: str
) -> None:
    vault.roles[role.name] = role
    vault.lease_seconds = ttl
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", role.name, ttl))
    assert handed.notes == (note,)


@pytest.mark.parametrize("ttl", [900, 129_600, None])
def test_the_bounds_themselves_are_allowed(
    vault: MemoryVault, journal: Journal, ttl: int | None
) -> None:
    vault.lease_seconds = ttl or 3600
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", ttl))
    assert handed.notes == ()


def test_a_bad_token_s_refusal_is_the_server_s(vault: MemoryVault, journal: Journal) -> None:
    def refuse() -> None:
        raise denied()

    vault.forbidden = {"whoami", "read_role"}
    vault.before = refuse
    with pytest.raises(VaultDeniedError):
        issue(vault, journal, vault.clock, IAM)
    assert not last(journal).is_open


@pytest.mark.parametrize(
    ("lease_seconds", "ttl", "note"),
    [
        (
            1800,
            3599,
            (
                "the token outlives its lease: the lease ends at 08:30 UTC, but AWS honours the"
                " token until 08:59 UTC, also when it is revoked"
            ),
        ),
        (7200, 3600, "the token ends at 09:00 UTC, before its lease (10:00 UTC)"),
    ],
)
def test_lease_and_token_of_different_lives_are_told(
    vault: MemoryVault, journal: Journal, lease_seconds: int, ttl: int, note: str
) -> None:
    vault.lease_seconds = lease_seconds
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", ttl))
    assert handed.notes == (note,)
    ends = handed.issued.ends_at
    assert ends == vault.clock.now() + timedelta(seconds=min(lease_seconds, ttl))


def test_a_token_cut_by_the_mount_is_told(vault: MemoryVault, journal: Journal) -> None:
    vault.longest_seconds = vault.lease_seconds = 3600
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", 7200))
    assert handed.notes == (
        "the server gave 1 h of the 2 h asked for: the mount's longest lease bounds it",
    )


def test_a_clock_that_jumps_meanwhile_changes_nothing_of_the_wait(
    vault: MemoryVault, journal: Journal
) -> None:
    """The wall clock is set while AWS is waited for; how long it took is not read from it."""

    class Jumping(FixedClock):
        def monotonic(self) -> float:
            return 100.0

    def wait(_: Credentials, __: Role | None) -> None:
        vault.clock.moment -= timedelta(days=2)

    before = vault.clock.now()
    handed = issue(vault, journal, Jumping(), IAM, wait)
    assert handed.waited_seconds == 0
    assert handed.issued.ends_at == before + timedelta(seconds=vault.lease_seconds)
