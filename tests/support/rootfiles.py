"""Declared states for the policy of Vault's own user, and that policy as an account has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.aws_clients import allow
from vaultaws.config.schema import Config, Root
from vaultaws.infra.rootpolicy import RootPolicy
from vaultaws.lint.asking import Holder
from vaultaws.lint.needs import Ground
from vaultaws.model import CredentialType, Role, StaticRole
from vaultaws.policy.document import parse_policy

ACCOUNT = "123456789012"
OWN = f"arn:aws:iam::{ACCOUNT}:user/vaultaws/vault-root"
READER: dict[str, Any] = {"Version": "2012-10-17", "Statement": [allow("ec2:Describe*")]}
FILE = Path("vaultaws.toml")


def declared(*roles: Role, statics: tuple[StaticRole, ...] = (), template: str = "") -> Config:
    """A file with these roles; one of each kind when there are none."""
    root = Root(username_template=template or None)
    return Config(FILE, root=root, roles=roles or EVERY, static_roles=statics)


EVERY = (
    Role(
        "reader",
        CredentialType.IAM_USER,
        policy_document=READER,
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        iam_groups=("robots",),
        iam_tags=(("Team", "data"),),
        permissions_boundary_arn=f"arn:aws:iam::{ACCOUNT}:policy/b",
        user_path="/vault/",
    ),
    Role("lent", CredentialType.FEDERATION_TOKEN, policy_document=READER),
    Role(
        "deploy",
        CredentialType.ASSUMED_ROLE,
        role_arns=(f"arn:aws:iam::{ACCOUNT}:role/deploy",),
        external_id="hand",
    ),
)


def ground(template: str = "") -> Ground:
    return Ground(ACCOUNT, "aws", OWN, template)


def in_account(policy: RootPolicy) -> dict[str, Any]:
    """The policy with CloudFormation's placeholders filled in."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(policy.statements)})
    places = {
        "${AWS::Partition}": "aws",
        "${AWS::AccountId}": ACCOUNT,
        "${UserPath}": "/vaultaws/",
        "${UserName}": "vault-root",
    }
    for placeholder, put in places.items():
        text = text.replace(placeholder, put)
    document: dict[str, Any] = json.loads(text)
    return document


def holder(policy: RootPolicy) -> Holder:
    """Vault's own user with the policy."""
    return Holder(OWN, parse_policy(in_account(policy)))
