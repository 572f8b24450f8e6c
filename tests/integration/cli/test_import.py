"""`vaultaws import` on real servers: what it writes, and that `plan` is empty afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.people import operator
from tests.support.wired import Wired, must

READ_EC2: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
}
ARN = "arn:aws:iam::123456789012"


def role(wired: Wired, name: str, **fields: Any) -> None:
    must(wired.ask(f"{wired.mount}/roles/{name}", fields))


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """The operator's shell, beside a mount with a role of each type."""
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"default_lease_ttl": "15m"}))
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"max_lease_ttl": "36h"}))
    document = json.dumps(READ_EC2)
    role(
        wired,
        "reader",
        credential_type="iam_user",
        policy_document=document,
        iam_tags={"team": "data"},
        user_path="/people/",
        permissions_boundary_arn=f"{ARN}:policy/edge",
    )
    role(
        wired,
        "reader-sts",
        credential_type="federation_token",
        policy_document=document,
        default_sts_ttl="15m",
        max_sts_ttl="1h30m",
    )
    role(
        wired,
        "ops.night@site",
        credential_type="assumed_role",
        role_arns=[f"{ARN}:role/b", f"{ARN}:role/a"],
        session_tags={"a b": "q=u/o"},
        external_id="x-1",
    )
    role(
        wired,
        "session",
        credential_type="session_token",
        mfa_serial_number=f"{ARN}:mfa/root",
    )
    return operator(wired, tmp_path)


