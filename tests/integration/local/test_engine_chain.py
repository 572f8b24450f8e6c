"""The engine in each server, against the local AWS: what Vault does is what AWS sees."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.wired import Wired, must
from vaultaws.local.wire import Answer
from vaultaws.model import Credentials, Secret

READ_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
    }
)


def credentials(answer: Answer) -> Credentials:
    data = answer.body["data"]
    token = data.get("security_token") or data.get("session_token")
    return Credentials(
        data["access_key"], Secret(data["secret_key"]), Secret(token) if token else None
    )


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def write_role(wired: Wired, kind: str) -> None:
    role = {"credential_type": kind, "policy_document": READ_ONLY}
    must(wired.ask(f"{wired.mount}/roles/reader", role))


def test_an_iam_user_is_minted_used_held_to_its_policy_and_deleted(wired: Wired) -> None:
    write_role(wired, "iam_user")
    issued = must(wired.ask(f"{wired.mount}/creds/reader"))
    minted = credentials(issued)
    user = wired.client("sts", minted).get_caller_identity()["Arn"].rsplit("/", 1)[1]
    assert wired.client("ec2", minted).describe_instances()["Reservations"] == []
    with pytest.raises(ClientError) as denied:
        wired.client("iam", minted).list_users()
    assert code(denied) == "AccessDenied"
    lease = {"lease_id": issued.body["lease_id"], "sync": True}
    must(wired.ask("sys/leases/revoke", lease, method="PUT"))
    with pytest.raises(ClientError) as gone:
        wired.client("iam").get_user(UserName=user)
    assert code(gone) == "NoSuchEntity"
    with pytest.raises(ClientError) as dead:
        wired.client("sts", minted).get_caller_identity()
    assert code(dead) == "InvalidClientTokenId"


def test_a_federation_token_outlives_its_lease(wired: Wired) -> None:
    write_role(wired, "federation_token")
    issued = must(wired.ask(f"{wired.mount}/sts/reader?ttl=15m"))
    minted = credentials(issued)
    assert ":federated-user/" in wired.client("sts", minted).get_caller_identity()["Arn"]
    lease = {"lease_id": issued.body["lease_id"], "sync": True}
    must(wired.ask("sys/leases/revoke", lease, method="PUT"))
    assert wired.client("ec2", minted).describe_instances()["Reservations"] == []


def test_the_root_key_is_rotated_by_the_engine(wired: Wired) -> None:
    rotated = must(wired.ask(f"{wired.mount}/config/rotate-root", {}))
    assert rotated.body["data"]["access_key"] != wired.root_credentials.access_key_id
    write_role(wired, "iam_user")
    must(wired.ask(f"{wired.mount}/creds/reader"))


def test_vault_root_cannot_list_users(wired: Wired) -> None:
    with pytest.raises(ClientError) as denied:
        wired.client("iam", wired.root_credentials).list_users()
    assert code(denied) == "AccessDenied"
