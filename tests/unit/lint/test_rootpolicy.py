"""Does the policy of Vault's own user suffice? Asked as one for roles that are alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vaultaws.config.schema import Config, Root
from vaultaws.lint.rootpolicy import LACKS, LENDS_LESS, check
from vaultaws.lint.rule import Hit
from vaultaws.model import CredentialType, JsonObject, Role, StaticRole

READY: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "policies" / "vault-root.json").read_text("utf-8")
)
READER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
}
BOUNDARY = "arn:aws:iam::111122223333:policy/edge"


def rooted(*statements: JsonObject, ready: bool = True) -> JsonObject:
    """The ready policy, or none, with statements more."""
    held = READY["Statement"] if ready else []
    return {"Version": "2012-10-17", "Statement": [*held, *statements]}


def users(*names: str, **fields: Any) -> tuple[Role, ...]:
    wanted: dict[str, Any] = {"policy_document": READER} | fields
    return tuple(Role(name, CredentialType.IAM_USER, **wanted) for name in names)


def found(policy: JsonObject, *roles: Role, static: tuple[StaticRole, ...] = ()) -> list[Hit]:
    config = Config(
        Path("vaultaws.toml"), root=Root(policy=policy), roles=roles, static_roles=static
    )
    return list(check(config))


def deny(action: str, resource: str, **more: Any) -> JsonObject:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def test_the_ready_policy_suffices_for_any_number_of_roles() -> None:
    assert found(READY, *users(*(f"r{n}" for n in range(50)))) == []


def test_a_deny_on_one_roles_users_is_found_among_many() -> None:
    policy = rooted(deny("iam:DeleteUser", "arn:aws:iam::*:user/vault-*-r7-*"))
    (hit,) = found(policy, *users(*(f"r{n}" for n in range(50))))
    assert hit.rule is LACKS
    assert hit.message == "it lacks iam:DeleteUser, so r7 cannot be revoked"


def test_what_many_lack_is_said_once_with_their_number() -> None:
    policy = rooted(deny("iam:CreateUser", "*"))
    (hit,) = found(policy, *users(*(f"r{n}" for n in range(9))))
    assert hit.message == "it lacks iam:CreateUser, so r0, r1, r2 and 6 more cannot be issued"
    assert hit.do.startswith("allow iam:CreateUser on arn:aws:iam::")


def test_roles_of_sts_that_are_alike_are_all_named() -> None:
    roles = [
        Role(name, CredentialType.FEDERATION_TOKEN, policy_document=READER) for name in ("a", "b")
    ]
    (hit,) = found(rooted(deny("sts:GetFederationToken", "*")), *roles)
    assert hit.message == "it lacks sts:GetFederationToken, so a, b cannot be issued"


def test_conditions_that_a_file_cannot_tell_are_taken_as_met() -> None:
    address = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    lenient = [{**each, "Condition": address} for each in READY["Statement"]]
    assert found({"Version": "2012-10-17", "Statement": lenient}, *users("r")) == []
    assert found(rooted(deny("iam:*", "*", Condition=address)), *users("r")) == []


def test_a_condition_on_the_boundary_is_judged() -> None:
    unbounded = deny(
        "iam:CreateUser", "*", Condition={"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    )
    (hit,) = found(rooted(unbounded), *users("r"))
    assert hit.message == "it lacks iam:CreateUser, so r cannot be issued"
    assert found(rooted(unbounded), *users("r", permissions_boundary_arn=BOUNDARY)) == []


def test_the_account_is_the_one_that_the_policy_speaks_of() -> None:
    statements = json.loads(json.dumps(READY["Statement"]).replace("::*:", "::444455556666:"))
    assert found({"Version": "2012-10-17", "Statement": statements}, *users("a", "b", "c")) == []


def test_a_static_role_is_named_by_itself() -> None:
    static = (StaticRole("r0", "ci", 3600),)
    hits = found(READY, *users("r0", "r1", "r2"), static=static)
    assert {hit.message for hit in hits} == {
        f"it lacks iam:{name}, so r0 cannot be rotated"
        for name in ("GetUser", "ListAccessKeys", "CreateAccessKey", "DeleteAccessKey")
    }


def test_what_a_token_would_not_be_lent_is_said() -> None:
    wants = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "ec2:Describe*"], "Resource": "*"}
        ],
    }
    role = Role("lent", CredentialType.FEDERATION_TOKEN, policy_document=wants)
    (hit,) = found(READY, role)
    assert hit.rule is LENDS_LESS
    assert hit.policy_place == "Statement[0]"
    assert "s3:GetObject" in hit.message
    own_bucket = {
        "Effect": "Allow",
        "Action": "s3:Get*",
        "Resource": "arn:aws:s3:::own/*",
    }
    assert found(rooted(own_bucket), role) == []


def test_a_malformed_policy_or_template_is_other_rules_to_tell() -> None:
    assert found({"Statement": "x"}, *users("r")) == []
    config = Config(
        Path("vaultaws.toml"),
        root=Root(policy=READY, username_template="{{ nosuch }}"),
        roles=users("r"),
    )
    assert list(check(config)) == []


def test_without_a_region_the_policy_tells_the_partition() -> None:
    china = json.loads(json.dumps(READY).replace("arn:aws:", "arn:aws-cn:"))
    assert found(china, *users("reader")) == []


def test_the_name_of_vaults_own_user_is_not_guessed_in_a_condition() -> None:
    named = {"StringEquals": {"aws:username": "vault-prod"}}
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": named}
    assert found(rooted(allowed, ready=False), *users("reader")) == []


def test_credentials_of_the_server_have_no_key_to_rotate() -> None:
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    root = Root(policy=rooted(allowed, ready=False), credentials="server")
    role = Role("a", CredentialType.ASSUMED_ROLE, role_arns=("arn:aws:iam::111122223333:role/a",))
    assert list(check(Config(Path("vaultaws.toml"), root=root, roles=(role,)))) == []
