"""The policies of Vault's own user and of operators do what their pages say, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.askers import NOW, Account, call, federated_caller, session
from tests.support.policies import ACCOUNT
from tests.support.readied import text_of
from vaultaws.aws.policies_of import Held, HeldPolicy, User
from vaultaws.lint.needs import Ground, needs
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.model import StaticRole
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.sizes import (
    MANAGED_CHARACTERS,
    USER_INLINE_CHARACTERS,
    check_session_size,
    counted_size,
)
from vaultaws.policy.values import AttachedPolicy, PolicySet
from vaultaws.root.rights import Standing, judge, merged

POLICIES = Path(__file__).parents[3] / "policies"
NAMES = sorted(path.name for path in POLICIES.glob("*.json"))
MINTED = "vault-userpass-ada-ec2readonly-1795249800-abcdefghij"
ARN = f"arn:aws:iam::{ACCOUNT}:user/vault-root"
VAULT = Caller(
    CallerKind.IAM_USER, ACCOUNT, ARN, "AIDA" + "1" * 17, "AKIA" + "1" * 16, "vault-root"
)
LIMITED = f"arn:aws:iam::{ACCOUNT}:role/vault-deploy"


def load(name: str) -> AttachedPolicy:
    return AttachedPolicy(name, parse_policy((POLICIES / name).read_text(encoding="utf-8")))


ROOT = PolicySet(identity=(load("vault-root.json"),))


def allowed(one: Call, policies: PolicySet = ROOT, caller: Caller = VAULT) -> bool:
    return all(decide(ask, policies).allowed for ask in access_requests(one, caller, Account()))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_valid_and_small_enough(name: str) -> None:
    text = text_of(name.removesuffix(".json"))
    check_policy(parse_policy(text), PolicyKind.IDENTITY)
    attached = name == "vaultaws-responder.json"  # its page says so
    assert counted_size(text) <= (MANAGED_CHARACTERS if attached else USER_INLINE_CHARACTERS)


def test_ec2readonly_fits_a_session() -> None:
    text = (POLICIES / "ec2readonly.json").read_text(encoding="utf-8")
    assert check_session_size(text) <= 10


class TestEc2ReadOnly:
    policies = PolicySet(identity=(load("ec2readonly.json"),))

    @pytest.mark.parametrize("operation", ["DescribeInstances", "DescribeVpcs", "DescribeRegions"])
    def test_looks(self, operation: str) -> None:
        assert allowed(call("ec2", operation), self.policies)

    @pytest.mark.parametrize(
        ("service", "operation"),
        [
            ("ec2", "RunInstances"),
            ("ec2", "TerminateInstances"),
            ("ec2", "GetPasswordData"),
            ("ec2", "GetConsoleOutput"),
            ("iam", "ListUsers"),
            ("s3", "ListBuckets"),
        ],
    )
    def test_and_does_nothing_else(self, service: str, operation: str) -> None:
        assert not allowed(call(service, operation), self.policies)


ENGINE_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("CreateUser", {"UserName": MINTED, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("CreateUser", {"UserName": MINTED, "PermissionsBoundary": "arn:aws:iam::aws:policy/x"}),
    ("PutUserPolicy", {"UserName": MINTED}),
    ("AttachUserPolicy", {"UserName": MINTED, "PolicyArn": "arn:aws:iam::aws:policy/x"}),
    ("AddUserToGroup", {"UserName": MINTED, "GroupName": "vault-analysts"}),
    ("CreateAccessKey", {"UserName": MINTED}),
    ("GetUser", {"UserName": MINTED}),
    ("ListGroupsForUser", {"UserName": MINTED}),
    ("RemoveUserFromGroup", {"UserName": MINTED, "GroupName": "vault-analysts"}),
    ("ListAttachedUserPolicies", {"UserName": MINTED}),
    ("DetachUserPolicy", {"UserName": MINTED, "PolicyArn": "arn:aws:iam::aws:policy/x"}),
    ("ListUserPolicies", {"UserName": MINTED}),
    ("DeleteUserPolicy", {"UserName": MINTED}),
    ("ListAccessKeys", {"UserName": MINTED}),
    ("DeleteAccessKey", {"UserName": MINTED}),
    ("DeleteUser", {"UserName": MINTED}),
    # config/rotate-root
    ("GetUser", {}),
    ("CreateAccessKey", {"UserName": "vault-root"}),
    ("DeleteAccessKey", {"UserName": "vault-root"}),
]

FORBIDDEN: list[tuple[str, dict[str, Any]]] = [
    ("CreateUser", {"UserName": "ada"}),
    ("CreateUser", {"UserName": MINTED, "Path": "/ops/"}),
    ("CreateAccessKey", {"UserName": "ada"}),
    ("PutUserPolicy", {"UserName": "ada"}),
    ("PutUserPolicy", {"UserName": "vault-root"}),
    ("AttachUserPolicy", {"UserName": "vault-root", "PolicyArn": "arn:aws:iam::aws:policy/x"}),
    ("DeleteUserPolicy", {"UserName": "vault-root"}),
    ("DeleteUser", {"UserName": "vault-root"}),
    ("DeleteUserPermissionsBoundary", {"UserName": MINTED}),
    ("PutUserPermissionsBoundary", {"UserName": MINTED}),
    ("AddUserToGroup", {"UserName": "vault-root", "GroupName": "admins"}),
    ("PutGroupPolicy", {"GroupName": "vault-analysts"}),
    ("UpdateAssumeRolePolicy", {"RoleName": "vault-deploy"}),
    ("CreateRole", {"RoleName": "vault-deploy"}),
    ("ListUsers", {}),
    ("CreateLoginProfile", {"UserName": MINTED}),
]


class TestVaultRoot:
    @pytest.mark.parametrize(("operation", "params"), ENGINE_CALLS)
    def test_holds_what_the_engine_calls(self, operation: str, params: dict[str, Any]) -> None:
        assert allowed(call("iam", operation, **params))

    @pytest.mark.parametrize(("operation", "params"), FORBIDDEN)
    def test_and_nothing_else_in_iam(self, operation: str, params: dict[str, Any]) -> None:
        assert not allowed(call("iam", operation, **params))

    def test_federates_under_vault_names_only(self) -> None:
        assert allowed(call("sts", "GetFederationToken", Name="vault-1795249800-1"))
        assert not allowed(call("sts", "GetFederationToken", Name="ada"))

    def test_assumes_roles_that_trust_it_and_are_named_for_it(self) -> None:
        by_account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = parse_policy(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": by_account,
                },
            }
        )
        trusted = PolicySet(identity=ROOT.identity, trust=AttachedPolicy("trust", trust))
        assert allowed(call("sts", "AssumeRole", RoleArn=LIMITED), trusted)
        assert not allowed(call("sts", "AssumeRole", RoleArn=LIMITED), ROOT)
        other = f"arn:aws:iam::{ACCOUNT}:role/admin"
        assert not allowed(call("sts", "AssumeRole", RoleArn=other), trusted)

    def test_lends_ec2readonly_and_no_more_to_federated_users(self) -> None:
        caller = federated_caller(session())
        lent = PolicySet(identity=ROOT.identity, session=(load("ec2readonly.json"),))
        assert allowed(call("ec2", "DescribeInstances"), lent, caller)
        assert not allowed(call("ec2", "RunInstances"), lent, caller)
        assert not allowed(call("iam", "GetUser", UserName=MINTED), lent, caller)

    @pytest.mark.parametrize(
        ("service", "operation"),
        [("ec2", "RunInstances"), ("s3", "ListBuckets"), ("cloudtrail", "LookupEvents")],
    )
    def test_touches_no_other_service(self, service: str, operation: str) -> None:
        assert not allowed(call(service, operation))


OWN_KEY = ("iam:GetUser", "iam:CreateAccessKey", "iam:DeleteAccessKey")


class TestRotation:
    """What `root rotate` and static roles take, by the list that lint and `root show` judge by."""

    ground = Ground(account_id=ACCOUNT, root_arn=ARN)

    def denied(self, document: Any, *static_roles: StaticRole) -> set[str]:
        user = User("vault-root", ARN, VAULT.principal_id, NOW)
        held = Held(user, (HeldPolicy("own", document),))
        wanted = merged(needs((), static_roles, self.ground))
        rights = judge(wanted, held, {}, {})
        return {right.wanted.action for right in rights if right.standing is not Standing.ALLOWED}

    def document(self) -> Any:
        return json.loads((POLICIES / "vault-root.json").read_text(encoding="utf-8"))

    def test_the_own_key_may_be_replaced(self) -> None:
        assert self.denied(self.document()) == set()

    def test_by_one_statement_that_holds_nothing_else(self) -> None:
        document = self.document()
        (own,) = [one for one in document["Statement"] if one["Sid"] == "RotateOwnKey"]
        assert sorted(own["Action"]) == sorted(OWN_KEY)
        for action in OWN_KEY:
            less = json.loads(json.dumps(document))
            for one in less["Statement"]:
                if one["Sid"] in {"RotateOwnKey", "MintAndDeleteUsers"}:
                    one["Action"] = [name for name in one["Action"] if name != action]
            assert self.denied(less) == {action}

    def test_static_roles_of_users_named_for_vault(self) -> None:
        assert self.denied(self.document(), StaticRole("app", "vault-app", 3600)) == set()
        other = self.denied(self.document(), StaticRole("app", "legacy", 3600))
        assert other == {*OWN_KEY, "iam:ListAccessKeys"}


class TestRootOperator:
    policies = PolicySet(identity=(load("root-operator.json"),))
    caller = Caller(
        CallerKind.IAM_USER,
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:user/olga",
        "AIDA" + "2" * 17,
        "AKIA" + "2" * 16,
        "olga",
    )

    def may(self, operation: str, **params: Any) -> bool:
        return allowed(call("iam", operation, **params), self.policies, self.caller)

    @pytest.mark.parametrize(
        ("operation", "params"),
        [
            ("GetUser", {"UserName": "vault-root"}),
            ("ListAccessKeys", {"UserName": "vault-root"}),
            ("ListUserPolicies", {"UserName": "vault-root"}),
            ("GetGroupPolicy", {"GroupName": "robots", "PolicyName": "p"}),
            ("GetPolicyVersion", {"PolicyArn": "arn:aws:iam::aws:policy/x", "VersionId": "v1"}),
            ("GetRole", {"RoleName": "vault-deploy"}),
            ("SimulatePrincipalPolicy", {"PolicySourceArn": ARN, "ActionNames": ["iam:GetUser"]}),
            ("UpdateAccessKey", {"UserName": "vault-root"}),
            ("DeleteAccessKey", {"UserName": "vault-root"}),
        ],
    )
    def test_looks_and_deletes_old_keys(self, operation: str, params: dict[str, Any]) -> None:
        assert self.may(operation, **params)

    @pytest.mark.parametrize(
        ("operation", "params"),
        [
            ("CreateAccessKey", {"UserName": "vault-root"}),
            ("DeleteAccessKey", {"UserName": "ada"}),
            ("PutUserPolicy", {"UserName": "vault-root"}),
            ("UpdateAssumeRolePolicy", {"RoleName": "vault-deploy"}),
            ("ListUsers", {}),
        ],
    )
    def test_and_does_nothing_else(self, operation: str, params: dict[str, Any]) -> None:
        assert not self.may(operation, **params)
