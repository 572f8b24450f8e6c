"""STS through the gate: who the minted credentials are, how long, and who may have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.aws_clients import (
    a_user,
    allow,
    client,
    deny,
    document,
    key_of,
    query,
    refusal,
    trust,
)
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials, Secret

EC2_READ = document(allow("ec2:Describe*"))


def a_role(aws: LocalAws, name: str = "ops", **more: Any) -> str:
    """A role that everybody in the account may be let into, with EC2's reads."""
    iam = client(aws, "iam")
    more.setdefault("AssumeRolePolicyDocument", trust(f"arn:aws:iam::{aws.account_id}:root"))
    arn = iam.create_role(RoleName=name, **more)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=EC2_READ)
    return str(arn)


def assume(
    aws: LocalAws, arn: str, key: Credentials | None = None, name: str = "one", **more: Any
) -> Credentials:
    answer = client(aws, "sts", key).assume_role(RoleArn=arn, RoleSessionName=name, **more)
    return key_of(answer)


def identity(aws: LocalAws, key: Credentials) -> dict[str, str]:
    answer = client(aws, "sts", key).get_caller_identity()
    return {name: answer[name] for name in ("UserId", "Account", "Arn")}


def test_every_kind_of_caller_is_told_who_it_is(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("sts:*"))
    user = client(aws, "iam").get_user(UserName="ada")["User"]
    me = {"UserId": user["UserId"], "Account": aws.account_id, "Arn": user["Arn"]}
    assert identity(aws, ada) == me
    assert identity(aws, key_of(client(aws, "sts", ada).get_session_token())) == me
    federated = client(aws, "sts", ada).get_federation_token(Name="vault-1", Policy=EC2_READ)
    assert identity(aws, key_of(federated)) == {
        "UserId": f"{aws.account_id}:vault-1",
        "Account": aws.account_id,
        "Arn": f"arn:aws:sts::{aws.account_id}:federated-user/vault-1",
    }
    arn = a_role(aws)
    role_id = client(aws, "iam").get_role(RoleName="ops")["Role"]["RoleId"]
    assert identity(aws, assume(aws, arn, ada)) == {
        "UserId": f"{role_id}:one",
        "Account": aws.account_id,
        "Arn": f"arn:aws:sts::{aws.account_id}:assumed-role/ops/one",
    }
    assert identity(aws, aws.make_root_key()) == {
        "UserId": aws.account_id,
        "Account": aws.account_id,
        "Arn": f"arn:aws:iam::{aws.account_id}:root",
    }


