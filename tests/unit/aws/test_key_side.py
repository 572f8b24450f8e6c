"""Keys, policies and simulations, asked of an AWS that enforces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aws_clients import a_user, allow, client, deny, document, trust
from vaultaws.aws.identity import Directory
from vaultaws.aws.keys import KeyHands
from vaultaws.aws.policies_of import PolicyReader
from vaultaws.aws.simulate import Simulator
from vaultaws.errors import AwsError
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

EC2 = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A local AWS that the tests' clients find by its address."""
    with LocalAws(seed=1) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        yield aws


def arn_of(aws: LocalAws, rest: str) -> str:
    return f"arn:aws:iam::{aws.account_id}:{rest}"


def robot(aws: LocalAws) -> Any:
    """A user with an inline, a managed and a group's policies, and a boundary."""
    iam = client(aws, "iam")
    a_user(aws, "robot", allow("iam:GetUser"))
    iam.attach_user_policy(UserName="robot", PolicyArn=EC2)
    iam.create_group(GroupName="robots")
    iam.put_group_policy(GroupName="robots", PolicyName="p", PolicyDocument=document(deny("s3:*")))
    own = iam.create_policy(PolicyName="own", PolicyDocument=document(allow("sqs:*")))
    iam.attach_group_policy(GroupName="robots", PolicyArn=own["Policy"]["Arn"])
    iam.add_user_to_group(GroupName="robots", UserName="robot")
    iam.put_user_permissions_boundary(UserName="robot", PermissionsBoundary=EC2)
    return iam


