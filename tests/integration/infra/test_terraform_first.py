"""Terraform makes a mount; vaultaws finds nothing to change, and neither undoes the other."""

from __future__ import annotations

import json

from tests.integration.cli.test_reference import check
from tests.support.commands import Shell
from tests.support.terraformed import Stand, declare_the_same, module_text

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def ran(shell: Shell, *words: str, code: int = 0) -> str:
    """Run `vaultaws terraform WORDS`, and return what it printed."""
    done = shell.run("terraform", *words)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_what_terraform_applies_is_what_the_file_declares_and_no_rotation_is_undone(
    stand: Stand,
) -> None:
    stand.write(module_text(stand))
    declare_the_same(stand)
    shell = stand.shell(VAULT_TOKEN=stand.token())
    ran(shell, "init")
    planned = shell.json("terraform", "plan", "--detailed-exitcode", code=3)
    check("terraform plan", planned)
    counts = tuple(planned[each] for each in ("add", "change", "destroy"))
    assert counts == (len(planned["changes"]), 0, 0)
    asked = ran(shell, "apply", code=1)
    assert "vaultaws terraform apply . --yes" in asked
    assert "Apply complete!" in ran(shell, "apply", "--yes")
    assert "No changes." in ran(shell, "plan", "--detailed-exitcode")
    ours = stand.shell()
    stand.write_root()
    seen = ours.run("plan", "--detailed-exitcode")
    assert seen.returncode == 0, seen.stdout + seen.stderr

    before = stand.key_id()
    rotated = ours.run("root", "rotate", "--yes")
    assert rotated.returncode == 0, rotated.stderr
    after = stand.key_id()
    assert after != before
    stand.write(module_text(stand).replace("= 600", "= 900"))
    assert "1 changed" in ran(shell, "apply", "--yes")
    assert stand.key_id() == after
    assert "Apply complete!" not in ran(shell, "apply", "--yes")
    assert stand.key_id() == after
    assert stand.shell().run("roles", "list").returncode == 0
    sound_and_planted(stand, shell, after)


def sound_and_planted(stand: Stand, shell: Shell, key_id: str) -> None:
    """Nothing of ours is an alarm; a key that somebody puts there is one, and is not printed."""
    ran(shell, "plan", "--out", "saved.plan")
    text = (stand.directory / "terraform.tfstate").read_text()
    assert key_id not in text
    assert stand.wired.root_credentials.secret_access_key.reveal() not in text
    clean = shell.json("terraform", "doctor")
    assert (clean["findings"], clean["unread"]) == ([], [])
    backup = stand.directory / "terraform.tfstate.backup"
    data = json.loads(backup.read_text())
    data["resources"][0]["instances"][0]["attributes"]["access_key"] = key_id
    backup.write_text(json.dumps(data))
    secret = stand.wired.root_credentials.secret_access_key.reveal()
    (stand.directory / "crash.log").write_text(f'2026 [TRACE] "{secret}"\n')
    check("terraform doctor", shell.json("terraform", "doctor", code=3))
    said = ran(shell, "doctor", code=3)
    assert "terraform.tfstate.backup:1:" in said
    assert "crash.log:1:" in said
    assert key_id not in said
    assert secret not in said


def key_is_missing_only_where_one_is_declared(stand: Stand) -> None:
    """Terraform wrote a root without a key: the engine works with what its server has. That is
    either what the file says, or not yet."""
    file, shell = stand.directory / "vaultaws.toml", stand.shell()
    text = f"""
[mount]
path = "{stand.mount}"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

[root]
credentials = "server"
region = "eu-west-1"

[roles.reader]
credential_type = "iam_user"
policy_arns = ["{READ_ONLY}"]
"""
    file.write_text(text)
    same = shell.run("plan", "--detailed-exitcode")
    assert same.returncode == 0, same.stdout + same.stderr
    file.write_text(text.replace('"server"', '"env"'))
    missing = shell.run("plan", "--detailed-exitcode")
    assert missing.returncode == 3, missing.stdout + missing.stderr
    shown = [line.split() for line in missing.stdout.splitlines()]
    assert ["key", "—", "→", "from", "env"] in shown
    assert shell.run("apply", "--yes").returncode == 0
    assert stand.key_id() == stand.wired.root_credentials.access_key_id
    assert shell.run("plan", "--detailed-exitcode").returncode == 0
    assert "No changes." in ran(shell, "plan", "--detailed-exitcode")


def test_a_plan_that_would_cost_the_engine_its_key_is_refused(stand: Stand) -> None:
    root = 'root = { region = "eu-west-1" }'
    reader = f'reader = {{ credential_type = "iam_user", policy_arns = ["{READ_ONLY}"] }}'
    options = f'{{ file_path = "{stand.directory}/audit.log" }}'
    audit = f'"{stand.device}" = {{ type = "file", options = {options} }}'
    audit = f"  audit = {{ {audit if stand.takes_devices else ''} }}\n"
    stand.write(f"{audit}  {root}\n  roles = {{ {reader} }}\n")
    shell = stand.shell()
    ran(shell, "init")
    ran(shell, "apply", "--yes")
    ran(shell, "plan", "--detailed-exitcode")
    key_is_missing_only_where_one_is_declared(stand)
    key = stand.key_id()
    elsewhere = root.replace("eu-west-1", "eu-west-3")
    stand.write(f"{audit}  {elsewhere}\n  roles = {{ {reader} }}\n")
    assert "No changes." in ran(shell, "apply", "--yes")
    ran(shell, "plan", "--detailed-exitcode")

    stand.write(f"{audit}  {root}\n  roles_in_full = {{ {reader} }}\n")
    moved = ran(shell, "apply", "--yes", code=1)
    assert "and delete it, in any order" in moved
    assert "terraform state rm 'module.aws.module.roles.vault_aws" in moved

    stand.write(f"  {root}\n  roles = {{ {reader} }}\n")
    (stand.directory / "terraform.tfstate").rename(stand.directory / "lost.json")
    refused = ran(shell, "apply", "--yes", code=1)
    assert f"Terraform would write {stand.mount}/config/root" in refused
    assert stand.key_id() == key

    stand.write(f'  description = "{stand.wired.root_credentials.secret_access_key.reveal()}"\n')
    leaking = ran(shell, "apply", "--yes", code=3)
    assert "plan holds a secret of this environment, in module.aws.module.mount" in leaking
    ran(shell, "plan", "--out", "leaking.plan", code=3)
    assert not (stand.directory / "leaking.plan").exists()
    (stand.directory / "no.plan").write_text("no plan")
    assert "cannot be read as a plan" in ran(shell, "apply", "--plan", "no.plan", "--yes", code=1)
