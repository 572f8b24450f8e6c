"""The condition keys a call brings (global condition context keys; keys of STS, IAM and S3)."""

from __future__ import annotations

from tests.support.askers import (
    NOW,
    Account,
    ada,
    call,
    federated_caller,
    role_caller,
    root_caller,
    session,
)
from tests.support.policies import ACCOUNT, OTHER_ACCOUNT, ROLE_ARN, USER_ARN
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller
from vaultaws.policy.values import Context

IAM = f"arn:aws:iam::{ACCOUNT}"
NOBODY = Account()


def context(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> Context:
    return access_requests(one, caller or ada(), facts)[0].context


class TestGlobalKeys:
    one = call("ec2", "DescribeInstances")

    def test_of_a_long_term_key(self) -> None:
        assert context(self.one) == {
            "aws:currenttime": ("2026-11-21T08:30:00Z",),
            "aws:epochtime": (str(int(NOW.timestamp())),),
            "aws:securetransport": ("false",),
            "aws:sourceip": ("192.0.2.7",),
            "aws:requestedregion": ("eu-west-2",),
            "aws:useragent": ("aws-cli/2",),
            "aws:principalarn": (USER_ARN,),
            "aws:principalaccount": (ACCOUNT,),
            "aws:principaltype": ("User",),
            "aws:userid": (ada().principal_id,),
            "aws:username": ("ada",),
            "aws:viaawsservice": ("false",),
        }

    def test_mfa_is_absent_for_a_long_term_key_and_said_for_a_session(self) -> None:
        assert "aws:multifactorauthpresent" not in context(self.one)
        without = context(self.one, ada(session()))
        assert without["aws:multifactorauthpresent"] == ("false",)
        assert "aws:multifactorauthage" not in without
        with_mfa = context(self.one, ada(session(mfa_minutes_ago=5)))
        assert with_mfa["aws:multifactorauthpresent"] == ("true",)
        assert with_mfa["aws:multifactorauthage"] == ("300",)
        assert with_mfa["aws:tokenissuetime"] == ("2026-11-21T08:00:00Z",)

    def test_a_role_session_carries_no_mfa_of_its_own(self) -> None:
        found = context(self.one, role_caller(session(mfa_minutes_ago=5)))
        assert found["aws:multifactorauthpresent"] == ("false",)

    def test_of_a_role_session(self) -> None:
        facts = Account(tags_by_arn={ROLE_ARN: {"Team": "blue", "tier": "1"}})
        found = context(self.one, role_caller(session(tags={"team": "red"})), facts)
        assert found["aws:principalarn"] == (ROLE_ARN,)
        assert found["aws:principaltype"] == ("AssumedRole",)
        assert found["aws:principaltag/team"] == ("red",)
        assert found["aws:principaltag/tier"] == ("1",)
        assert "aws:username" not in found

    def test_of_a_federated_user(self) -> None:
        facts = Account(tags_by_arn={USER_ARN: {"team": "blue"}})
        found = context(self.one, federated_caller(), facts)
        assert found["aws:principalarn"] == (f"arn:aws:sts::{ACCOUNT}:federated-user/vault-1",)
        assert found["aws:userid"] == (f"{ACCOUNT}:vault-1",)
        assert found["aws:principaltag/team"] == ("blue",)
        assert "aws:username" not in found

    def test_of_the_root_user(self) -> None:
        found = context(self.one, root_caller())
        assert found["aws:principaltype"] == ("Account",)
        assert "aws:username" not in found

    def test_a_source_identity_stays_with_the_session(self) -> None:
        found = context(self.one, role_caller(session(source_identity="ada")))
        assert found["aws:sourceidentity"] == ("ada",)


class TestCallKeys:
    def test_of_assume_role(self) -> None:
        found = context(
            call(
                "sts",
                "AssumeRole",
                RoleArn=ROLE_ARN,
                RoleSessionName="one",
                ExternalId="x",
                DurationSeconds=900,
                Tags=[{"Key": "Team", "Value": "blue"}],
                TransitiveTagKeys=["Team"],
                SerialNumber="s",
                TokenCode="123456",
            ),
            facts=Account(tags_by_arn={ROLE_ARN: {"tier": "1"}}),
        )
        assert found["sts:externalid"] == ("x",)
        assert found["sts:rolesessionname"] == ("one",)
        assert found["sts:durationseconds"] == ("900",)
        assert found["sts:transitivetagkeys"] == ("Team",)
        assert found["aws:requesttag/team"] == ("blue",)
        assert found["aws:tagkeys"] == ("Team",)
        assert found["aws:resourcetag/tier"] == found["iam:resourcetag/tier"] == ("1",)
        assert found["aws:multifactorauthpresent"] == ("true",)

    def test_the_other_account_of_a_role_is_seen(self) -> None:
        role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/x"
        (one,) = access_requests(call("sts", "AssumeRole", RoleArn=role), ada(), NOBODY)
        assert one.crosses_accounts
        (own,) = access_requests(call("sts", "AssumeRole", RoleArn=ROLE_ARN), ada(), NOBODY)
        assert not own.crosses_accounts

    def test_the_boundary_a_call_sets_or_meets(self) -> None:
        arn = f"{IAM}:policy/limit"
        made = context(call("iam", "CreateUser", UserName="b", PermissionsBoundary=arn))
        assert made["iam:permissionsboundary"] == (arn,)
        facts = Account(boundaries={f"{IAM}:user/b": arn})
        met = context(call("iam", "PutUserPolicy", UserName="b"), facts=facts)
        assert met["iam:permissionsboundary"] == (arn,)
        assert "iam:permissionsboundary" not in context(call("iam", "PutUserPolicy", UserName="b"))
        unset = context(call("iam", "CreateUser", UserName="b"), facts=facts)
        assert "iam:permissionsboundary" not in unset

    def test_of_iam(self) -> None:
        found = context(call("iam", "AttachUserPolicy", UserName="b", PolicyArn="arn:p"))
        assert found["iam:policyarn"] == ("arn:p",)
        assert context(call("iam", "UntagUser", UserName="b", TagKeys=["x", "y"]))[
            "aws:tagkeys"
        ] == ("x", "y")

    def test_of_s3(self) -> None:
        listed = context(call("s3", "ListObjectsV2", Bucket="b", Prefix="home/", MaxKeys=5))
        assert (listed["s3:prefix"], listed["s3:max-keys"]) == (("home/",), ("5",))
        put = context(call("s3", "PutObject", Bucket="b", Key="k", Tagging="team=x"))
        assert put["s3:requestobjecttag/team"] == ("x",)

    def test_tags_of_other_services_may_be_a_mapping(self) -> None:
        found = context(call("logs", "CreateLogGroup", logGroupName="g", tags={"Team": "blue"}))
        assert found["aws:requesttag/team"] == ("blue",)
        assert found["aws:tagkeys"] == ("Team",)

    def test_dynamodb_leading_keys_are_never_taken_as_missing(self) -> None:
        assert context(call("dynamodb", "GetItem", TableName="t"))["dynamodb:leadingkeys"]
