"""Sixteen clients at once: no server error, no lost or doubled state."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.aws_clients import Answer, allow, client, document, query
from vaultaws.local.aws.serve import LocalAws

CLIENTS = 16
ROUNDS = 3
SWITCH_SECONDS = 1e-4  # threads change fifty times as often: races show in few rounds
READ = document(allow("ec2:Describe*"))


@pytest.fixture(autouse=True)
def restless_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], None]) -> None:
    """Run `work` in sixteen threads; any failure is raised."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work, number) for number in range(CLIENTS)]:
            done.result()


def ask(aws: LocalAws, service: str, action: str, /, **fields: str) -> Answer:
    return query(aws, service, action, fields=fields).send(aws)


def test_users_come_and_go_from_all_sides(aws: LocalAws) -> None:
    statuses: Counter[int] = Counter()

    def work(number: int) -> None:
        for turn in range(ROUNDS):
            name = f"user-{number}-{turn}"
            own = {"UserName": name}
            for action, fields in (
                ("CreateUser", own),
                ("PutUserPolicy", {**own, "PolicyName": "own", "PolicyDocument": READ}),
                ("CreateAccessKey", own),
                ("ListUsers", {}),
                ("GetAccountSummary", {}),
                ("ListGroupsForUser", own),
                ("DeleteUserPolicy", {**own, "PolicyName": "own"}),
            ):
                statuses[ask(aws, "iam", action, **fields).status] += 1
            statuses[ask(aws, "sts", "GetFederationToken", Name=name).status] += 1
            statuses[ask(aws, "sts", "GetCallerIdentity").status] += 1

    at_once(work)
    assert statuses == {200: CLIENTS * ROUNDS * 9}
    pages = client(aws, "iam").get_paginator("list_users").paginate()
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert len(names) == len(set(names)) == CLIENTS * ROUNDS + 1
    assert aws.session_count == CLIENTS * ROUNDS


def test_one_name_is_given_once(aws: LocalAws) -> None:
    statuses: Counter[int] = Counter()

    def work(_: int) -> None:
        statuses[ask(aws, "iam", "CreateUser", UserName="ada").status] += 1

    at_once(work)
    assert statuses == {200: 1, 409: CLIENTS - 1}


def test_a_user_never_has_a_third_key(aws: LocalAws) -> None:
    client(aws, "iam").create_user(UserName="ada")
    statuses: Counter[int] = Counter()

    def work(_: int) -> None:
        statuses[ask(aws, "iam", "CreateAccessKey", UserName="ada").status] += 1

    at_once(work)
    assert statuses == {200: 2, 409: CLIENTS - 2}


def test_services_side_by_side(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(
        Bucket="side-by-side", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    ec2, trail, iam = client(aws, "ec2"), client(aws, "cloudtrail"), client(aws, "iam")
    ec2.describe_instances()

    def work(number: int) -> None:
        for turn in range(2):
            key = f"{number}/{turn}"
            s3.put_object(Bucket="side-by-side", Key=key, Body=key.encode())
            assert s3.get_object(Bucket="side-by-side", Key=key)["Body"].read() == key.encode()
            ec2.describe_instances()
            trail.describe_trails()
            iam.create_group(GroupName=f"group-{number}-{turn}")

    at_once(work)
    assert len(s3.list_objects_v2(Bucket="side-by-side")["Contents"]) == CLIENTS * 2
    assert len(iam.list_groups()["Groups"]) == CLIENTS * 2
