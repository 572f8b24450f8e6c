"""Plans made of real values, for the tests of what is said and journalled of them."""

from __future__ import annotations

from pathlib import Path

from vaultaws.config.schema import Config
from vaultaws.model import CredentialType, Role, ServerProduct
from vaultaws.plan.changes import Action, Change, Kind, Observed, Plan

OBSERVED = Observed("http://127.0.0.1:8200", ServerProduct.OPENBAO, "2.7.2")


def role_step(name: str, action: Action = Action.ADD) -> Change:
    role = Role(name, CredentialType.IAM_USER, policy_arns=("arn:aws:iam::aws:policy/ReadOnly",))
    return Change(action, Kind.ROLE, name, value=None if action is Action.REMOVE else role)


def planned(*changes: Change, observed: Observed = OBSERVED, fingerprint: str = "f") -> Plan:
    return Plan(Config(Path("vaultaws.toml")), observed, changes, fingerprint)
