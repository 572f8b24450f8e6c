"""Users found, stopped, cleared, deleted: asked of an AWS that enforces and that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.aws_clients import a_user, allow, client, document, key_of, refusal
from tests.support.burdened import READ_ONLY, burden
from vaultaws.aws.obstacles import Kind
from vaultaws.aws.pace import Pace, Rate
from vaultaws.aws.users import Users
from vaultaws.errors import AwsError
from vaultaws.local.aws.serve import LocalAws

STOP = "vaultaws-stop"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A local AWS that the tests' clients find by its address."""
    with LocalAws(seed=1) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        yield aws


@pytest.fixture
def users(aws: LocalAws) -> Users:
    return Users(aws.admin, pace=Pace(rate=Rate(500.0)))


def names(aws: LocalAws) -> list[str]:
    return [user["UserName"] for user in client(aws, "iam").list_users()["Users"]]


class TestSeen:
    def test_users_come_with_keys_and_tags(self, aws: LocalAws, users: Users) -> None:
        iam = client(aws, "iam")
        iam.create_user(UserName="vault-a", Path="/vault/", Tags=[{"Key": "by", "Value": "vault"}])
        key = iam.create_access_key(UserName="vault-a")["AccessKey"]["AccessKeyId"]
        iam.create_user(UserName="vault-b")
        (user,) = users.seen("/vault/")
        assert (user.name, user.path, user.tags) == ("vault-a", "/vault/", (("by", "vault"),))
        assert [(one.id, one.active) for one in user.keys] == [(key, True)]
        assert [user.name for user in users.seen(prefix="vault-")] == ["vault-a", "vault-b"]
        assert list(users.seen(prefix="other-")) == []

    def test_the_last_use_is_asked_for_where_wanted(self, aws: LocalAws, users: Users) -> None:
        key = a_user(aws, "ada", allow("iam:GetUser"))
        client(aws, "iam", key).get_user()
        (user,) = users.seen(prefix="ada", last_use=True)
        assert user.keys[0].last_used_service == "iam"
        (user,) = users.seen(prefix="ada")
        assert user.keys[0].last_used_at is None

    def test_more_than_a_page_in_order(self, aws: LocalAws, users: Users) -> None:
        iam = client(aws, "iam")
        made = [f"user-{number:03}" for number in range(130)]
        for name in made:
            iam.create_user(UserName=name)
        assert [user.name for user in users.seen(prefix="user-")] == made

    def test_who_stops_reading_leaves_no_thread(self, aws: LocalAws, users: Users) -> None:
        for number in range(60):
            client(aws, "iam").create_user(UserName=f"user-{number}")
        seen = users.seen(prefix="user-")
        assert next(seen).name == "user-0"
        seen.close()
        assert not [one for one in threading.enumerate() if one.name.startswith("users")]


