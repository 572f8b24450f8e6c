"""SimulatePrincipalPolicy answers as the gate decides."""

from __future__ import annotations

from typing import Any

from tests.support.aws_clients import (
    a_user,
    allow,
    client,
    deny,
    document,
    refusal,
    trust,
)
from vaultaws.local.aws.serve import LocalAws


def decisions(aws: LocalAws, arn: str, *actions: str, **more: Any) -> dict[str, str]:
    answer = client(aws, "iam").simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=list(actions), **more
    )
    results = answer["EvaluationResults"]
    return {one["EvalActionName"]: one["EvalDecision"] for one in results}


def user_arn(aws: LocalAws, name: str) -> str:
    return f"arn:aws:iam::{aws.account_id}:user/{name}"


def test_a_users_decisions_name_their_policy(aws: LocalAws) -> None:
    a_user(aws, "ada", allow("ec2:*"), deny("ec2:RunInstances"))
    results = client(aws, "iam").simulate_principal_policy(
        PolicySourceArn=user_arn(aws, "ada"),
        ActionNames=["ec2:DescribeRegions", "ec2:RunInstances", "s3:ListAllMyBuckets"],
    )["EvaluationResults"]
    assert [
        (one["EvalDecision"], [each["SourcePolicyId"] for each in one["MatchedStatements"]])
        for one in results
    ] == [("allowed", ["own"]), ("explicitDeny", ["own"]), ("implicitDeny", [])]


def test_resources_conditions_and_what_is_missing(aws: LocalAws) -> None:
    near = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    own = allow("s3:GetObject", resource="arn:aws:s3:::b/${aws:username}/*", Condition=near)
    a_user(aws, "ada", own)
    ask = client(aws, "iam").simulate_principal_policy
    asked = {
        "PolicySourceArn": user_arn(aws, "ada"),
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::b/ada/k", "arn:aws:s3:::b/eve/k"],
    }
    first = ask(**asked)["EvaluationResults"]
    assert [one["EvalDecision"] for one in first] == ["implicitDeny"] * 2
    assert first[0]["MissingContextValues"] == ["aws:SourceIp"]
    entry = {
        "ContextKeyName": "aws:SourceIp",
        "ContextKeyValues": ["192.0.2.7"],
        "ContextKeyType": "ip",
    }
    second = ask(**asked, ContextEntries=[entry])["EvaluationResults"]
    assert [one["EvalDecision"] for one in second] == ["allowed", "implicitDeny"]
    assert second[0].get("MissingContextValues", []) == []


def test_policies_may_be_tried_before_they_are_stored(aws: LocalAws) -> None:
    a_user(aws, "ada", allow("ec2:*"))
    arn, action = user_arn(aws, "ada"), "ec2:RunInstances"
    refused = document(deny("ec2:Run*"))
    assert decisions(aws, arn, action, PolicyInputList=[refused]) == {action: "explicitDeny"}
    narrow = document(allow("ec2:Describe*"))
    assert decisions(aws, arn, action, PermissionsBoundaryPolicyInputList=[narrow]) == {
        action: "implicitDeny"
    }
    assert decisions(aws, arn, action) == {action: "allowed"}


def test_a_role_is_asked_like_a_user(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    arn = iam.create_role(
        RoleName="ops", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root")
    )["Role"]["Arn"]
    text = document(allow("ec2:*"))
    iam.put_role_policy(RoleName="ops", PolicyName="own", PolicyDocument=text)
    assert decisions(aws, arn, "ec2:RunInstances", "iam:GetUser") == {
        "ec2:RunInstances": "allowed",
        "iam:GetUser": "implicitDeny",
    }


def test_a_group_is_asked_without_its_members(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    a_user(aws, "ada", allow("s3:*"))
    arn = iam.create_group(GroupName="readers")["Group"]["Arn"]
    text = document(allow("ec2:Describe*"))
    iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=text)
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    asked = ("ec2:DescribeRegions", "s3:ListAllMyBuckets")
    assert decisions(aws, arn, *asked) == dict(zip(asked, ("allowed", "implicitDeny"), strict=True))
    assert decisions(aws, user_arn(aws, "ada"), *asked) == dict.fromkeys(asked, "allowed")


def test_answers_come_in_pages(aws: LocalAws) -> None:
    a_user(aws, "ada", allow("ec2:*"))
    actions = [f"ec2:Describe{number}" for number in range(7)]
    pages = (
        client(aws, "iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=user_arn(aws, "ada"),
            ActionNames=actions,
            PaginationConfig={"PageSize": 3},
        )
    )
    found = [[one["EvalActionName"] for one in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:3], actions[3:6], actions[6:]]


def test_trust_has_no_say_and_the_boundary_does(aws: LocalAws) -> None:
    role = f"arn:aws:iam::{aws.account_id}:role/deploy"
    a_user(aws, "ada", allow("sts:AssumeRole", resource=role))
    ask = client(aws, "iam").simulate_principal_policy
    asked = {"PolicySourceArn": user_arn(aws, "ada"), "ActionNames": ["sts:AssumeRole"]}
    (one,) = ask(**asked, ResourceArns=[role])["EvaluationResults"]
    assert (one["EvalDecision"], one["MatchedStatements"]) == ("allowed", [])
    (other,) = ask(**asked, ResourceArns=[role + "-other"])["EvaluationResults"]
    assert other["EvalDecision"] == "implicitDeny"
    narrow = document(allow("ec2:*"))
    bounded = ask(**asked, ResourceArns=[role], PermissionsBoundaryPolicyInputList=[narrow])
    (one,) = bounded["EvaluationResults"]
    assert one["EvalDecision"] == "implicitDeny"
    assert one["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_wrong_questions(aws: LocalAws) -> None:
    ask = client(aws, "iam").simulate_principal_policy
    arn = user_arn(aws, "admin")
    assert refusal(ask, PolicySourceArn=user_arn(aws, "nobody"), ActionNames=["a:b"]).code == (
        "NoSuchEntity"
    )
    group = f"arn:aws:iam::{aws.account_id}:group/g"
    assert refusal(ask, PolicySourceArn=group, ActionNames=["a:b"]).code == "NoSuchEntity"
    policy = f"arn:aws:iam::{aws.account_id}:policy/p"
    assert refusal(ask, PolicySourceArn=policy, ActionNames=["a:b"]).code == "InvalidInput"
    for wild in ("ec2:Describe*", "ec2:?", "describe"):
        assert refusal(ask, PolicySourceArn=arn, ActionNames=[wild]).code == "InvalidInput"
    strange = {"ActionNames": ["a:b"], "Marker": "x"}
    assert refusal(ask, PolicySourceArn=arn, **strange).code == "InvalidInput"
    broken = refusal(ask, PolicySourceArn=arn, ActionNames=["a:b"], PolicyInputList=["{"])
    assert broken.code == "InvalidInput"
    many = {"ActionNames": ["a:b"] * 101, "ResourceArns": ["*"] * 100}
    assert refusal(ask, PolicySourceArn=arn, **many).code == "InvalidInput"


def test_asking_needs_a_permission_of_its_own(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("iam:GetUser"))
    ask = client(aws, "iam", ada).simulate_principal_policy
    refused = refusal(ask, PolicySourceArn=user_arn(aws, "ada"), ActionNames=["ec2:RunInstances"])
    assert refused.code == "AccessDenied"
    assert "iam:SimulatePrincipalPolicy" in refused.message
