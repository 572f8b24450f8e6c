"""What the engine is said to need of AWS is what it calls: with exactly that it works, and without
any one of it, it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.wired import Wired, must
from vaultaws.lint.needs import ConditionKeys, Ground, Need, Purpose, needs
from vaultaws.model import CredentialType, Role, StaticRole
from vaultaws.vault.encode import role_fields

pytestmark = pytest.mark.integration

READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
}
NAMED_BY_ENGINE = re.compile(r"/vault-(token-ada-|1700000000-)[^/]*$")
UNASKED = frozenset({"sts:GetSessionToken"})
"""STS asks no permission for it (STS API reference, GetSessionToken, Permissions)."""


@dataclass(frozen=True)
class Scene:
    """The mount, the account's own things, and Vault's user, whose policy a test writes."""

    wired: Wired
    account: str
    mark: str

    @property
    def ground(self) -> Ground:
        own = f"arn:aws:iam::{self.account}:user/{self.wired.root_user}"
        return Ground(account_id=self.account, root_arn=own)

    def arn(self, rest: str) -> str:
        return f"arn:aws:iam::{self.account}:{rest}-{self.mark}"

    def let_root(self, allowed: Iterable[Need]) -> None:
        """Give Vault's own user exactly these rights."""
        document = {"Version": "2012-10-17", "Statement": statements(allowed)}
        self.wired.client("iam").put_user_policy(
            UserName=self.wired.root_user,
            PolicyName="own",
            PolicyDocument=json.dumps(document),
        )

    def issue(self, role: Role) -> Mapping[str, Any] | None:
        """The engine's answer; None when it refused."""
        answer = self.wired.ask(f"{self.wired.mount}/creds/{role.name}")
        return answer.body if answer.status == 200 else None

    def revoke(self, lease_id: str) -> bool:
        body = {"lease_id": lease_id, "sync": True}
        return self.wired.ask("sys/leases/revoke", body).status in (200, 204)


def statements(allowed: Iterable[Need]) -> list[dict[str, Any]]:
    """The needs as grants under all the conditions they name; what the engine names is a star."""
    together: dict[tuple[str, ConditionKeys], list[str]] = {}
    for need in allowed:
        resource = NAMED_BY_ENGINE.sub("/vault-*", need.resource)
        together.setdefault((resource, need.context), []).append(need.action)
    return [
        {"Effect": "Allow", "Action": actions, "Resource": resource, **conditions(context)}
        for (resource, context), actions in together.items()
    ]


def conditions(context: ConditionKeys) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for key, values in context:
        operator = "ForAnyValue:StringEquals" if key == "aws:tagkeys" else "StringEquals"
        found.setdefault(operator, {})[key] = list(values)
    return {"Condition": found} if found else {}


@pytest.fixture
def scene(wired: Wired) -> Scene:
    """An account with a group, a managed policy, a boundary and a role for the engine."""
    iam = wired.client("iam")
    account = wired.client("sts").get_caller_identity()["Account"]
    mark = wired.mount.removeprefix("aws-")
    made = Scene(wired, account, mark)
    document = json.dumps(READER)
    iam.create_group(GroupName=f"vault-group-{mark}")
    iam.put_group_policy(GroupName=f"vault-group-{mark}", PolicyName="own", PolicyDocument=document)
    for name in ("managed", "boundary"):
        iam.create_policy(PolicyName=f"{name}-{mark}", PolicyDocument=document)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
    iam.create_role(RoleName=f"deploy-{mark}", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_user(UserName=f"ci-{mark}")
    return made


def every_role(scene: Scene) -> tuple[Role, ...]:
    return (
        Role(
            "user",
            CredentialType.IAM_USER,
            policy_document=READER,
            policy_arns=(scene.arn("policy/managed"),),
            iam_groups=(f"vault-group-{scene.mark}",),
            iam_tags=(("Team", "data"),),
            permissions_boundary_arn=scene.arn("policy/boundary"),
            user_path="/lent/",
        ),
        Role(
            "lent",
            CredentialType.FEDERATION_TOKEN,
            policy_document=READER,
            iam_groups=(f"vault-group-{scene.mark}",),
        ),
        Role(
            "deploy",
            CredentialType.ASSUMED_ROLE,
            role_arns=(scene.arn("role/deploy"),),
            session_tags=(("Team", "data"),),
            external_id="hand",
        ),
        Role("session", CredentialType.SESSION_TOKEN),
    )


def test_exactly_what_is_needed_suffices_and_each_is_needed(scene: Scene) -> None:
    for role in every_role(scene):
        needed = needs([role], ground=scene.ground, rotation=False)
        must(scene.wired.ask(f"{scene.wired.mount}/roles/{role.name}", role_fields(role)))
        scene.let_root(needed)
        issued = scene.issue(role)
        assert issued is not None, role.name
        assert scene.revoke(issued["lease_id"]), role.name
        for need in needed:
            if need.action not in UNASKED:
                left = [other for other in needed if other is not need]
                assert fails_without(scene, role, need, left), f"{role.name}: {need.action}"
                scene.let_root(needed)


def fails_without(scene: Scene, role: Role, need: Need, left: list[Need]) -> bool:
    """Whether issuing, or revoking, is refused once the need is taken away."""
    if need.purpose is Purpose.ISSUE:
        scene.let_root(left)
        return scene.issue(role) is None
    issued = scene.issue(role)
    assert issued is not None
    scene.let_root(left)
    refused = not scene.revoke(issued["lease_id"])
    scene.let_root([*left, need])
    return scene.revoke(issued["lease_id"]) and refused


def test_a_static_role_and_the_root_key_need_what_is_said(scene: Scene) -> None:
    mount, static = scene.wired.mount, StaticRole("ci", f"ci-{scene.mark}", 3600)
    body = {"username": static.username, "rotation_period": static.rotation_period_seconds}
    needed = [need for need in needs([], [static], scene.ground) if need.static]
    for need in needed:
        scene.let_root(other for other in needed if other is not need)
        fill_keys(scene, static.username)
        assert scene.wired.ask(f"{mount}/static-roles/ci", body).status >= 400, need.action
    scene.let_root(needed)
    must(scene.wired.ask(f"{mount}/static-roles/ci", body))
    rotation = needs([], ground=scene.ground)
    for need in rotation[:-1]:
        scene.let_root(other for other in rotation if other is not need)
        assert scene.wired.ask(f"{mount}/config/rotate-root", {}).status >= 400, need.action
    scene.let_root(rotation)
    must(scene.wired.ask(f"{mount}/config/rotate-root", {}))


def fill_keys(scene: Scene, user: str) -> None:
    """Give a user the two keys it may have: the engine must then delete one."""
    iam = scene.wired.client("iam")
    held = len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"])
    for _ in range(2 - held):
        iam.create_access_key(UserName=user)
