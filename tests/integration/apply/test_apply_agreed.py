"""Apply writes what was agreed to: the plan that was shown, by the one who may, with the key."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import ROLE, declare, person, root_shell
from tests.support.places import here
from tests.support.terminal import at_terminal
from tests.support.wired import Wired, must
from vaultaws.model import ServerProduct

OTHER = {"credential_type": "iam_user", "policy_arns": "arn:aws:iam::aws:policy/ReadOnlyAccess"}


@pytest.fixture
def declared(wired: Wired, tmp_path: Path) -> Wired:
    """The mount as the fixture has it, and a file that adds a role to it."""
    declare(wired, tmp_path, ROLE)
    return wired


def roles(wired: Wired) -> list[str]:
    answer = wired.ask(f"{wired.mount}/roles", method="LIST")
    return list((answer.body.get("data") or {}).get("keys", []))


def add_role(wired: Wired, name: str) -> None:
    must(wired.ask(f"{wired.mount}/roles/{name}", OTHER))


def test_a_saved_plan_is_carried_out_once(declared: Wired, tmp_path: Path) -> None:
    shell = root_shell(declared, tmp_path)
    assert here(shell, "plan", "--out", "plan.json")[0] == 0
    code, out, err = here(shell, "apply", "--plan", "plan.json", "--yes")
    assert code == 0, err
    assert roles(declared) == ["reader"]
    assert "added" in out
    code, out, err = here(shell, "apply", "--plan", "plan.json", "--yes")
    assert (code, out) == (2, ""), err
    assert "is not as the plan saw it" in err


def test_a_saved_plan_is_refused_when_the_server_has_changed(
    declared: Wired, tmp_path: Path
) -> None:
    shell = root_shell(declared, tmp_path)
    assert here(shell, "plan", "--out", "plan.json")[0] == 0
    add_role(declared, "other")
    code, out, err = here(shell, "apply", "--plan", "plan.json", "--yes")
    assert (code, out) == (2, ""), err
    assert "the file or the server has changed since the plan was written" in err
    assert roles(declared) == ["other"]


def test_a_saved_plan_is_for_its_own_file_and_server(declared: Wired, tmp_path: Path) -> None:
    shell = root_shell(declared, tmp_path)
    assert here(shell, "plan", "--out", "plan.json")[0] == 0
    code, _, err = here(shell, "apply", "other.toml", "--plan", "plan.json", "--yes")
    assert (code, "other.toml is named beside it" in err) == (1, True), err
    file = tmp_path / "plan.json"
    saved = json.loads(file.read_text())
    file.write_text(json.dumps({**saved, "address": "https://elsewhere:8200"}))
    code, _, err = here(shell, "apply", "--plan", "plan.json", "--yes")
    assert (code, "https://elsewhere:8200" in err) == (1, True), err
    assert roles(declared) == []


def test_what_changed_while_the_question_stood_is_refused(declared: Wired, tmp_path: Path) -> None:
    def yes() -> str:
        add_role(declared, "reader")
        return "y\n"

    code, screen = at_terminal(root_shell(declared, tmp_path), "apply", answers=[("[y/N]", yes)])
    assert code == 2, screen
    assert "is not as the plan saw it" in screen
    assert "role reader has changed" in screen
    role = must(declared.ask(f"{declared.mount}/roles/reader")).body["data"]
    assert role["policy_arns"] == [OTHER["policy_arns"]]


def test_a_yes_at_a_terminal_prunes_and_says_what_goes(declared: Wired, tmp_path: Path) -> None:
    add_role(declared, "old")
    shell = root_shell(declared, tmp_path)
    code, screen = at_terminal(shell, "apply", "--prune", answers=[("[y/N]", "y\n")])
    assert code == 0, screen
    assert "1 role is removed." in screen
    assert roles(declared) == ["reader"]
    assert "1 removed." in screen


def test_machines_are_told_what_is_done(declared: Wired, tmp_path: Path) -> None:
    add_role(declared, "old")
    told = json.loads(here(root_shell(declared, tmp_path), "apply", "--yes", "--json")[1])
    done = {change["name"]: change["done"] for change in told["changes"]}
    assert done["reader"] is True
    assert done["old"] is False


def test_what_lint_finds_is_refused_before_a_server_is_asked(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, '[roles.useless]\ncredential_type = "federation_token"\n')
    shell = root_shell(wired, tmp_path)
    nowhere = dataclasses.replace(shell, more={**shell.more, "VAULT_ADDR": "http://127.0.0.1:1"})
    code, out, err = here(nowhere, "apply", "--yes")
    assert (code, out) == (3, ""), err
    assert "vaultaws.toml:" in err
    assert "vaultaws lint" in err
    assert "· lint finds 1 error in vaultaws.toml" in here(shell, "plan")[2]


def test_an_old_root_key_does_not_undo_a_rotation(declared: Wired, tmp_path: Path) -> None:
    """The environment still holds the key that the engine has replaced since."""
    old = declared.root_credentials
    assert here(root_shell(declared, tmp_path), "apply", "--yes")[0] == 0
    made = declared.client("iam").create_access_key(UserName=declared.root_user)["AccessKey"]
    pair = {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}
    must(declared.ask(f"{declared.mount}/config/root", {**pair, "region": "us-east-1"}))
    shell = root_shell(declared, tmp_path)
    code, out, err = here(shell, "apply", "--yes")
    if declared.server.product is ServerProduct.OPENBAO:  # its engine would lose the key
        assert (code, out) == (1, ""), err
        assert old.access_key_id in err
        assert "--replace-root-key" in err
    else:
        assert code == 0, err
        must(declared.ask(f"{declared.mount}/config/root", {"region": "us-east-1"}))
    stored = must(declared.ask(f"{declared.mount}/config/root")).body["data"]
    assert stored["access_key"] == made["AccessKeyId"]
    assert here(shell, "apply", "--yes", "--replace-root-key")[0] == 0
    stored = must(declared.ask(f"{declared.mount}/config/root")).body["data"]
    assert stored["access_key"] == old.access_key_id


@pytest.fixture
def two(wired: Wired, tmp_path: Path) -> Iterator[tuple[Wired, Wired]]:
    """Two mounts that are not there yet, each with a file."""
    mounts = tuple(dataclasses.replace(wired, mount=f"{wired.mount}-{n}") for n in (1, 2))
    for number, mount in enumerate(mounts, start=1):
        declare(mount, tmp_path, ROLE).rename(tmp_path / f"{number}.toml")
    yield mounts[0], mounts[1]
    for mount in mounts:
        must(wired.ask(f"sys/mounts/{mount.mount}", method="DELETE"))


def test_several_files_are_applied_in_order(
    two: tuple[Wired, Wired], wired: Wired, tmp_path: Path
) -> None:
    shell = root_shell(wired, tmp_path)
    code, out, err = here(shell, "apply", "1.toml", "2.toml", "--yes", "--json")
    assert code == 0, err
    assert [plan["file"] for plan in json.loads(out)["plans"]] == ["1.toml", "2.toml"]
    assert [roles(mount) for mount in two] == [["reader"], ["reader"]]


def test_a_file_that_fails_stops_those_after_it(
    two: tuple[Wired, Wired], wired: Wired, tmp_path: Path
) -> None:
    """The operator's token may not write the first mount's root."""
    rules = f'''path "*" {{ capabilities = ["create", "read", "update", "list", "sudo"] }}
path "{two[0].mount}/config/root" {{ capabilities = ["deny"] }}'''
    name = f"{wired.mount}-some"
    must(wired.ask(f"sys/policies/acl/{name}", {"policy": rules}))
    token = person(wired, tmp_path, "eve", name).more["VAULT_TOKEN"]
    shell = root_shell(wired, tmp_path)
    shell = dataclasses.replace(shell, more={**shell.more, "VAULT_TOKEN": token})
    code, out, err = here(shell, "apply", "1.toml", "2.toml", "--yes")
    assert (code, out) == (2, ""), err
    assert "root was refused" in err
    assert "not tried: 2.toml" in err
    assert f"{two[1].mount}/" not in must(wired.ask("sys/mounts")).body["data"]
