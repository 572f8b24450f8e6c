"""Change sets and stacks as CloudFormation has them, with the rights of who executes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.aws_clients import a_user, allow, client, deny, document, refusal
from tests.support.stackclient import carried_out, change_set, reasons, settled
from vaultaws.local.aws.serve import LocalAws

POLICY = {"Version": "2012-10-17", "Statement": [allow("ec2:Describe*")]}


def template(**resources: Any) -> str:
    return json.dumps({"Description": "people", "Resources": resources})


def user(name: Any = "ada", **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::User", "Properties": {"UserName": name, **more}}


def managed(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": POLICY, **more}}


def test_a_change_set_does_nothing_until_it_is_executed(aws: LocalAws) -> None:
    cloudformation = client(aws, "cloudformation")
    name = change_set(aws, "people", template(Ada=user()))
    assert refusal(client(aws, "iam").get_user, UserName="ada").code == "NoSuchEntity"
    found = cloudformation.describe_change_set(StackName="people", ChangeSetName=name)
    (change,) = found["Changes"]
    assert change["ResourceChange"]["Action"] == "Add"
    stack = cloudformation.describe_stacks(StackName="people")["Stacks"][0]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    cloudformation.execute_change_set(StackName="people", ChangeSetName=name)
    assert settled(aws, "people")["StackStatus"] == "CREATE_COMPLETE"
    made = client(aws, "iam").get_user(UserName="ada")["User"]
    assert made["UserId"].startswith("AIDA")


def test_iam_needs_to_be_agreed_to(aws: LocalAws) -> None:
    with pytest.raises(Exception, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        change_set(aws, "people", template(Ada=user()), capabilities=[])
    with pytest.raises(Exception, match="CAPABILITY_NAMED_IAM"):
        change_set(aws, "people", template(Ada=user()), capabilities=["CAPABILITY_IAM"])


def test_it_acts_with_its_callers_rights_and_takes_all_back(aws: LocalAws) -> None:
    olga = a_user(aws, "olga", allow("cloudformation:*", "iam:*User", "iam:GetUser"))
    body = template(Ada=user(), Rights=managed(Users=[{"Ref": "Ada"}]))
    stack = carried_out(aws, "people", body, key=olga)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    (reason,) = reasons(aws, "people")
    assert reason.startswith("Rights: ")
    assert "user/olga is not authorized to perform: iam:CreatePolicy" in reason
    assert refusal(client(aws, "iam").get_user, UserName="ada").code == "NoSuchEntity"
    with pytest.raises(Exception, match="ROLLBACK_COMPLETE state and can not be updated"):
        change_set(aws, "people", body, fresh=False)


def test_who_may_not_use_cloudformation_may_not(aws: LocalAws) -> None:
    ben = a_user(aws, "ben", allow("iam:*"))
    with pytest.raises(Exception, match="to perform: cloudformation:CreateChangeSet"):
        change_set(aws, "people", template(Ada=user()), key=ben)
    name = change_set(aws, "people", template(Ada=user()))
    execute = client(aws, "cloudformation", ben).execute_change_set
    assert refusal(execute, StackName="people", ChangeSetName=name).code == "AccessDenied"


def test_policies_see_that_cloudformation_calls(aws: LocalAws) -> None:
    by_hand = {"Bool": {"aws:ViaAWSService": "false"}}
    olga = a_user(aws, "olga", allow("*"), deny("iam:CreateUser", Condition=by_hand))
    assert refusal(client(aws, "iam", olga).create_user, UserName="eve").code == "AccessDenied"
    assert carried_out(aws, "p", template(Ada=user()), key=olga)["StackStatus"] == "CREATE_COMPLETE"
    events = client(aws, "cloudtrail", region="us-east-1").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    )["Events"]
    records = [json.loads(each["CloudTrailEvent"]) for each in events]
    (made,) = [each for each in records if each["sourceIPAddress"].startswith("cloudformation")]
    assert made["userIdentity"]["userName"] == "olga"


def test_what_changes_is_told_and_done(aws: LocalAws) -> None:
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    carried_out(aws, "people", template(Ada=user(), Ben=user("ben"), Rights=managed()))
    body = template(
        Ada=user(PermissionsBoundary=boundary, Path="/team/"),
        Ben=user("benjamin"),
        Cleo=user("cleo"),
    )
    name = change_set(aws, "people", body, fresh=False)
    cloudformation = client(aws, "cloudformation")
    found = cloudformation.describe_change_set(StackName="people", ChangeSetName=name)["Changes"]
    changes = {
        each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in found
    }
    assert changes["Ada"]["Replacement"] == "False"
    assert changes["Ben"]["Replacement"] == "True"
    assert changes["Cleo"]["Action"] == "Add"
    assert changes["Rights"]["Action"] == "Remove"
    names = {each["Target"]["Name"] for each in changes["Ada"]["Details"]}
    assert names == {"Path", "PermissionsBoundary"}
    cloudformation.execute_change_set(StackName="people", ChangeSetName=name)
    assert settled(aws, "people")["StackStatus"] == "UPDATE_COMPLETE"
    iam = client(aws, "iam")
    listed = {each["UserName"]: each for each in iam.list_users()["Users"]}
    assert listed.keys() == {"admin", "ada", "benjamin", "cleo"}
    assert listed["ada"]["Path"] == "/team/"
    bound = iam.get_user(UserName="ada")["User"]["PermissionsBoundary"]
    assert bound["PermissionsBoundaryArn"] == boundary
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_failed_change_leaves_the_stack_as_it_was(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    carried_out(aws, "people", template(Ada=user(Path="/a/"), Old=user("old")))
    iam.create_user(UserName="taken")
    body = template(Ada=user(Path="/b/"), Taken=user("taken"))
    stack = carried_out(aws, "people", body, fresh=False)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "taken already exists" in reasons(aws, "people")[0]
    names = {each["UserName"]: each["Path"] for each in iam.list_users()["Users"]}
    assert names == {"admin": "/", "ada": "/a/", "old": "/", "taken": "/"}


def test_a_change_set_is_executed_once_and_makes_others_obsolete(aws: LocalAws) -> None:
    first = change_set(aws, "people", template(Ada=user()))
    other = change_set(aws, "people", template(Ada=user(), Ben=user("ben")))
    cloudformation = client(aws, "cloudformation")
    cloudformation.execute_change_set(StackName="people", ChangeSetName=first)
    settled(aws, "people")
    for name in (first, other):
        again = refusal(cloudformation.execute_change_set, StackName="people", ChangeSetName=name)
        assert again.code in {"ChangeSetNotFound", "InvalidChangeSetStatus", "ValidationError"}
    assert refusal(client(aws, "iam").get_user, UserName="ben").code == "NoSuchEntity"


def test_what_does_not_change_makes_no_change_set(aws: LocalAws) -> None:
    body = template(Ada=user())
    carried_out(aws, "people", body)
    name = change_set(aws, "people", body, fresh=False)
    cloudformation = client(aws, "cloudformation")
    found = cloudformation.describe_change_set(StackName="people", ChangeSetName=name)
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]
    execute = cloudformation.execute_change_set
    assert refusal(execute, StackName="people", ChangeSetName=name).code == "InvalidChangeSetStatus"


def test_a_deleted_stack_takes_its_resources_along_but_for_the_retained(aws: LocalAws) -> None:
    kept = {**user("kept"), "DeletionPolicy": "Retain"}
    stack = carried_out(aws, "people", template(Ada=user(), Kept=kept))
    client(aws, "cloudformation").delete_stack(StackName="people")
    assert settled(aws, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    names = {each["UserName"] for each in client(aws, "iam").list_users()["Users"]}
    assert names == {"admin", "kept"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a: [", "YAML not well-formed"),
        ("{}", "At least one Resources member"),
        ('{"Resources": {"A": {}}}', "must contain a Type field"),
        (template(Ada=user({"Ref": "Nobody"})), r"Unresolved resource dependencies \[Nobody\]"),
        (template(Ada=user(Shoes="red")), r"unsupported properties \[Shoes\]"),
        (
            template(A=user({"Ref": "B"}), B=user({"Ref": "A"})),
            "Circular dependency between resources",
        ),
    ],
)
def test_bad_templates_are_refused(aws: LocalAws, body: str, told: str) -> None:
    with pytest.raises(Exception, match=told):
        change_set(aws, "people", body)


def test_other_types_of_resources_are_motos_as_before(aws: LocalAws) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work"}}
    name = change_set(aws, "queues", template(Queue=queue))
    client(aws, "cloudformation").execute_change_set(StackName="queues", ChangeSetName=name)
    assert client(aws, "sqs").get_queue_url(QueueName="work")["QueueUrl"].endswith("/work")


def test_a_buckets_policy_has_a_say(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="vault", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_object(Bucket="vault", Key="k", Body=b"x")
    ada = client(aws, "s3", a_user(aws, "ada"))
    assert refusal(ada.get_object, Bucket="vault", Key="k").code == "AccessDenied"
    arn = f"arn:aws:iam::{aws.account_id}:user/ada"
    reads = allow("s3:GetObject", resource="arn:aws:s3:::vault/*", Principal={"AWS": arn})
    keeps = deny("s3:DeleteObject", resource="arn:aws:s3:::vault/*", Principal="*")
    s3.put_bucket_policy(Bucket="vault", Policy=document(reads, keeps))
    assert ada.get_object(Bucket="vault", Key="k")["Body"].read() == b"x"
    assert refusal(s3.delete_object, Bucket="vault", Key="k").code == "AccessDenied"
