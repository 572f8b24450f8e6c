"""Parameters of a request: what the engine would ignore, or AWS refuse, is refused first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.errors import UsageError
from vaultaws.leases.issue import issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest
from vaultaws.model import CredentialType, Role, Secret

DEVICE = "arn:aws:iam::123456789012:mfa/vault"
ARNS = tuple(f"arn:aws:iam::123456789012:role/{name}" for name in "abcdefgh")
CODE = Secret("246810")
POLICY = {"Version": "2012-10-17"}


@pytest.fixture
def vault() -> MemoryVault:
    made = memory_vault()
    for role in (
        Role("one", CredentialType.ASSUMED_ROLE, role_arns=ARNS[:1]),
        Role("many", CredentialType.ASSUMED_ROLE, role_arns=ARNS),
        Role("session", CredentialType.SESSION_TOKEN),
        Role("guarded", CredentialType.SESSION_TOKEN, mfa_serial_number=DEVICE),
        Role(
            "old",
            CredentialType.IAM_USER,
            policy_document=POLICY,
            other_types=(CredentialType.FEDERATION_TOKEN,),
        ),
    ):
        made.roles[role.name] = role
    return made


@pytest.fixture
def journal(tmp_path: Path, vault: MemoryVault) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", vault.clock) as made:
        yield made


def nobody(serial: str) -> Secret:
    raise UsageError(f"cannot ask for {serial}", why="nobody is there", do="come back")


@pytest.mark.parametrize(
    ("request_", "what", "said"),
    [
        (IssueRequest("aws", "many"), "names 8 AWS roles to assume", "and 2 more"),
        (IssueRequest("aws", "many", role_arn="arn:x"), "may not assume arn:x", ARNS[0]),
        (IssueRequest("aws", "one", role_arn=ARNS[1]), "may not assume", f"it names {ARNS[0]}"),
        (IssueRequest("aws", "reader", role_arn=ARNS[0]), "--role-arn means nothing", "iam_user"),
        (IssueRequest("aws", "session", session_name="ada"), "--session-name means", "session_t"),
        (IssueRequest("aws", "one", session_name="a b"), "cannot be a session's name", "2 to 64"),
        (IssueRequest("aws", "one", session_name="x"), "cannot be a session's name", "2 to 64"),
        (IssueRequest("aws", "one", session_name="x" * 65), "cannot be a session's name", "64"),
        (IssueRequest("aws", "reader", mfa_code=CODE), "--mfa-code means nothing", "iam_user"),
        (IssueRequest("aws", "session", mfa_code=CODE), "takes no MFA code", "names no MFA dev"),
        (IssueRequest("aws", "guarded"), "needs an MFA code", DEVICE),
        (IssueRequest("aws", "guarded", code_from=nobody), f"cannot ask for {DEVICE}", "nobody"),
        (
            IssueRequest("aws", "guarded", code_from=lambda _: Secret("12345")),
            "not an MFA code",
            "six digits",
        ),
        (IssueRequest("aws", "old", 300, sts=True), "too short for federation tokens", "900 s"),
    ],
)
def test_it_is_refused_before_vault_is_asked(
    vault: MemoryVault, journal: Journal, request_: IssueRequest, what: str, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        issue(vault, journal, vault.clock, request_)
    assert what in refused.value.what
    assert said in refused.value.why
    assert CODE.reveal() not in refused.value.describe()
    assert (vault.issued, journal.ledger().records) == (0, ())


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345"])
def test_what_is_no_code_is_not_repeated(vault: MemoryVault, journal: Journal, code: str) -> None:
    asked = IssueRequest("aws", "guarded", mfa_code=Secret(code))
    with pytest.raises(UsageError, match="not an MFA code") as refused:
        issue(vault, journal, vault.clock, asked)
    assert code == "" or code not in refused.value.describe()


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("reader", "the role's own policies and no others"),
        ("reader-sts", "the only session policy is the role's own"),
        ("one", "the only session policy is the role's own"),
        ("session", "may do all that Vault's own user may"),
    ],
)
def test_no_type_can_be_narrowed(
    vault: MemoryVault, journal: Journal, role: str, reason: str
) -> None:
    with pytest.raises(UsageError, match="cannot be narrowed") as refused:
        issue(vault, journal, vault.clock, IssueRequest("aws", role, policy="narrow.json"))
    assert reason in refused.value.why
    vault.forbidden = {"read_role"}
    with pytest.raises(UsageError, match="cannot be narrowed"):
        issue(vault, journal, vault.clock, IssueRequest("aws", role, policy="narrow.json"))
    assert vault.issued == 0


def test_what_fits_is_handed_on_whole(vault: MemoryVault, journal: Journal) -> None:
    asked = IssueRequest("aws", "many", 900, role_arn=ARNS[3], session_name="ada@corp")
    issue(vault, journal, vault.clock, asked)
    assert vault.parameters == {"role_arn": ARNS[3], "session_name": "ada@corp", "mfa_code": None}


def test_the_code_is_asked_for_by_the_device_s_name(vault: MemoryVault, journal: Journal) -> None:
    serials: list[str] = []

    def ask(serial: str) -> Secret:
        serials.append(serial)
        return Secret(" 246 810 ")

    issue(vault, journal, vault.clock, IssueRequest("aws", "guarded", code_from=ask))
    assert (serials, vault.parameters["mfa_code"]) == ([DEVICE], CODE)
    issue(vault, journal, vault.clock, IssueRequest("aws", "guarded", mfa_code=CODE, code_from=ask))
    issue(vault, journal, vault.clock, IssueRequest("aws", "session", code_from=ask))
    assert serials == [DEVICE]


@pytest.mark.parametrize(
    ("role", "sts", "path", "kind"),
    [
        ("reader", None, "creds", CredentialType.IAM_USER),
        ("reader", True, "sts", CredentialType.IAM_USER),
        ("reader-sts", None, "sts", CredentialType.FEDERATION_TOKEN),
        ("reader-sts", False, "creds", CredentialType.FEDERATION_TOKEN),
        ("one", None, "sts", CredentialType.ASSUMED_ROLE),
        ("session", None, "sts", CredentialType.SESSION_TOKEN),
        ("old", None, "creds", CredentialType.IAM_USER),
        ("old", True, "sts", CredentialType.FEDERATION_TOKEN),
    ],
)
def test_the_type_chooses_the_path_unless_it_is_said(
    vault: MemoryVault,
    journal: Journal,
    *,
    role: str,
    sts: bool | None,
    path: str,
    kind: CredentialType,
) -> None:
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", role, sts=sts))
    assert handed.issued.lease.id.startswith(f"aws/{path}/{role}/")
    assert handed.credential_type is kind
