"""The responder's two policies suffice for an incident from its beginning to its end, and what
they grant is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.connections import administrator, make_user, policy
from tests.support.contained import KERNEL
from tests.support.kernel import real_keys
from tests.support.people import person
from tests.support.places import here
from tests.support.stricken import Stricken, login
from tests.support.waiting import until
from tests.support.wired import Wired, must
from vaultaws.aws.cloudtrail import lookup_records
from vaultaws.clock import SystemClock
from vaultaws.incident import needs
from vaultaws.local.aws.control_client import ControlClient

POLICIES = Path(__file__).parents[3] / "policies"
CASE = "rights"

CLEARING = {action for need in needs.AWS if need.purpose == needs.CLEAR for action in need.actions}
"""Needed for users that Vault could not delete; test_users.py of the AWS side uses each."""
AWS_WARNS = ("aws rights", "warn")
RARE = {
    "iam:DeleteAccessKey",  # a key of Vault's own user that a suspect made, and clearing
    "iam:ListUserTags",  # a sweep that meets a user nobody explains
    "iam:CreatePolicyVersion",  # a deny that is put anew
    "iam:DeletePolicyVersion",
}


@pytest.fixture
def place(own_place: Stricken) -> Iterator[Stricken]:
    """The mount, and a responder with exactly the rights that the two files grant."""
    real_keys()
    wired = own_place.wired
    text = wired.vault.read_acl_policies(["default"])["default"]
    rules = (POLICIES / "vaultaws-responder.hcl").read_text("utf-8")
    name = f"responder-{wired.mount}"
    rules = rules.replace('"aws/', f'"{wired.mount}/').replace("/aws/*", f"/{wired.mount}/*")
    must(wired.ask(f"sys/policies/acl/{name}", {"policy": rules}))
    token = person(wired, own_place.shell.directory, "rita", name).more["VAULT_TOKEN"]
    document = json.loads((POLICIES / "vaultaws-responder.json").read_text("utf-8"))
    rita = make_user(wired.aws, "rita", policy("ec2readonly"))
    attach(wired, "rita", document)
    more = {
        **own_place.shell.more,
        **KERNEL,
        "VAULT_TOKEN": token,
        "AWS_ACCESS_KEY_ID": rita.key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": rita.key.secret_access_key.reveal(),
    }
    yield replace(own_place, shell=replace(own_place.shell, more=more))
    wired.vault.write_acl_policy("default", text)


def attach(wired: Wired, user: str, document: dict[str, Any]) -> None:
    iam = wired.client("iam")
    iam.delete_user_policy(UserName=user, PolicyName="own")
    made = iam.create_policy(PolicyName="responders", PolicyDocument=json.dumps(document))
    iam.attach_user_policy(UserName=user, PolicyArn=made["Policy"]["Arn"])


def told(place: Stricken, *arguments: str, code: int) -> Any:
    ended, out, said = here(place.shell, "incident", *arguments, "--json")
    assert ended == code, out + said
    return json.loads(out)


def called_by(wired: Wired, user: str) -> dict[str, set[str]]:
    """The actions that a user called, with the codes of refusals ("" for a success)."""
    now = SystemClock().now()
    records = lookup_records(
        "Username",
        user,
        start=now - timedelta(hours=1),
        end=now + timedelta(days=3),
        clock=SystemClock(),
        region="us-east-1",  # where IAM is recorded
        credentials=administrator(wired.aws),
    )
    calls: dict[str, set[str]] = {}
    for record in records:
        action = f"{record['eventSource'].split('.')[0]}:{record['eventName']}"
        calls.setdefault(action, set()).add(record.get("errorCode", ""))
    return calls


def test_the_rights_suffice_and_none_is_too_many(place: Stricken) -> None:
    ben = login(place, "ben")
    for role in ("reader", "reader-sts", "ops"):
        place.issue("ben", role, ben)
    robot = f"vault-app-{place.mount}"
    place.wired.client("iam").create_user(UserName=robot)
    static = {"username": robot, "rotation_period": 3600}
    must(place.wired.ask(f"{place.mount}/static-roles/robot", static))
    (old,) = place.wired.keys_of(robot)
    (place.shell.directory / "vaultaws.toml").write_text(
        f'[mount]\npath = "{place.mount}"\n[static_roles.robot]\nusername = "{robot}"\n'
        'rotation_period = "1h"\n[trail]\n'
    )
    until(lambda: all(map(place.may_read, place.held.values())))
    place.contain("--everything", "--root", "--name", CASE)
    assert place.wired.keys_of(robot) != [old]
    assert len(place.wired.keys_of(robot)) == 1
    place.contain("--resume", CASE, "--stronger")
    assert told(place, "verify", CASE, code=0)["passed"] is True
    assert place.alive() == set()
    aws = place.wired.aws
    ControlClient(aws.endpoint, aws.control_token).advance(37 * 3600)
    assert told(place, "lift", CASE, "--yes", code=0)["lifted"] is True

    calls = called_by(place.wired, "rita")
    refused = {action for action, codes in calls.items() if "AccessDenied" in codes}
    assert refused == set()
    granted = {action for need in needs.AWS for action in need.actions}
    assert set(calls) - granted == set()
    assert granted - set(calls) - CLEARING - RARE == set()


def test_the_doctor_finds_them_whole_and_says_what_lacks(place: Stricken) -> None:
    wired = place.wired
    rights = {"Action": "iam:SimulatePrincipalPolicy", "Effect": "Allow", "Resource": "*"}
    simulate = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    found = place.shell.json("doctor", "--for", "incident", code=0)["checks"]
    assert [each["what"] for each in found if each["state"] == "bad"] == []
    warned = {each["what"] for each in found if (each["check"], each["state"]) == AWS_WARNS}
    assert any(what.startswith("unknown what") for what in warned)
    wired.client("iam").put_user_policy(
        UserName="rita", PolicyName="simulate", PolicyDocument=simulate
    )
    found = place.shell.json("doctor", "--for", "incident", code=0)["checks"]
    rights_found = [each for each in found if each["check"] == "aws rights"]
    assert {each["state"] for each in rights_found} == {"ok"}
    assert any("iam:PutRolePolicy" in each["what"] for each in rights_found)

    deny = {"Action": "iam:PutRolePolicy", "Effect": "Deny", "Resource": "*"}
    wired.client("iam").put_user_policy(
        UserName="rita",
        PolicyName="simulate",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights, deny]}),
    )
    must(wired.ask(f"sys/policies/acl/responder-{wired.mount}", {"policy": "# nothing"}))
    found = place.shell.json("doctor", "--for", "incident", code=3)["checks"]
    whys = [each["why"] for each in found if each["state"] == "bad"]
    assert any("iam:PutRolePolicy on arn:aws:iam::" in why for why in whys)
    assert "the token lacks sudo on sys/audit" in whys
