"""`mfa roles` against the local AWS: each answer is held to what AssumeRole really does."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.aws_clients import allow, client, deny, document, key_of
from tests.support.devices import NAME, WITH_MFA, Person
from vaultaws.model import Credentials

PROFILE = ("--profile", f"{NAME}-long-term")
LEAST = allow("iam:ListRoles", "iam:GetRole", "iam:GetRolePolicy")


def roles(person: Person, code: int = 0) -> dict[str, dict[str, Any]]:
    found = person.shell.json("mfa", "roles", *PROFILE, code=code)
    assert found["version"] == 1
    return {each["name"]: each for each in found["roles"]}


def may(person: Person, arn: str, key: Credentials) -> bool:
    sts = client(person.aws, "sts", key)
    try:
        sts.assume_role(RoleArn=arn, RoleSessionName="try")
    except ClientError:
        return False
    return True


def with_policy(person: Person, *statements: dict[str, Any]) -> None:
    client(person.aws, "iam").put_user_policy(
        UserName=NAME, PolicyName="own", PolicyDocument=document(*statements)
    )


@pytest.fixture
def arns(person: Person) -> dict[str, str]:
    account = person.aws.account_id
    client(person.aws, "iam").create_user(UserName="ben")
    user = f"arn:aws:iam::{account}:user/"
    return {
        "Plain": person.role("Plain"),
        "WithMfa": person.role("WithMfa", Condition=WITH_MFA),
        "Hers": person.role("Hers", f"{user}{NAME}"),
        "HersWithMfa": person.role("HersWithMfa", f"{user}{NAME}", Condition=WITH_MFA),
        "His": person.role("His", f"{user}ben"),
        "Denied": person.role("Denied"),
    }


def test_each_answer_is_what_sts_does(person: Person, arns: dict[str, str]) -> None:
    with_policy(person, allow("iam:*", "sts:*"), deny("sts:AssumeRole", resource=arns["Denied"]))
    listed = roles(person)
    assert all(each["sure"] for each in listed.values())
    session = key_of(
        client(person.aws, "sts", person.key).get_session_token(
            SerialNumber=person.serial, TokenCode=person.authenticator.fresh()
        )
    )
    for name, arn in arns.items():
        plain, proven = may(person, arn, person.key), may(person, arn, session)
        assert (name in listed) == (plain or proven), name
        if name in listed:
            assert listed[name]["needs_mfa"] == (not plain), name


def test_the_table(person: Person, arns: dict[str, str]) -> None:
    done = person.shell.run("mfa", "roles", *PROFILE)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["ROLE", "NEEDS", "LASTS", "UP", "TO"]
    assert [arns["WithMfa"], "MFA", "1", "h"] in lines
    assert [arns["Plain"], "—", "1", "h"] in lines


def test_the_least_rights(person: Person, arns: dict[str, str]) -> None:
    """Own policies cannot be read: only a trust that names her, and IAM says so, is sure."""
    with_policy(person, LEAST)
    listed = roles(person)
    assert set(listed) == {"Plain", "WithMfa", "Hers", "HersWithMfa", "Denied"}
    assert not any(each["sure"] for each in listed.values())
    table = person.shell.run("mfa", "roles", *PROFILE)
    assert "?" in table.stdout
    assert "not all of your own policies can be read" in table.stderr


def test_iams_simulation_where_policies_cannot_be_read(
    person: Person, arns: dict[str, str]
) -> None:
    with_policy(person, LEAST, allow("iam:SimulatePrincipalPolicy"))
    listed = roles(person)
    assert set(listed) == {"Hers", "HersWithMfa"}
    assert all(each["sure"] for each in listed.values())


def test_no_right_to_list(person: Person) -> None:
    with_policy(person, allow("sts:*"))
    done = person.shell.run("mfa", "roles", *PROFILE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "AccessDenied" in done.stderr
    assert "iam:ListRoles" in done.stderr
    assert "Traceback" not in done.stderr


def test_none(person: Person) -> None:
    done = person.shell.run("mfa", "roles", *PROFILE)
    assert (done.returncode, done.stdout) == (0, "")
    assert "none of the 0 roles" in done.stderr
