"""Contain, verify, lift and report through the command line, as a responder does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.contained import KERNEL
from tests.support.kernel import real_keys
from tests.support.places import here
from tests.support.stricken import Stricken, login
from tests.support.waiting import until
from vaultaws.clock import SystemClock
from vaultaws.incident.journal import Cases
from vaultaws.incident.keeper import open_keeper
from vaultaws.local.aws.control_client import ControlClient

CASE = "ben"


@pytest.fixture
def struck(own_place: Stricken) -> Iterator[Stricken]:
    """The mount, and a responder with the kernel's keyring; canaries are forgotten in the end."""
    real_keys()
    shell = replace(own_place.shell, more={**own_place.shell.more, **KERNEL})
    own_place.shell = shell
    text = own_place.wired.vault.read_acl_policies(["default"])["default"]
    yield own_place
    own_place.wired.vault.write_acl_policy("default", text)
    cases = Cases(shell.state / "incidents", SystemClock())
    for name in cases.names():
        case = cases.read(name)
        keeper = open_keeper(name, case.place, {**os.environ, **KERNEL})
        for step in case.steps:
            keeper.forget(step.id)


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
    struck.contain("--person", "ben", "--name", CASE)
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
    assert found["users_without_lease"] == []
    assert told(struck, "status", CASE, code=0)["next"] == f"vaultaws incident lift {CASE}"

    iam = struck.wired.client("iam")
    iam.delete_user_policy(UserName=struck.wired.root_user, PolicyName=f"vaultaws-incident-{CASE}")
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
    name = f"vaultaws-incident-{CASE}"
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
