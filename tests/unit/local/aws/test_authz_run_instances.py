"""RunInstances is asked for every resource it touches (EC2, resource-level permissions)."""

from __future__ import annotations

from tests.support.askers import Account, ada, call
from tests.support.policies import ACCOUNT, ROLE_ARN
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller
from vaultaws.policy.values import Context

IAM = f"arn:aws:iam::{ACCOUNT}"
EC2 = f"arn:aws:ec2:eu-west-2:{ACCOUNT}"
NOBODY = Account()


def asked(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> set[tuple[str, str]]:
    return {(item.action, item.resource) for item in access_requests(one, caller or ada(), facts)}


def context(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> Context:
    return access_requests(one, caller or ada(), facts)[0].context


def test_a_launch_template_may_pass_a_role() -> None:
    one = call("ec2", "RunInstances", LaunchTemplate={"LaunchTemplateName": "x"})
    assert ("iam:PassRole", "*") in asked(one)
    assert ("iam:PassRole", "*") not in asked(call("ec2", "RunInstances"))


def test_run_instances_asks_for_everything_it_touches() -> None:
    one = call(
        "ec2",
        "RunInstances",
        ImageId="ami-1",
        InstanceType="t3.nano",
        SubnetId="subnet-1",
        KeyName="k",
        NetworkInterfaces=[{"Groups": ["sg-1"]}],
        IamInstanceProfile={"Arn": f"{IAM}:instance-profile/web"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}
        ],
        LaunchTemplate={"LaunchTemplateId": "lt-1"},
    )
    facts = Account(profile_roles={"web": ROLE_ARN})
    run = "ec2:RunInstances"
    assert asked(one, facts=facts) == {
        (run, f"{EC2}:instance/*"),
        (run, f"{EC2}:volume/*"),
        (run, f"{EC2}:network-interface/*"),
        (run, f"{EC2}:subnet/subnet-1"),
        (run, f"{EC2}:security-group/sg-1"),
        (run, f"{EC2}:key-pair/k"),
        (run, f"{EC2}:launch-template/lt-1"),
        (run, "arn:aws:ec2:eu-west-2::image/ami-1"),
        ("ec2:CreateTags", f"{EC2}:instance/*"),
        ("iam:PassRole", ROLE_ARN),
    }
    instance = context(one, facts=facts)
    assert instance["ec2:instancetype"] == ("t3.nano",)
    assert instance["aws:requesttag/team"] == ("blue",)


def test_an_unknown_instance_profile_asks_to_pass_any_role() -> None:
    one = call("ec2", "RunInstances", IamInstanceProfile={"Name": "none"})
    assert ("iam:PassRole", "*") in asked(one)