def test_an_explicit_deny_does_not_hide_who_one_is(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", deny("*"))
    assert identity(aws, ada)["Arn"].endswith("user/ada")


def test_credentials_are_never_the_same_twice(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    keys = [key_of(sts.get_federation_token(Name="ada", Policy=EC2_READ)) for _ in range(20)]
    assert len({key.access_key_id for key in keys}) == 20
    assert len({key.secret_access_key for key in keys}) == 20
    assert len({key.session_token for key in keys}) == 20
    assert all(key.access_key_id.startswith("ASIA") for key in keys)


def test_a_token_belongs_to_its_key(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    one = key_of(sts.get_session_token())
    other = key_of(sts.get_session_token())
    swapped = Credentials(one.access_key_id, one.secret_access_key, other.session_token)
    tampered = Credentials(
        one.access_key_id,
        one.secret_access_key,
        Secret(one.session_token.reveal()[:-3] + "AAA") if one.session_token else None,
    )
    without = Credentials(one.access_key_id, one.secret_access_key)
    long_term_with = Credentials(
        aws.admin.access_key_id, aws.admin.secret_access_key, one.session_token
    )
    for key in (swapped, tampered, without, long_term_with):
        refused = refusal(client(aws, "sts", key).get_caller_identity)
        assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)


def test_sessions_end_and_are_said_to_have_expired(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    key = key_of(sts.get_session_token(DurationSeconds=900))
    aws.clock.advance(899)
    assert identity(aws, key)
    aws.clock.advance(1)
    expected = {
        "sts": ("ExpiredToken", 403, lambda c: c.get_caller_identity()),
        "ec2": ("RequestExpired", 400, lambda c: c.describe_regions()),
        "s3": ("ExpiredToken", 400, lambda c: c.list_buckets()),
        "cloudtrail": ("ExpiredTokenException", 400, lambda c: c.describe_trails()),
    }
    for service, (code, status, ask) in expected.items():
        refused = refusal(ask, c=client(aws, service, key))
        assert (refused.code, refused.status) == (code, status), service


def test_expired_sessions_are_forgotten_after_a_while(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    key = key_of(sts.get_session_token(DurationSeconds=900))
    assert aws.session_count == 1
    aws.clock.advance(3 * 3600)
    sts.get_session_token(DurationSeconds=900)
    assert aws.session_count == 1
    assert refusal(client(aws, "sts", key).get_caller_identity).code == "InvalidClientTokenId"


def test_sessions_die_with_their_user(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada", allow("sts:*"))
    sts = client(aws, "sts", ada)
    keys = [
        key_of(sts.get_session_token()),
        key_of(sts.get_federation_token(Name="fed", Policy=EC2_READ)),
    ]
    iam.delete_access_key(UserName="ada", AccessKeyId=ada.access_key_id)
    for key in keys:
        assert identity(aws, key), "sessions outlive the key they were made with"
    iam.delete_user_policy(UserName="ada", PolicyName="own")
    iam.delete_user(UserName="ada")
    for key in keys:
        assert refusal(client(aws, "sts", key).get_caller_identity).code == "InvalidClientTokenId"
    iam.create_user(UserName="ada")
    for key in keys:
        assert refusal(client(aws, "sts", key).get_caller_identity).code == "InvalidClientTokenId"


def test_sessions_die_with_their_role(aws: LocalAws) -> None:
    key = assume(aws, a_role(aws))
    iam = client(aws, "iam")
    iam.delete_role_policy(RoleName="ops", PolicyName="own")
    iam.delete_role(RoleName="ops")
    assert refusal(client(aws, "sts", key).get_caller_identity).code == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("seconds", "problem"),
    [(899, "greater than or equal to 900"), (129_601, "less than or equal to 129600")],
)
def test_federation_tokens_have_bounds(aws: LocalAws, seconds: int, problem: str) -> None:
    sts = client(aws, "sts")
    refused = refusal(
        sts.get_federation_token, Name="ada", Policy=EC2_READ, DurationSeconds=seconds
    )
    assert refused.code == "ValidationError"
    assert problem in refused.message


@pytest.mark.parametrize("name", ["a", "a" * 33, "white space", "slash/ed"])
def test_federation_names_have_bounds(aws: LocalAws, name: str) -> None:
    refused = refusal(client(aws, "sts").get_federation_token, Name=name, Policy=EC2_READ)
    assert refused.code == "ValidationError"
    assert "'name' failed to satisfy constraint" in refused.message


@pytest.mark.parametrize("name", ["ab", "a" * 32, "a.b=c,d@e-f+g_h"])
def test_good_federation_names(aws: LocalAws, name: str) -> None:
    answer = client(aws, "sts").get_federation_token(Name=name, Policy=EC2_READ)
    assert answer["FederatedUser"]["Arn"].endswith(f":federated-user/{name}")


def test_durations_and_their_defaults(aws: LocalAws) -> None:
    sts, now = client(aws, "sts"), aws.clock.now()
    arn = a_role(aws)
    for call, params, seconds in (
        (sts.get_federation_token, {"Name": "ada", "Policy": EC2_READ}, 43_200),
        (sts.get_session_token, {}, 43_200),
        (sts.get_session_token, {"DurationSeconds": 129_600}, 129_600),
        (sts.assume_role, {"RoleArn": arn, "RoleSessionName": "one"}, 3600),
    ):
        ends = call(**params)["Credentials"]["Expiration"]
        assert abs(ends - now - timedelta(seconds=seconds)) < timedelta(seconds=30)


def test_roots_tokens_last_an_hour_at_most(aws: LocalAws) -> None:
    sts = client(aws, "sts", aws.make_root_key())
    ends = sts.get_session_token(DurationSeconds=36_000)["Credentials"]["Expiration"]
    assert ends - datetime.now(UTC) < timedelta(seconds=3601)


def test_whom_the_root_federates_has_what_the_policy_says(aws: LocalAws) -> None:
    sts = client(aws, "sts", aws.make_root_key())
    key = key_of(sts.get_federation_token(Name="fed", Policy=EC2_READ))
    client(aws, "ec2", key).describe_regions()
    assert refusal(client(aws, "s3", key).list_buckets).code == "AccessDenied"


def test_root_assumes_no_role(aws: LocalAws) -> None:
    refused = refusal(
        client(aws, "sts", aws.make_root_key()).assume_role,
        RoleArn=a_role(aws),
        RoleSessionName="one",
    )
    assert refused.code == "AccessDenied"
    assert refused.message == "Roles may not be assumed by root accounts."


def test_sessions_mint_no_tokens(aws: LocalAws) -> None:
    arn = a_role(aws)
    client(aws, "iam").put_role_policy(
        RoleName="ops", PolicyName="own", PolicyDocument=document(allow("*"))
    )
    sts = client(aws, "sts")
    keys = (
        key_of(sts.get_session_token()),
        key_of(sts.get_federation_token(Name="fed", Policy=document(allow("*")))),
        assume(aws, arn),
    )
    for key in keys:
        bearer = client(aws, "sts", key)
        for call, params in (
            (bearer.get_session_token, {}),
            (bearer.get_federation_token, {"Name": "fed", "Policy": EC2_READ}),
        ):
            refused = refusal(call, **params)
            assert (refused.code, refused.status) == ("AccessDenied", 403)
            assert "with session credentials" in refused.message


def test_tokens_without_mfa_call_no_iam(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    for key in (
        key_of(sts.get_session_token()),
        key_of(sts.get_federation_token(Name="fed", Policy=document(allow("*")))),
    ):
        refused = refusal(client(aws, "iam", key).list_users)
        assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)


def test_federated_users_have_what_user_and_policy_both_allow(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("sts:*", "ec2:Describe*", "s3:*"))
    sts = client(aws, "sts", ada)
    key = key_of(sts.get_federation_token(Name="fed", Policy=document(allow("ec2:*", "iam:*"))))
    client(aws, "ec2", key).describe_regions()
    assert refusal(
        client(aws, "ec2", key).run_instances, ImageId="ami-1", MinCount=1, MaxCount=1
    ).code == ("UnauthorizedOperation")
    assert refusal(client(aws, "s3", key).list_buckets).code == "AccessDenied"
    empty = key_of(sts.get_federation_token(Name="fed"))
    assert refusal(client(aws, "ec2", empty).describe_regions).code == "UnauthorizedOperation"


def test_a_role_needs_trust(aws: LocalAws) -> None:
    a_user(aws, "bob")
    ada = a_user(aws, "ada", allow("sts:AssumeRole"))
    arn = a_role(aws, AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:user/bob"))
    refused = refusal(client(aws, "sts", ada).assume_role, RoleArn=arn, RoleSessionName="one")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message.startswith(
        f"User: arn:aws:iam::{aws.account_id}:user/ada is not authorized to perform: "
        f"sts:AssumeRole on resource: {arn}"
    )


@pytest.mark.parametrize("account", ["own", "123456789012"])
def test_a_role_that_is_not_there_is_access_denied(aws: LocalAws, account: str) -> None:
    number = aws.account_id if account == "own" else account
    refused = refusal(
        client(aws, "sts").assume_role,
        RoleArn=f"arn:aws:iam::{number}:role/nobody",
        RoleSessionName="one",
    )
    assert refused.code == "AccessDenied"


def test_external_id(aws: LocalAws) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "ours"}}
    arn = a_role(
        aws,
        AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root", Condition=condition),
    )
    assume(aws, arn, ExternalId="ours")
    for params in ({}, {"ExternalId": "theirs"}):
        refused = refusal(
            client(aws, "sts").assume_role, RoleArn=arn, RoleSessionName="one", **params
        )
        assert refused.code == "AccessDenied"


def test_the_roles_own_longest_session(aws: LocalAws) -> None:
    arn = a_role(aws)
    call = client(aws, "sts").assume_role
    refused = refusal(call, RoleArn=arn, RoleSessionName="one", DurationSeconds=3601)
    assert refused.code == "ValidationError"
    assert refused.message == (
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )
    client(aws, "iam").update_role(RoleName="ops", MaxSessionDuration=7200)
    assume(aws, arn, DurationSeconds=7200)


def test_chained_roles_last_an_hour(aws: LocalAws) -> None:
    arn = a_role(aws, MaxSessionDuration=43_200)
    client(aws, "iam").put_role_policy(
        RoleName="ops", PolicyName="own", PolicyDocument=document(allow("sts:*"))
    )
    key = assume(aws, arn, DurationSeconds=43_200)
    refused = refusal(
        client(aws, "sts", key).assume_role,
        RoleArn=arn,
        RoleSessionName="two",
        DurationSeconds=3601,
    )
    assert refused.code == "ValidationError"
    assert "1 hour session limit for roles assumed by role chaining" in refused.message
    assume(aws, arn, key, "two")


def test_session_policies_narrow_a_role(aws: LocalAws) -> None:
    arn = a_role(aws)
    key = assume(aws, arn, Policy=document(allow("ec2:DescribeRegions")))
    ec2 = client(aws, "ec2", key)
    ec2.describe_regions()
    assert refusal(ec2.describe_instances).code == "UnauthorizedOperation"
    managed = assume(
        aws, arn, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"}]
    )
    client(aws, "ec2", managed).describe_instances()
    refused = refusal(
        client(aws, "sts").assume_role,
        RoleArn=arn,
        RoleSessionName="one",
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/NoSuchPolicy"}],
    )
    assert refused.code == "ValidationError"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("{", "MalformedPolicyDocument"),
        ("[]", "MalformedPolicyDocument"),
        (json.dumps({"Version": "2012-10-17"}), "MalformedPolicyDocument"),
        (document(allow("ec2:*")) + " " * 2048, "ValidationError"),
    ],
)
def test_bad_session_policies(aws: LocalAws, policy: str, code: str) -> None:
    assert refusal(client(aws, "sts").get_federation_token, Name="fed", Policy=policy).code == code


def test_the_packed_size(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    small = sts.get_federation_token(Name="fed", Policy=EC2_READ)["PackedPolicySize"]
    assert 0 < small < 20
    assert "PackedPolicySize" not in sts.get_federation_token(Name="fed")
    tags = [{"Key": f"key-{i}", "Value": f"{i}" * 120} for i in range(10, 35)]
    refused = refusal(sts.get_federation_token, Name="fed", Policy=EC2_READ, Tags=tags)
    assert refused.code == "PackedPolicyTooLarge"
    assert "of allotted space, please use smaller policy" in refused.message


def test_session_tags_reach_conditions_and_the_next_role(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    arn = a_role(aws)
    by_team = allow(
        "ec2:DescribeRegions", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    )
    iam.put_role_policy(
        RoleName="ops", PolicyName="own", PolicyDocument=document(by_team, allow("sts:*"))
    )
    blue: dict[str, Any] = {
        "Tags": [{"Key": "team", "Value": "blue"}],
        "TransitiveTagKeys": ["team"],
    }
    red: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "red"}]}
    key = assume(aws, arn, **blue)
    client(aws, "ec2", key).describe_regions()
    other = client(aws, "ec2", assume(aws, arn, **red))
    assert refusal(other.describe_regions).code == "UnauthorizedOperation"
    client(aws, "ec2", assume(aws, arn, key, "two")).describe_regions()
    refused = refusal(
        client(aws, "sts", key).assume_role, RoleArn=arn, RoleSessionName="two", **red
    )
    assert refused.code == "InvalidParameterValue"
    assert "conflicts with a transitive tag key" in refused.message


