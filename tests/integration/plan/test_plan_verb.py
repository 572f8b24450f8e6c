"""`vaultaws plan` as people run it: several files, saved plans, exit codes, refusals."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.people import ROLE, declare, operator, person, root_shell
from tests.support.terminal import at_terminal
from tests.support.wired import Wired, must

GONE = "http://127.0.0.1:9"


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    declare(wired, tmp_path, ROLE)
    return root_shell(wired, tmp_path)


def other_file(shell: Shell, name: str, mount: str, more: str = "") -> str:
    (shell.directory / name).write_text(f'[mount]\npath = "{mount}"\n{more}')
    return name


def test_several_files_are_shown_in_their_order_with_one_count(shell: Shell, wired: Wired) -> None:
    files = [
        other_file(shell, f"{name}.toml", f"{wired.mount}-{name}") for name in ("z", "a", "m", "b")
    ]
    done = shell.run("plan", *files, "-c", "vaultaws.toml")
    assert done.returncode == 0, done.stderr
    heads = [line.split(" → ")[0] for line in done.stdout.splitlines() if " → " in line]
    assert [head for head in heads if head.endswith(".toml")] == ["vaultaws.toml", *files]
    assert done.stdout.count("Nothing has been written.") == 1
    assert done.stdout.splitlines()[-1].startswith("1 to change, 5 to add.")


def test_a_file_that_fails_does_not_hide_the_others(shell: Shell, wired: Wired) -> None:
    other_file(shell, "wrong.toml", "elsewhere", "[rots]\n")
    ghosts = '[access.x]\nroles = []\nmembers = { ghosts = ["x"] }\n'
    other_file(shell, "ghosts.toml", f"{wired.mount}-x", ghosts)
    done = shell.run("plan", "wrong.toml", "ghosts.toml", "vaultaws.toml", "--detailed-exitcode")
    assert done.returncode == 1
    assert "wrong.toml:3:2:" in done.stderr
    assert "no auth method is mounted at ghosts/" in done.stderr
    assert "+ role reader" in done.stdout
    assert "2 files without a plan" in done.stdout
    printed = shell.run("plan", "wrong.toml", "ghosts.toml", "vaultaws.toml", "--json")
    found = json.loads(printed.stdout)
    assert [plan["file"] for plan in found["plans"]] == ["vaultaws.toml"]
    assert [one["file"] for one in found["failed"]] == ["wrong.toml", "ghosts.toml"]


def test_two_files_of_one_mount_are_refused(shell: Shell, wired: Wired) -> None:
    other_file(shell, "twin.toml", wired.mount)
    done = shell.run("plan", "vaultaws.toml", "twin.toml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "is declared in vaultaws.toml as well" in done.stderr


def test_exit_codes(shell: Shell) -> None:
    assert shell.run("plan").returncode == 0
    assert shell.run("plan", "--detailed-exitcode").returncode == 3
    assert shell.run("plan", "--address", GONE, "--detailed-exitcode").returncode == 2
    assert shell.run("plan", "-c", "none.toml", "--detailed-exitcode").returncode == 1


def test_a_saved_plan_is_private_holds_no_secret_and_is_what_apply_takes(
    shell: Shell, wired: Wired
) -> None:
    out = shell.directory / "reviewed.plan"
    out.write_text("something old")
    out.chmod(0o644)
    done = shell.run("plan", "--out", "reviewed.plan")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    secrets = (wired.root_credentials.secret_access_key, wired.server.root_token)
    assert not any(secret.reveal() in out.read_text() for secret in secrets)
    applied = shell.run("apply", "--plan", "reviewed.plan", "--yes")
    assert applied.returncode == 0, applied.stderr
    again = shell.run("apply", "--plan", "reviewed.plan", "--yes")
    assert again.returncode == 2
    assert "has changed" in again.stderr
    several = shell.run("plan", "--out", "x", "vaultaws.toml", "z.toml")
    assert several.returncode == 1
    assert not (shell.directory / "x").exists()


def test_a_small_token_is_told_what_it_lacks_and_sees_what_it_may(
    shell: Shell, wired: Wired
) -> None:
    rules = f"""
path "{wired.mount}/*" {{ capabilities = ["read", "list"] }}
path "sys/mounts" {{ capabilities = ["read"] }}
"""
    name = f"looker-{wired.mount}"
    must(wired.ask(f"sys/policies/acl/{name}", {"policy": rules}))
    looker = person(wired, shell.directory, "lea", name)
    done = looker.run("plan")
    assert done.returncode == 0, done.stderr
    assert "+ role reader" in done.stdout
    assert "access left by an earlier file was not looked for" in done.stdout
    access = '[access.analysts]\nroles = ["reader"]\n'
    declare(wired, shell.directory, ROLE, access)
    refused = looker.run("plan")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "sys/policies/acl" in refused.stderr


def test_leases_are_counted_for_what_changes_and_goes(shell: Shell, wired: Wired) -> None:
    assert shell.run("apply", "--yes").returncode == 0
    ops = operator(wired, shell.directory)
    for _ in range(2):
        must(wired.ask(f"{wired.mount}/creds/reader"))
    policy = shell.directory / "policies" / "ec2readonly.json"
    policy.write_text(policy.read_text().replace("ec2:Describe", "ec2:Get"))
    assert "2 live leases keep the old policy" in ops.run("plan").stdout
    declare(wired, shell.directory, "")
    pruned = ops.run("plan", "--prune")
    assert "2 live leases stay and go on until they end" in pruned.stdout
    assert "! role reader" in ops.run("plan").stdout


def test_a_static_role_is_planned_changed_and_pruned(shell: Shell, wired: Wired) -> None:
    user = f"vault-static-{wired.mount}"  # whom the root policy may touch
    wired.client("iam").create_user(UserName=user)
    static = f'[static_roles.deploy]\nusername = "{user}"\nrotation_period = "24h"\n'
    declare(wired, shell.directory, static)
    assert f"makes a new key for {user} at once" in shell.run("plan").stdout
    assert shell.run("apply", "--yes").returncode == 0
    assert shell.run("plan", "--detailed-exitcode").returncode == 0
    declare(wired, shell.directory, static.replace("24h", "48h"))
    changed = shell.run("plan").stdout
    assert "rotation_period  24 h → 2 d" in changed
    assert "hashicorp/vault#21967" in changed
    assert shell.run("apply", "--yes").returncode == 0
    assert shell.run("plan", "--detailed-exitcode").returncode == 0
    declare(wired, shell.directory, static.replace(user, "somebody-else"))
    refused = shell.run("plan")
    assert refused.returncode == 1
    assert f"the static role is of the user {user}" in refused.stderr


def test_colour_is_for_people_at_a_terminal_who_want_it(shell: Shell) -> None:
    mark = "\x1b[32m+\x1b[0m role reader"
    assert mark in at_terminal(shell, "plan")[1]
    assert "\x1b[3" not in shell.run("plan").stdout
    plain = Shell(shell.directory, {**shell.more, "NO_COLOR": "1"})
    code, screen = at_terminal(plain, "plan", "--out", "x.plan")
    assert code == 0
    assert "\x1b[3" not in screen
    assert "to carry it out: vaultaws apply --plan x.plan" in screen
