"""Virtual MFA devices: enabling, signing in, single use, drift."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
import pytest

from tests.support.aws_clients import (
    a_user,
    allow,
    client,
    deny,
    document,
    key_of,
    refusal,
    trust,
)
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

STEP = 30


class Device:
    """A person's authenticator, keeping the local AWS's time."""

    def __init__(self, aws: LocalAws, seed: bytes, serial: str, off: int = 0) -> None:
        self._aws, self._totp, self.serial, self._off = aws, pyotp.TOTP(seed.decode()), serial, off

    def code(self, steps: int = 0) -> str:
        at = self._aws.clock.now() + timedelta(seconds=(steps + self._off) * STEP)
        return self._totp.at(at)

    def pair(self) -> dict[str, str]:
        return {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code()}


def made(aws: LocalAws, name: str = "ada", off: int = 0) -> Device:
    answer = client(aws, "iam").create_virtual_mfa_device(VirtualMFADeviceName=name)
    device = answer["VirtualMFADevice"]
    return Device(aws, device["Base32StringSeed"], device["SerialNumber"], off)


def enabled(aws: LocalAws, user: str = "ada") -> Device:
    """A device of the user, with fresh codes ahead."""
    device = made(aws, user)
    client(aws, "iam").enable_mfa_device(UserName=user, SerialNumber=device.serial, **device.pair())
    aws.clock.advance(2 * STEP)
    return device


@pytest.fixture
def ada(aws: LocalAws) -> Credentials:
    return a_user(aws, "ada", allow("sts:*", "iam:*", "ec2:*"))


def test_a_device_from_creation_to_deletion(aws: LocalAws, ada: Credentials) -> None:
    iam = client(aws, "iam")
    device = made(aws)
    assert device.serial == f"arn:aws:iam::{aws.account_id}:mfa/ada"
    unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert unassigned == [{"SerialNumber": device.serial}]
    iam.enable_mfa_device(UserName="ada", SerialNumber=device.serial, **device.pair())
    listed = client(aws, "iam", ada).list_mfa_devices()["MFADevices"]
    assert [(one["UserName"], one["SerialNumber"]) for one in listed] == [("ada", device.serial)]
    (assigned,) = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert assigned["User"]["UserName"] == "ada"
    assert "Base32StringSeed" not in assigned
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=device.serial).code == (
        "DeleteConflict"
    )
    refused = refusal(
        iam.enable_mfa_device, UserName="ada", SerialNumber=device.serial, **device.pair()
    )
    assert refused.code == "EntityAlreadyExists"
    iam.deactivate_mfa_device(UserName="ada", SerialNumber=device.serial)
    iam.delete_virtual_mfa_device(SerialNumber=device.serial)
    refused = refusal(iam.delete_virtual_mfa_device, SerialNumber=device.serial)
    assert (refused.code, refused.status) == ("NoSuchEntity", 404)


def test_a_device_name_is_used_once(aws: LocalAws) -> None:
    made(aws)
    refused = refusal(client(aws, "iam").create_virtual_mfa_device, VirtualMFADeviceName="ada")
    assert refused.code == "EntityAlreadyExists"


@pytest.mark.parametrize("steps", [(0, -1), (-1, -1), (-2, 0)])
def test_enabling_needs_two_codes_in_a_row(
    aws: LocalAws, ada: Credentials, steps: tuple[int, int]
) -> None:
    device = made(aws)
    first, second = (device.code(step) for step in steps)
    refused = refusal(
        client(aws, "iam").enable_mfa_device,
        UserName="ada",
        SerialNumber=device.serial,
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )
    assert (refused.code, refused.status) == ("InvalidAuthenticationCode", 403)


def test_a_code_signs_in_once(aws: LocalAws, ada: Credentials) -> None:
    device = enabled(aws)
    sts = client(aws, "sts", ada)
    code = device.code()
    key = key_of(sts.get_session_token(SerialNumber=device.serial, TokenCode=code))
    client(aws, "iam", key).list_users()
    refused = refusal(sts.get_session_token, SerialNumber=device.serial, TokenCode=code)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    )


def test_wrong_codes_and_devices(aws: LocalAws, ada: Credentials) -> None:
    a_user(aws, "bob")
    own, other = enabled(aws), enabled(aws, "bob")
    sts = client(aws, "sts", ada)
    wrong = f"{(int(own.code()) + 1) % 1_000_000:06}"
    for serial, code, text in (
        (own.serial, wrong, "with invalid MFA one time pass code"),
        (own.serial, own.code(-5), "with invalid MFA one time pass code"),
        (other.serial, other.code(), "unable to validate MFA code"),
        (f"{own.serial}x", own.code(), "unable to validate MFA code"),
    ):
        refused = refusal(sts.get_session_token, SerialNumber=serial, TokenCode=code)
        assert refused.code == "AccessDenied"
        assert text in refused.message
    refused = refusal(sts.get_session_token, SerialNumber=own.serial)
    assert "must provide both MFA serial number and one time pass code" in refused.message
    refused = refusal(sts.get_session_token, SerialNumber=own.serial, TokenCode="12345x")
    assert refused.code == "ValidationError"


def test_a_role_that_wants_mfa(aws: LocalAws, ada: Credentials) -> None:
    device = enabled(aws)
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    arn = client(aws, "iam").create_role(
        RoleName="AdminMFARole",
        AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root", Condition=with_mfa),
    )["Role"]["Arn"]
    sts, role = client(aws, "sts", ada), {"RoleArn": arn, "RoleSessionName": "one"}
    assert refusal(sts.assume_role, **role).code == "AccessDenied"
    wrong = f"{(int(device.code()) + 1) % 1_000_000:06}"
    refused = refusal(sts.assume_role, SerialNumber=device.serial, TokenCode=wrong, **role)
    assert "invalid MFA one time pass code" in refused.message
    assert sts.assume_role(SerialNumber=device.serial, TokenCode=device.code(), **role)
    aws.clock.advance(STEP)
    session = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    assert client(aws, "sts", key_of(session)).assume_role(**role)


def test_the_age_of_mfa_counts(aws: LocalAws, ada: Credentials) -> None:
    device = enabled(aws)
    young = allow(
        "ec2:*",
        Condition={
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": "600"},
        },
    )
    client(aws, "iam").put_user_policy(
        UserName="ada", PolicyName="own", PolicyDocument=document(young)
    )
    assert refusal(client(aws, "ec2", ada).describe_regions).code == "UnauthorizedOperation"
    session = client(aws, "sts", ada).get_session_token(
        SerialNumber=device.serial, TokenCode=device.code()
    )
    ec2 = client(aws, "ec2", key_of(session))
    ec2.describe_regions()
    aws.clock.advance(601)
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"


def test_a_device_far_off_is_resynchronised(aws: LocalAws, ada: Credentials) -> None:
    device = enabled(aws)
    device._off = 60
    sts, iam = client(aws, "sts", ada), client(aws, "iam")
    params: dict[str, Any] = {"SerialNumber": device.serial}
    assert refusal(sts.get_session_token, TokenCode=device.code(), **params).code == "AccessDenied"
    wrong = {"AuthenticationCode1": device.code(), "AuthenticationCode2": device.code()}
    refused = refusal(iam.resync_mfa_device, UserName="ada", **params, **wrong)
    assert refused.code == "InvalidAuthenticationCode"
    iam.resync_mfa_device(UserName="ada", **params, **device.pair())
    aws.clock.advance(2 * STEP)
    assert sts.get_session_token(TokenCode=device.code(), **params)


def test_an_authenticator_on_the_machines_time_works_when_the_clock_was_moved(
    aws: LocalAws, ada: Credentials
) -> None:
    device = enabled(aws)
    aws.clock.advance(7200)
    offset = (aws.clock.now() - aws.clock.wall()).total_seconds()
    device._off = -round(offset / STEP)
    sts = client(aws, "sts", ada)
    assert sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code(1))


def test_a_code_opens_one_door_only(aws: LocalAws, ada: Credentials) -> None:
    """Spent on a role, it buys no session; and a role's session carries no MFA of its own (IAM
    user guide, "Secure API access with MFA")."""
    device = enabled(aws)
    iam = client(aws, "iam")
    arn = iam.create_role(
        RoleName="ops", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root")
    )["Role"]["Arn"]
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    for name, statement in (
        ("plain", allow("ec2:DescribeRegions")),
        ("mfa", allow("ec2:DescribeInstances", Condition=with_mfa)),
    ):
        text = document(statement)
        iam.put_role_policy(RoleName="ops", PolicyName=name, PolicyDocument=text)
    sts, once = client(aws, "sts", ada), {"SerialNumber": device.serial, "TokenCode": device.code()}
    session = key_of(sts.assume_role(RoleArn=arn, RoleSessionName="one", **once))
    assert refusal(sts.get_session_token, **once).code == "AccessDenied"
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="two", **once).code == (
        "AccessDenied"
    )
    ec2 = client(aws, "ec2", session)
    ec2.describe_regions()
    assert refusal(ec2.describe_instances).code == "UnauthorizedOperation"


def test_a_deny_without_mfa_reaches_the_long_term_key_too(aws: LocalAws, ada: Credentials) -> None:
    """The key is absent for a long-term key: Bool lets it pass, BoolIfExists does not."""
    device = enabled(aws)
    iam, ec2 = client(aws, "iam"), client(aws, "ec2", ada)
    everything = allow("*")
    for operator, refused in (("Bool", False), ("BoolIfExists", True)):
        no = deny("ec2:*", Condition={operator: {"aws:MultiFactorAuthPresent": "false"}})
        text = document(everything, no)
        iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=text)
        if refused:
            assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
        else:
            ec2.describe_regions()
    session = client(aws, "sts", ada).get_session_token(
        SerialNumber=device.serial, TokenCode=device.code()
    )
    client(aws, "ec2", key_of(session)).describe_regions()
    bare = client(aws, "sts", ada).get_session_token()
    refused_bare = refusal(client(aws, "ec2", key_of(bare)).describe_regions)
    assert refused_bare.code == "UnauthorizedOperation"


def test_a_wrong_code_leaves_the_role_unused(aws: LocalAws, ada: Credentials) -> None:
    device, iam = enabled(aws), client(aws, "iam")
    root = f"arn:aws:iam::{aws.account_id}:root"
    made = iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust(root))["Role"]
    sts, role = client(aws, "sts", ada), {"RoleArn": made["Arn"], "RoleSessionName": "one"}
    wrong = f"{(int(device.code()) + 1) % 1_000_000:06}"
    refusal(sts.assume_role, SerialNumber=device.serial, TokenCode=wrong, **role)
    refusal(sts.assume_role, DurationSeconds=7200, **role)
    assert "LastUsedDate" not in iam.get_role(RoleName="ops")["Role"].get("RoleLastUsed", {})
    sts.assume_role(SerialNumber=device.serial, TokenCode=device.code(), **role)
    assert "LastUsedDate" in iam.get_role(RoleName="ops")["Role"]["RoleLastUsed"]


def test_a_session_opens_no_other_session(aws: LocalAws, ada: Credentials) -> None:
    """STS API reference, GetSessionToken: it is called with a long-term key."""
    device = enabled(aws)
    first = client(aws, "sts", ada).get_session_token(
        SerialNumber=device.serial, TokenCode=device.code()
    )
    refused = refusal(client(aws, "sts", key_of(first)).get_session_token)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