class TestStop:
    def test_a_stopped_user_can_do_nothing(self, aws: LocalAws, users: Users) -> None:
        key = a_user(aws, "ada", allow("iam:*"))
        session = client(aws, "sts", key).get_session_token()
        stopped = users.stop("ada", STOP)
        assert stopped.denied_by == STOP
        assert stopped.switched_off == (key.access_key_id,)
        assert not stopped.gone
        for used in (key, key_of(session)):
            assert refusal(client(aws, "iam", used).list_users).status == 403

    def test_it_may_be_stopped_again_and_restored(self, aws: LocalAws, users: Users) -> None:
        key = a_user(aws, "ada", allow("iam:*"))
        first = users.stop("ada", STOP)
        assert users.stop("ada", STOP).switched_off == ()
        assert users.restore(first)
        assert client(aws, "iam", key).get_user()["User"]["UserName"] == "ada"
        assert users.restore(first)

    def test_without_room_for_a_policy_aws_own_deny_is_attached(
        self, aws: LocalAws, users: Users
    ) -> None:
        key = a_user(aws, "ada")
        long = document(allow(*(f"s3:GetObject{number:04}" for number in range(102))))
        client(aws, "iam").put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=long)
        stopped = users.stop("ada", STOP)
        assert stopped.denied_by == "arn:aws:iam::aws:policy/AWSDenyAll"
        assert stopped.switched_off == (key.access_key_id,)
        assert users.restore(stopped)
        held = client(aws, "iam").list_attached_user_policies(UserName="ada")["AttachedPolicies"]
        assert held == []

    def test_where_nothing_has_room_the_keys_are_off_all_the_same(
        self, aws: LocalAws, users: Users
    ) -> None:
        a_user(aws, "ada")
        iam = client(aws, "iam")
        long = document(allow(*(f"s3:GetObject{number:04}" for number in range(102))))
        iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=long)
        for number in range(10):
            made = iam.create_policy(
                PolicyName=f"p{number}", PolicyDocument=document(allow("s3:*"))
            )
            iam.attach_user_policy(UserName="ada", PolicyArn=made["Policy"]["Arn"])
        with pytest.raises(AwsError) as caught:
            users.stop("ada", STOP)
        assert caught.value.code == "LimitExceeded"
        (key,) = iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]
        assert key["Status"] == "Inactive"

    def test_a_user_that_is_gone(self, users: Users) -> None:
        stopped = users.stop("nobody", STOP)
        assert stopped.gone
        assert not users.restore(stopped)
        assert not users.exists("nobody")


class TestClear:
    def test_everything_goes_and_then_the_user(self, aws: LocalAws, users: Users) -> None:
        a_user(aws, "ada", allow("ec2:*"))
        burden(client(aws, "iam"), "ada")
        blocks = users.blocks("ada")
        kinds = [kind for kind in Kind if kind is not Kind.BOUNDARY]
        assert all(any(block.startswith(kind) for block in blocks) for kind in kinds)
        with pytest.raises(AwsError) as caught:
            users.delete("ada")
        assert caught.value.code == "DeleteConflict"
        cleared = users.clear("ada")
        assert len(cleared.removed) == 12
        assert cleared.removed[0] == "login profile"
        assert cleared.removed[-1] == f"permissions boundary {READ_ONLY}"
        assert users.blocks("ada") == ()
        assert users.clear("ada").removed == ()
        users.delete("ada")
        users.delete("ada")
        assert names(aws) == ["admin"]
        assert client(aws, "iam").list_virtual_mfa_devices()["VirtualMFADevices"] == []

    def test_the_deny_goes_last_or_stays(self, aws: LocalAws, users: Users) -> None:
        a_user(aws, "ada", allow("ec2:*"))
        client(aws, "iam").put_user_policy(
            UserName="ada", PolicyName="zebra", PolicyDocument=document(allow("s3:*"))
        )
        users.stop("ada", STOP)
        assert users.clear("ada", keep_policy=STOP).removed[-1] == "inline policy zebra"
        assert users.blocks("ada") == (f"inline policy {STOP}",)
        assert users.clear("ada").removed == (f"inline policy {STOP}",)

    def test_a_user_that_is_gone(self, users: Users) -> None:
        assert users.clear("nobody").gone
        assert users.blocks("nobody") == ()

    def test_what_may_not_be_done_is_raised(self, aws: LocalAws) -> None:
        key = a_user(aws, "poor", allow("iam:Get*", "iam:List*"))
        poor = Users(key)
        for attempt in (lambda: poor.clear("poor"), lambda: poor.stop("poor", STOP)):
            with pytest.raises(AwsError) as caught:
                attempt()
            assert caught.value.code == "AccessDenied"


def test_an_aws_that_fails_every_fifth_time(aws: LocalAws, users: Users) -> None:
    iam = client(aws, "iam")
    for number in range(4):
        a_user(aws, f"user-{number}", allow("ec2:*"))
        burden(iam, f"user-{number}")
    aws.control.configure(fault_rate=0.2, fault_services=["iam"])
    seen = [user.name for user in users.seen(prefix="user-")]
    for name in seen:
        assert users.stop(name, STOP).denied_by == STOP
        users.clear(name)
        users.delete(name)
    assert len(seen) == 4
    assert list(users.seen(prefix="user-")) == []