class TestPolicies:
    def test_all_that_has_a_say(self, aws: LocalAws) -> None:
        robot(aws)
        reader = PolicyReader(aws.admin)
        user = reader.user("robot")
        assert (user.arn, user.account, user.boundary_arn) == (
            arn_of(aws, "user/robot"),
            aws.account_id,
            EC2,
        )
        held = reader.held_by(user)
        assert [policy.name for policy in held.policies] == [
            "robot/own",
            EC2,
            "robots/p",
            arn_of(aws, "policy/own"),
        ]
        assert held.policies[2].document["Statement"][0]["Effect"] == "Deny"
        assert held.boundary is not None
        assert held.boundary.document == held.policies[1].document
        assert held.unread == ()

    def test_many_pages_of_groups_policies(self, aws: LocalAws) -> None:
        iam = client(aws, "iam")
        a_user(aws, "robot")
        for number in range(10):
            iam.create_group(GroupName=f"g{number}")
            iam.add_user_to_group(GroupName=f"g{number}", UserName="robot")
            for each in range(12):
                iam.put_group_policy(
                    GroupName=f"g{number}",
                    PolicyName=f"p{each}",
                    PolicyDocument=document(allow("s3:ListBucket")),
                )
        reader = PolicyReader(aws.admin)
        assert len(reader.held_by(reader.user("robot")).policies) == 120

    def test_what_is_refused_is_told_and_the_rest_is_read(self, aws: LocalAws) -> None:
        robot(aws)
        little = a_user(
            aws, "olga", allow("iam:Get*", "iam:ListUserPolicies"), deny("iam:GetPolicy*")
        )
        reader = PolicyReader(little)
        held = reader.held_by(reader.user("robot"))
        assert [policy.name for policy in held.policies] == ["robot/own"]
        assert held.boundary is None
        assert len(held.unread) == 3
        assert all("(AccessDenied)" in line for line in held.unread)

    def test_a_user_that_is_not_there(self, aws: LocalAws) -> None:
        with pytest.raises(AwsError) as error:
            PolicyReader(aws.admin).user("nobody")
        assert error.value.code == "NoSuchEntity"

    def test_without_an_answer_nothing_is_made_up(
        self, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a_user(aws, "robot")
        user = PolicyReader(aws.admin).user("robot")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(AwsError, match="no answer"):
            PolicyReader(aws.admin).held_by(user)

    def test_the_trust_of_a_role(self, aws: LocalAws) -> None:
        root = arn_of(aws, "root")
        client(aws, "iam").create_role(
            RoleName="ops", Path="/deep/", AssumeRolePolicyDocument=trust(root)
        )
        reader = PolicyReader(aws.admin)
        found = reader.trust_of(arn_of(aws, "role/deep/ops"))
        assert found["Statement"][0]["Principal"] == {"AWS": root}
        with pytest.raises(AwsError):
            reader.trust_of(arn_of(aws, "role/other"))


class TestKeys:
    def key(self, aws: LocalAws) -> Credentials:
        return a_user(aws, "robot", allow("iam:*"))

    def test_off_and_on_and_gone(self, aws: LocalAws) -> None:
        key, hands, directory = self.key(aws), KeyHands(aws.admin), Directory(aws.admin)
        hands.switch_off("robot", key.access_key_id)
        assert [found.active for found in directory.access_keys("robot")] == [False]
        hands.switch_on("robot", key.access_key_id)
        assert [found.active for found in directory.access_keys("robot")] == [True]
        assert hands.delete("robot", key.access_key_id) is True
        assert hands.delete("robot", key.access_key_id) is False
        assert directory.access_keys("robot") == ()

    def test_what_is_denied_is_said(self, aws: LocalAws) -> None:
        key, hands = self.key(aws), KeyHands(a_user(aws, "olga"))
        for act in (hands.switch_off, hands.switch_on, hands.delete):
            with pytest.raises(AwsError) as error:
                act("robot", key.access_key_id)
            assert error.value.code == "AccessDenied"


class TestSimulation:
    def test_each_question_has_its_answer(self, aws: LocalAws) -> None:
        tagged = {"StringEquals": {"aws:RequestTag/team": "ops"}}
        a_user(
            aws,
            "robot",
            allow("iam:GetUser", resource=arn_of(aws, "user/${aws:username}")),
            allow("iam:TagUser", Condition=tagged),
            deny("iam:DeleteUser"),
        )
        own, other = arn_of(aws, "user/robot"), arn_of(aws, "user/ada")
        right = (("aws:requesttag/team", ("ops",)), ("aws:tagkeys", ("team",)))
        wrong = (("aws:requesttag/team", ("dev",)), ("aws:tagkeys", ("team",)))
        questions = [
            ("iam:GetUser", own, ()),
            ("iam:GetUser", other, ()),
            ("iam:DeleteUser", own, ()),
            ("iam:TagUser", own, right),
            ("iam:TagUser", own, wrong),
            ("iam:TagUser", own, ()),
        ]
        simulator = Simulator(aws.admin)
        found = simulator.ask(own, questions, (("aws:username", ("robot",)),))
        assert [found[question].decision for question in questions] == [
            "allowed",
            "implicitDeny",
            "explicitDeny",
            "allowed",
            "implicitDeny",
            "implicitDeny",
        ]
        assert found[questions[-1]].missing == ("aws:RequestTag/team",)

    def test_hundreds_of_questions(self, aws: LocalAws) -> None:
        a_user(aws, "robot", allow("iam:*"))
        questions = [
            (f"iam:Get{number % 3}", arn_of(aws, f"user/u{number}"), ()) for number in range(230)
        ]
        found = Simulator(aws.admin).ask(arn_of(aws, "user/robot"), questions)
        assert set(found) == set(questions)
        assert all(opinion.allowed for opinion in found.values())

    def test_nothing_to_ask_asks_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert Simulator(region="eu-west-2").ask("arn:x", []) == {}

    def test_who_may_not_ask(self, aws: LocalAws) -> None:
        olga = a_user(aws, "olga")
        with pytest.raises(AwsError) as error:
            Simulator(olga).ask(arn_of(aws, "user/olga"), [("iam:GetUser", "*", ())])
        assert error.value.code == "AccessDenied"
