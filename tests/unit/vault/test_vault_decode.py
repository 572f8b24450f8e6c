"""Answers as Vault 1.21, Vault 1.14 and OpenBao 2.7 send them, and answers nobody should send."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vaultaws.errors import VaultError
from vaultaws.model import CredentialType, JsonObject, Secret, ServerProduct
from vaultaws.vault import decode

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
}
ASKED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KEY = "AKIA" + "0" * 16


def test_reads_a_role_of_vault_1_21_and_openbao() -> None:
    role = decode.role(
        "ec2readonly",
        {
            "credential_type": "iam_user",
            "default_sts_ttl": 0,
            "iam_groups": None,
            "max_sts_ttl": 0,
            "permissions_boundary_arn": "",
            "policy_arns": None,
            "policy_document": json.dumps(POLICY),
            "role_arns": None,
            "user_path": "/vault/",
        },
    )
    assert role.credential_type is CredentialType.IAM_USER
    assert role.policy_document == POLICY
    assert role.policy_arns == role.role_arns == ()
    assert role.user_path == "/vault/"


def test_reads_a_role_of_an_old_vault() -> None:
    role = decode.role(
        "r",
        {
            "credential_types": ["federation_token", "iam_user"],
            "policy_document": POLICY,
            "policy_arns": "arn:aws:iam::aws:policy/A, arn:aws:iam::aws:policy/B",
            "default_sts_ttl": "15m",
            "max_sts_ttl": 3600,
        },
    )
    assert role.credential_type is CredentialType.FEDERATION_TOKEN
    assert role.policy_document == POLICY
    assert role.policy_arns == ("arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B")
    assert (role.default_sts_ttl_seconds, role.max_sts_ttl_seconds) == (900, 3600)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"credential_type": "nope"},
        {"credential_type": []},
        {"credential_type": 7},
        {"credential_type": "iam_user", "policy_arns": [1]},
        {"credential_type": "iam_user", "default_sts_ttl": "soon"},
        {"credential_type": "iam_user", "default_sts_ttl": True},
        {"credential_type": "iam_user", "max_sts_ttl": 1e300},
    ],
)
def test_a_role_that_cannot_be_understood_is_an_error(data: JsonObject) -> None:
    with pytest.raises(VaultError, match="no usable"):
        decode.role("r", data)


@pytest.mark.parametrize("document", ["{", "[]", "[" * 100_000, '"x"'])
def test_a_document_that_is_no_policy_names_its_role(document: str) -> None:
    with pytest.raises(VaultError, match="role odd on the server has a policy_document that is no"):
        decode.role("odd", {"credential_type": "iam_user", "policy_document": document})


def test_a_legacy_role_tells_all_its_types() -> None:
    role = decode.role("old", {"credential_types": ["iam_user", "federation_token"]})
    assert role.credential_type is CredentialType.IAM_USER
    assert role.other_types == (CredentialType.FEDERATION_TOKEN,)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T07:58:25.724753796Z", datetime(2026, 11, 21, 7, 58, 25, 724753, UTC)),
        ("2026-11-21T09:58:25+02:00", datetime(2026, 11, 21, 7, 58, 25, tzinfo=UTC)),
        ("2026-11-21t02:28:25.5-05:30", datetime(2026, 11, 21, 7, 58, 25, 500000, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_reads_go_times(text: str | None, moment: datetime | None) -> None:
    assert decode.parse_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "now",
        7,
        "2026-11-21",
        "2026-13-01T00:00:00Z",
        "2026-11-21T00:00:00",
        "9999-12-31T23:59:59-23:59",
        "2026-11-21T00:00:00+99:00",
        "٢٠٢٦-11-21T00:00:00Z",
    ],
)
def test_other_times_are_errors(text: object) -> None:
    with pytest.raises(VaultError):
        decode.parse_time(text)


def answer(**data: Any) -> dict[str, Any]:
    return {
        "lease_id": "aws/sts/r/abc",
        "lease_duration": 1800,
        "renewable": False,
        "data": {"access_key": KEY, "secret_key": "s" * 40} | data,
    }


def test_a_token_may_outlive_its_lease() -> None:
    issued = decode.issued(answer(session_token="t", ttl=3599), role_name="r", asked_at=ASKED)
    assert issued.lease.expires_at == ASKED + timedelta(seconds=1800)
    assert issued.credentials.expires_at == ASKED + timedelta(seconds=3599)
    assert issued.credentials.session_token == Secret("t")


def test_a_token_without_its_own_ttl_ends_with_the_lease() -> None:
    issued = decode.issued(answer(security_token="t"), role_name="r", asked_at=ASKED)
    assert issued.credentials.expires_at == ASKED + timedelta(seconds=1800)


def test_an_iam_user_has_no_end_of_its_own() -> None:
    issued = decode.issued(answer(session_token=None), role_name="r", asked_at=ASKED)
    assert issued.credentials.expires_at is None
    assert issued.credentials.session_token is None
    assert issued.lease.expires_at == ASKED + timedelta(seconds=1800)


def test_a_lease_of_no_length_ends_by_the_token() -> None:
    endless = answer(session_token="t", ttl=900) | {"lease_duration": 0}
    issued = decode.issued(endless, role_name="r", asked_at=ASKED)
    assert issued.lease.expires_at is None
    assert issued.credentials.expires_at == ASKED + timedelta(seconds=900)


@pytest.mark.parametrize(
    "broken", [None, {}, {"data": None}, answer(access_key=""), answer(secret_key=3)]
)
def test_half_an_issuance_is_an_error_without_its_secret(broken: JsonObject | None) -> None:
    with pytest.raises(VaultError) as caught:
        decode.issued(broken, role_name="r", asked_at=ASKED)
    assert "s" * 40 not in f"{caught.value.what}{caught.value.why}{caught.value.do}"


@pytest.mark.parametrize(
    ("answered", "product"),
    [
        ({"version": "2.7.2"}, ServerProduct.OPENBAO),
        ({"version": "1.21.1", "enterprise": False}, ServerProduct.VAULT),
        ({"version": "2.0.0", "enterprise": False}, ServerProduct.VAULT),
        ({"version": "1.14.10"}, ServerProduct.VAULT),
    ],
)
def test_tells_the_products_apart(answered: JsonObject, product: ServerProduct) -> None:
    health = decode.health(
        {"initialized": True, "sealed": False, "standby": False} | dict(answered)
    )
    assert health.product is product


def test_a_performance_standby_is_a_standby() -> None:
    told = {"version": "1.21.1", "initialized": True, "sealed": False, "performance_standby": True}
    assert decode.health(told).standby


def test_mounts_come_with_and_without_data() -> None:
    entry = {"type": "aws", "accessor": "a", "config": {"default_lease_ttl": 900}}
    new = decode.mounts({"aws/": {"type": "kv"}, "data": {"team/aws/": entry}})
    old = decode.mounts({"team/aws/": entry, "request_id": "x"})
    assert new == old
    assert new["team/aws"].default_lease_ttl_seconds == 900


def test_a_tokens_policies_are_joined_once() -> None:
    info = decode.token_info(
        {
            "accessor": "a",
            "display_name": "userpass-ada",
            "entity_id": None,
            "policies": ["default", "p"],
            "identity_policies": ["p", "q"],
            "expire_time": "2026-11-21T09:00:00Z",
        }
    )
    assert info.policies == ("default", "p", "q")
    assert info.expires_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