def plan_is_empty(shell: Shell) -> None:
    done = shell.run("plan", "--detailed-exitcode", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changes"] == []


def texts(folder: Path) -> dict[str, bytes]:
    files = [folder / "vaultaws.toml", *(folder / "policies").glob("*")]
    return {path.name: path.read_bytes() for path in files}


def test_plan_is_empty_after_import(shell: Shell, wired: Wired) -> None:
    done = shell.run("import")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["policies/reader.json", "vaultaws.toml"]
    text = (shell.directory / "vaultaws.toml").read_text()
    assert 'default_lease_ttl = "15m"' in text
    assert wired.root_credentials.access_key_id not in text
    assert f"ends with …{wired.root_credentials.access_key_id[-4:]}" in text
    assert "username_template" not in text
    assert text.count('policy = "policies/reader.json"') == 2
    plan_is_empty(shell)


def test_a_second_import_writes_nothing(shell: Shell) -> None:
    assert shell.run("import").returncode == 0
    first = texts(shell.directory)
    again = shell.run("import")
    assert again.returncode == 0
    assert again.stdout == ""
    assert "nothing was written" in again.stderr
    assert texts(shell.directory) == first


def test_a_mount_that_was_never_tuned(wired: Wired, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path)
    assert shell.run("import").returncode == 0
    assert "max_lease_ttl = 0\n" in (tmp_path / "vaultaws.toml").read_text()
    plan_is_empty(shell)


def test_everything_else_on_a_mount(shell: Shell, wired: Wired) -> None:
    wired.client("iam").create_user(UserName=f"vault-robot-{wired.mount}")
    static = {"username": f"vault-robot-{wired.mount}", "rotation_period": "36h"}
    must(wired.ask(f"{wired.mount}/static-roles/robot", static))
    must(wired.ask(f"{wired.mount}/config/lease", {"lease": "10m", "lease_max": "20m"}))
    tuned = {
        "description": "keys for people",
        "audit_non_hmac_response_keys": ["access_key"],
        "listing_visibility": "unauth",
    }
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", tuned))
    assert shell.run("import").returncode == 0
    text = (shell.directory / "vaultaws.toml").read_text()
    assert '[lease]\ndefault_ttl = "10m"\nmax_ttl = "20m"\n' in text
    assert 'listing_visibility = "unauth"' in text
    if wired.server.kind == "vault":  # OpenBao's engine cannot list static roles
        assert "[static_roles.robot]" in text
    plan_is_empty(shell)


def test_the_file_that_is_there_is_brought_up_to_date_in_place(shell: Shell, wired: Wired) -> None:
    file = shell.directory / "vaultaws.toml"
    assert shell.run("import").returncode == 0
    mine = file.read_text().replace("[roles.reader]", "# the data team\n[roles.reader]  # mine")
    mine = mine.replace('max_lease_ttl = "36h"', 'max_lease_ttl = "2160m"  # a day and a half')
    file.write_text(f'{mine}\n[trail]\naudit_log = "audit.log"  # here\n')
    role(wired, "reader", user_path="/others/")
    must(wired.ask(f"{wired.mount}/roles/session", method="DELETE"))
    before = file.read_bytes()

    unasked = shell.run("import")
    assert unasked.returncode == 1
    assert "--yes" in unasked.stderr
    assert "-[roles.session]" in unasked.stderr
    assert '+user_path = "/others/"' in unasked.stderr
    assert file.read_bytes() == before

    assert shell.run("import", "--yes").returncode == 0
    after = file.read_text()
    for line in ("# the data team", "[roles.reader]  # mine", '"2160m"  # a day', 'log"  # here'):
        assert line in after
    assert "session" not in after.replace("session_tags", "")
    plan_is_empty(shell)


def test_roles_that_cannot_be_said_are_left_out_and_told(shell: Shell, wired: Wired) -> None:
    legacy = {"policy": json.dumps(READ_EC2)}
    must(wired.ask(f"{wired.mount}/roles/legacy", legacy))
    role(wired, "key-like", credential_type="assumed_role", external_id="AKIA" + "0" * 16)
    done = shell.json("import", code=3)
    assert {each["name"]: each["table"] for each in done["left_out"]} == {
        "key-like": "roles",
        "legacy": "roles",
    }
    assert "iam_user, federation_token" in str(done["left_out"])
    unmanaged = shell.json("plan")["changes"]
    assert {(each["action"], each["name"]) for each in unmanaged} == {
        ("unmanaged", "key-like"),
        ("unmanaged", "legacy"),
    }


def test_access_of_ours_comes_back_and_others_are_named(
    shell: Shell, wired: Wired, tmp_path: Path
) -> None:
    assert shell.run("import").returncode == 0
    must(wired.ask(f"sys/auth/up-{wired.mount}", {"type": "userpass"}))
    with (tmp_path / "vaultaws.toml").open("a") as file:
        file.write(
            f'\n[access.people]\nroles = ["reader", "session"]\n'
            f'members = {{ up-{wired.mount} = ["ada"] }}\n'
        )
    assert shell.run("apply", "--yes").returncode == 0
    foreign = f'path "{wired.mount}/sts/+" {{ capabilities = ["update"] }}'
    must(wired.ask(f"sys/policies/acl/by-hand-{wired.mount}", {"policy": foreign}))
    (tmp_path / "second").mkdir()
    second = Shell(tmp_path / "second", shell.more)
    done = second.run("import")
    assert done.returncode == 0, done.stderr
    assert f"by-hand-{wired.mount} ({wired.mount}/sts/+)" in done.stderr
    text = (tmp_path / "second" / "vaultaws.toml").read_text()
    assert "[access.people]" in text
    assert f'up-{wired.mount} = ["ada"]' in text
    plan_is_empty(second)


def test_no_mount_and_another_engine(wired: Wired, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path)
    gone = shell.run("import", "--mount", "nothing-here")
    assert gone.returncode == 1
    assert "there is no AWS engine to import" in gone.stderr
    assert list(tmp_path.glob("*.toml")) == []
    assert shell.run("import", "--mount", "sys").returncode == 1


def test_a_file_that_cannot_be_loaded_is_not_touched(shell: Shell) -> None:
    file = shell.directory / "vaultaws.toml"
    file.write_text("[mount\n")
    done = shell.run("import", "--yes")
    assert done.returncode == 1
    assert "vaultaws.toml:1" in done.stderr
    assert file.read_text() == "[mount\n"


def test_a_foreign_policy_file_is_not_overwritten(shell: Shell) -> None:
    (shell.directory / "policies").mkdir()
    foreign = shell.directory / "policies" / "READER.json"
    foreign.write_text("not ours")
    assert shell.run("import", "--yes").returncode == 0
    assert foreign.read_text() == "not ours"
    assert (shell.directory / "policies" / "reader-2.json").exists()
    plan_is_empty(shell)


def test_a_policy_that_is_a_link_named_by_its_whole_path_stays(shell: Shell) -> None:
    assert shell.run("import").returncode == 0
    file = shell.directory / "vaultaws.toml"
    link, real = shell.directory / "link.json", shell.directory / "real.json"
    (shell.directory / "policies" / "reader.json").rename(real)
    link.symlink_to(real)
    named = file.read_text().replace("policies/reader.json", str(link))
    file.write_text(named)
    done = shell.run("import", "--yes")
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert (file.read_text(), link.is_symlink()) == (named, True)


def test_odd_but_legal_names_and_documents(wired: Wired, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path)
    names = ("a.-b", "Reader", "reader", "CON", "x@y-z.w", "_", "n" * 200)
    for number, name in enumerate(names):
        document = {"Statement": [{**READ_EC2["Statement"][0], "Sid": f"n{number}ü"}]}
        role(wired, name, credential_type="iam_user", policy_document=json.dumps(document))
    assert shell.run("import").returncode == 0
    files = [path.name for path in (tmp_path / "policies").iterdir()]
    assert len({name.casefold() for name in files}) == len(names)
    assert max(map(len, files)) < 130
    plan_is_empty(shell)


@pytest.mark.parametrize("document", ["{}", '{"Statement": []}', "[]", '"x"'])
def test_a_policy_that_is_none_is_left_out(wired: Wired, tmp_path: Path, document: str) -> None:
    shell = operator(wired, tmp_path)
    role(wired, "odd", credential_type="iam_user", policy_document=document)
    role(wired, "sound", credential_type="session_token")
    done = shell.json("import", code=3)
    assert [each["name"] for each in done["left_out"]] == ["odd"]
    assert "[roles.sound]" in (tmp_path / "vaultaws.toml").read_text()
