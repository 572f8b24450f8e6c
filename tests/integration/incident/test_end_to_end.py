"""Contain, verify, lift and report through the command line, as a responder does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.places import here
from tests.support.stricken import Stricken, login
from tests.support.waiting import until
from vaultaws.local.aws.control_client import ControlClient

CASE = "ben"


def told(place: Stricken, *arguments: str, code: int) -> Any:
    ended, out, said = here(place.shell, "incident", *arguments, "--json")
    assert ended == code, out + said
    return json.loads(out)


def test_a_person_from_the_alarm_to_the_end(struck: Stricken, tmp_path: Path) -> None:
    ben, ada = login(struck, "ben"), login(struck, "ada")
    for role in ("reader", "reader-sts", "ops"):
        struck.issue("ben", role, ben)
    struck.issue("ada", "reader", ada)
    until(lambda: all(map(struck.may_read, struck.held.values())))
    name = struck.contain("--person", "ben", "--name", CASE)["policy_name"]
    assert told(struck, "status", CASE, code=0)["stands"] == "contained, not verified"

    found = told(struck, "verify", CASE, code=0)
    assert found["passed"] is True, found
    assert {each["standing"] for each in found["credentials"]} == {"dead"}
    assert {each["type"] for each in found["credentials"]} == {
        "iam_user",
        "federation_token",
        "assumed_role",
    }
    assert {each["trial"] for each in found["canaries"]} == {"refused"}
    assert {each["used_after_cut"]["refused"] for each in found["credentials"]} == {0}
    assert found["users_without_lease"] == []
    assert told(struck, "status", CASE, code=0)["next"] == f"vaultaws incident lift {CASE}"

    iam = struck.wired.client("iam")
    iam.delete_user_policy(UserName=struck.wired.root_user, PolicyName=name)
    assert told(struck, "verify", CASE, code=3)["denies_gone"]
    assert struck.alive() == {("ben", "reader-sts"), ("ada", "reader")}
    struck.contain("--resume", CASE, "--stronger")
    assert told(struck, "verify", CASE, code=0)["passed"] is True
    assert struck.alive() == {("ada", "reader")}

    early = told(struck, "lift", CASE, "--yes", code=3)
    assert {each["step"].split(":")[0] for each in early["waiting"]} == {"deny_tokens"}
    assert any(each["step"].startswith("disable_entity") for each in early["undo"])
    aws = struck.wired.aws
    ControlClient(aws.endpoint, aws.control_token).advance(37 * 3600)
    assert told(struck, "lift", CASE, "--yes", code=0)["lifted"] is True
    root = struck.wired.root_user
    assert name not in iam.list_user_policies(UserName=root)["PolicyNames"]
    assert not iam.list_attached_user_policies(UserName=root)["AttachedPolicies"]
    assert "PermissionsBoundary" not in iam.get_user(UserName=root)["User"]

    file = tmp_path / "report.md"
    code, _, said = here(struck.shell, "incident", "report", CASE, "-o", str(file))
    assert code == 0, said
    text = file.read_text()
    assert f"# Incident {CASE}: lifted" in text
    assert "## Timeline" in text
    for (who, _role), credentials in struck.held.items():
        assert (credentials.access_key_id in text) is (who == "ben")
        assert credentials.secret_access_key.reveal() not in text
    handed = json.loads(here(struck.shell, "incident", "report", CASE, "--format", "json")[1])
    assert handed["stands"] == "lifted"
    assert {each["standing"] for each in handed["credentials"]} == {"dead"}