def test_bad_session_tags(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    twice = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]
    assert refusal(sts.get_federation_token, Name="fed", Tags=twice).code == "InvalidParameterValue"
    refused = refusal(
        sts.assume_role,
        RoleArn=a_role(aws),
        RoleSessionName="one",
        TransitiveTagKeys=["absent"],
    )
    assert refused.code == "InvalidParameterValue"


def test_source_identity_stays(aws: LocalAws) -> None:
    arn = a_role(aws)
    client(aws, "iam").put_role_policy(
        RoleName="ops", PolicyName="own", PolicyDocument=document(allow("sts:*"))
    )
    key = assume(aws, arn, SourceIdentity="ada")
    chained = client(aws, "sts", key).assume_role(RoleArn=arn, RoleSessionName="two")
    assert chained["SourceIdentity"] == "ada"
    refused = refusal(
        client(aws, "sts", key).assume_role,
        RoleArn=arn,
        RoleSessionName="two",
        SourceIdentity="bob",
    )
    assert refused.code == "AccessDenied"


def test_the_token_issue_time_deny_cuts_sessions_and_spares_the_key(aws: LocalAws) -> None:
    root = a_user(aws, "vault-root", allow("sts:*", "ec2:*"))
    old = key_of(client(aws, "sts", root).get_federation_token(Name="fed", Policy=EC2_READ))
    client(aws, "ec2", old).describe_regions()
    aws.clock.advance(60)
    cut = aws.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"DateLessThan": {"aws:TokenIssueTime": cut}}
    client(aws, "iam").put_user_policy(
        UserName="vault-root",
        PolicyName="cut",
        PolicyDocument=document(deny("*", Condition=condition)),
    )
    assert refusal(client(aws, "ec2", old).describe_regions).code == "UnauthorizedOperation"
    assert identity(aws, old), "GetCallerIdentity answers under an explicit deny"
    aws.clock.advance(1)
    new = key_of(client(aws, "sts", root).get_federation_token(Name="fed", Policy=EC2_READ))
    client(aws, "ec2", new).describe_regions()


def test_the_account_of_a_key(aws: LocalAws) -> None:
    sts = client(aws, "sts")
    session = key_of(sts.get_session_token())
    for key_id in (aws.admin.access_key_id, session.access_key_id):
        assert sts.get_access_key_info(AccessKeyId=key_id)["Account"] == aws.account_id
    refused = refusal(sts.get_access_key_info, AccessKeyId="not-a-key-id-at-all")
    assert refused.code == "ValidationError"


def test_unanswered_operations_say_so(aws: LocalAws) -> None:
    refused = refusal(client(aws, "sts").decode_authorization_message, EncodedMessage="x")
    assert (refused.code, refused.status) == ("NotImplemented", 501)


def test_web_identities_are_unknown(aws: LocalAws) -> None:
    fields = {"RoleArn": a_role(aws), "RoleSessionName": "one", "WebIdentityToken": "a.b.c"}
    answer = query(aws, "sts", "AssumeRoleWithWebIdentity", fields=fields).send(aws)
    assert answer.status == 400
    assert b"<Code>InvalidIdentityToken</Code>" in answer.body
