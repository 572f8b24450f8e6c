"""What Vault's own user must be allowed, from the roles alone."""

from __future__ import annotations

from vaultaws.lint.needs import Ground, Need, Purpose, needs
from vaultaws.model import CredentialType, Role, StaticRole

DOCUMENT = {"Version": "2012-10-17", "Statement": []}
BOUNDARY = "arn:aws:iam::111122223333:policy/edge"
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"
GROUND = Ground(account_id="111122223333", root_arn="arn:aws:iam::111122223333:user/vault-root")


def of(role: Role) -> tuple[Need, ...]:
    return needs([role], ground=GROUND, rotation=False)


def actions(role: Role, purpose: Purpose) -> list[str]:
    return [need.action for need in of(role) if need.purpose is purpose]


def test_a_plain_user_takes_three_calls_to_issue_and_seven_to_revoke() -> None:
    role = Role("reader", CredentialType.IAM_USER, policy_document=DOCUMENT)
    assert actions(role, Purpose.ISSUE) == [
        "iam:CreateUser",
        "iam:PutUserPolicy",
        "iam:CreateAccessKey",
    ]
    assert actions(role, Purpose.REVOKE) == [
        "iam:ListGroupsForUser",
        "iam:ListUserPolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListAccessKeys",
        "iam:DeleteAccessKey",
        "iam:DeleteUserPolicy",
        "iam:DeleteUser",
    ]


def test_the_resource_is_the_user_as_the_engine_names_it_at_its_path() -> None:
    role = Role("reader", CredentialType.IAM_USER, user_path="/vault/")
    start = "arn:aws:iam::111122223333:user/vault/vault-token-ada-reader-"
    assert all(need.resource.startswith(start) for need in of(role))


def test_what_a_user_may_carry_is_asked_for() -> None:
    role = Role(
        "full",
        CredentialType.IAM_USER,
        policy_arns=(MANAGED,),
        iam_groups=("vault-readers",),
        iam_tags=(("Team", "data"),),
        permissions_boundary_arn=BOUNDARY,
    )
    found = {need.action: need for need in of(role)}
    assert found["iam:CreateUser"].keys == {"iam:permissionsboundary": (BOUNDARY,)}
    assert found["iam:AttachUserPolicy"].keys == {
        "iam:permissionsboundary": (BOUNDARY,),
        "iam:policyarn": (MANAGED,),
    }
    assert found["iam:DetachUserPolicy"].keys == found["iam:AttachUserPolicy"].keys
    group = "arn:aws:iam::111122223333:group/vault-readers"
    assert found["iam:AddUserToGroup"].resource == group
    assert found["iam:RemoveUserFromGroup"].resource == group
    assert found["iam:TagUser"].keys == {
        "aws:requesttag/team": ("data",),
        "aws:tagkeys": ("Team",),
    }
    assert "iam:PutUserPolicy" not in found


def test_a_role_is_assumed_by_its_own_arn_with_what_goes_along() -> None:
    arns = ("arn:aws:iam::444455556666:role/one", "arn:aws:iam::444455556666:role/two")
    role = Role(
        "deploy",
        CredentialType.ASSUMED_ROLE,
        role_arns=arns,
        session_tags=(("team", "data"),),
        external_id="hand",
    )
    found = of(role)
    assert [(need.action, need.resource) for need in found] == [
        (action, arn) for arn in arns for action in ("sts:AssumeRole", "sts:TagSession")
    ]
    assert found[0].keys["sts:externalid"] == ("hand",)


def test_sts_roles_with_groups_read_the_groups() -> None:
    role = Role("lent", CredentialType.FEDERATION_TOKEN, iam_groups=("g",))
    assert [need.action for need in of(role)] == [
        "iam:ListAttachedGroupPolicies",
        "iam:ListGroupPolicies",
        "iam:GetGroupPolicy",
        "sts:GetFederationToken",
    ]
    assert of(role)[-1].resource.startswith("arn:aws:sts::111122223333:federated-user/vault-")


def test_static_roles_and_the_root_key_rotate_on_their_own_users() -> None:
    static = StaticRole("ci", username="ci-user", rotation_period_seconds=3600)
    found = needs([], [static], GROUND)
    assert {(need.action, need.resource) for need in found if need.static} == {
        (f"iam:{name}", "arn:aws:iam::111122223333:user/ci-user")
        for name in ("GetUser", "ListAccessKeys", "CreateAccessKey", "DeleteAccessKey")
    }
    own = [need for need in found if not need.for_role]
    assert {need.resource for need in own} == {GROUND.root_arn}
    assert all(need.purpose is Purpose.ROTATE for need in found)


def test_a_template_names_the_resource() -> None:
    ground = Ground(username_template="{{ .PolicyName }}-{{ random 5 }}")
    (first, *_) = needs([Role("reader", CredentialType.IAM_USER)], ground=ground)
    assert first.resource == "arn:aws:iam::123456789012:user/reader-xxxxx"
