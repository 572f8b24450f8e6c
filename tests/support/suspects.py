"""Tokens to be cut, their principals, and principals without room for one more policy."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support.connections import REGION, User, aws_client
from tests.support.waiting import until
from vaultaws.aws.actions import Action, attempt_with
from vaultaws.aws.holder import Holder, HolderKind
from vaultaws.errors import AwsError
from vaultaws.local.awsprocess import LocalAws
from vaultaws.model import Credentials, Secret

READ: Final = Action.parse("ec2:DescribeInstances")
MINTING: Final[Mapping[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sts:GetFederationToken", "ec2:Describe*", "iam:*"],
            "Resource": "*",
        }
    ],
}
ATTACHABLE: Final = 10
_PADDING: Final = {"user": 2048, "role": 10240}
_OPEN: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True)
class Minted:
    """A token, its aws:userid, and the principal it was minted from."""

    credentials: Credentials
    userid: str
    holder: Holder
    by: User | None = None

    def works(self) -> bool:
        return refusal(self.credentials) == ""


def refusal(credentials: Credentials, action: Action = READ) -> str:
    """The code with which AWS refuses the action; empty when it does not."""
    fault = attempt_with(credentials, action, REGION)()
    assert fault is None or isinstance(fault, AwsError)
    return fault.code if fault else ""


def federated(aws: LocalAws, user: User) -> Minted:
    """A federation token that may do what its user may."""
    sts = aws_client(aws, "sts", credentials=user.key)
    answer = sts.get_federation_token(
        Name=f"suspect-{secrets.token_hex(4)}", Policy=json.dumps(_OPEN), DurationSeconds=900
    )
    holder = Holder(HolderKind.USER, user.name)
    userid = answer["FederatedUser"]["FederatedUserId"]
    return Minted(_credentials(answer), userid, holder, user)


def assumed_role(aws: LocalAws, name: str = "") -> Minted:
    """A session of a role, a new one that may describe EC2 and change IAM when none is named."""
    name = name or make_role(aws)
    sts, made = aws_client(aws, "sts"), aws_client(aws, "iam").get_role(RoleName=name)["Role"]
    answer: dict[str, Any] = {}

    def assumed() -> bool:
        session = f"suspect-{secrets.token_hex(4)}"
        try:
            answer.update(
                sts.assume_role(RoleArn=made["Arn"], RoleSessionName=session, DurationSeconds=900)
            )
        except sts.exceptions.ClientError:
            return False
        return True

    until(assumed)
    minted = Minted(
        _credentials(answer), answer["AssumedRoleUser"]["AssumedRoleId"], role_holder(name)
    )
    until(minted.works)
    return minted


def make_role(aws: LocalAws) -> str:
    iam, name = aws_client(aws, "iam"), f"vault-{secrets.token_hex(4)}"
    account = aws_client(aws, "sts").get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            }
        ],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(MINTING))
    return name


def role_holder(name: str) -> Holder:
    return Holder(HolderKind.ROLE, name)


def fill_inline(aws: LocalAws, holder: Holder) -> None:
    """Leave fewer characters for inline policies than any deny has."""
    iam, limit = aws_client(aws, "iam"), _PADDING[holder.kind]
    own = len(json.dumps(MINTING, separators=(",", ":")))
    resource = "arn:aws:s3:::" + "x" * (limit - own - 200)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    getattr(iam, f"put_{holder.kind}_policy")(
        **named(holder),
        PolicyName="padding",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def fill_attached(aws: LocalAws, holder: Holder) -> None:
    """Attach as many managed policies as IAM takes."""
    iam = aws_client(aws, "iam")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    for _ in range(ATTACHABLE):
        arn = make_policy(aws, {"Version": "2012-10-17", "Statement": [statement]})
        getattr(iam, f"attach_{holder.kind}_policy")(**named(holder), PolicyArn=arn)


def make_policy(aws: LocalAws, document: Mapping[str, Any]) -> str:
    made = aws_client(aws, "iam").create_policy(
        PolicyName=f"vault-{secrets.token_hex(4)}", PolicyDocument=json.dumps(document)
    )
    return str(made["Policy"]["Arn"])


def set_boundary(aws: LocalAws, holder: Holder, arn: str) -> None:
    iam = aws_client(aws, "iam")
    getattr(iam, f"put_{holder.kind}_permissions_boundary")(
        **named(holder), PermissionsBoundary=arn
    )


def boundary_of(aws: LocalAws, holder: Holder) -> str:
    answer = getattr(aws_client(aws, "iam"), f"get_{holder.kind}")(**named(holder))
    found = answer[holder.kind.capitalize()].get("PermissionsBoundary", {})
    return str(found.get("PermissionsBoundaryArn", ""))


def own_policies(aws: LocalAws) -> list[str]:
    """The names of the account's customer-managed policies that vaultaws made."""
    pages = aws_client(aws, "iam").get_paginator("list_policies").paginate(Scope="Local")
    found = [entry["PolicyName"] for page in pages for entry in page["Policies"]]
    return [name for name in found if name.startswith("vaultaws-")]


def named(holder: Holder) -> dict[str, str]:
    return {f"{holder.kind.capitalize()}Name": holder.name}


def _credentials(answer: Mapping[str, Any]) -> Credentials:
    keys = answer["Credentials"]
    return Credentials(
        keys["AccessKeyId"], Secret(keys["SecretAccessKey"]), Secret(keys["SessionToken"])
    )
