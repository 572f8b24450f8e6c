"""vaultaws makes a mount; its export takes it over in Terraform, and both plans are empty."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.cli.test_reference import check
from tests.integration.infra.test_terraform_first import ran
from tests.support.terraformed import Stand, declare_the_same

GENERIC = {"vault_generic_endpoint", "terraform_data"}


def formatted(stand: Stand, directory: Path) -> bool:
    """True when `terraform fmt` would change nothing."""
    command = ["terraform", "fmt", "-check", "-recursive", str(directory)]
    return subprocess.run(command, env=dict(stand.environ), check=False).returncode == 0


def test_an_export_takes_over_what_is_there_and_both_plans_are_empty(stand: Stand) -> None:
    declare_the_same(stand)
    user = f"vault-static-{stand.wired.mount}"
    stand.wired.client("iam").create_user(UserName=user)
    file = stand.directory / "vaultaws.toml"
    static = f'\n[static_roles.legacy]\nusername = "{user}"\nrotation_period = "7d"\n'
    device = f'\n[audit.{stand.device}]\ntype = "file"\nfile_path = "{stand.directory}/audit.log"\n'
    file.write_text(file.read_text() + static + (device if stand.takes_devices else ""))
    shell = stand.shell()
    applied = shell.run("apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    infra = stand.directory / "infra"
    written = shell.json("terraform", "export", "infra", "--import")
    check("terraform export", written)
    assert written["left_out"] == []
    assert (infra / f"{written['module']}.tf").exists()
    assert formatted(stand, infra)
    ran(shell, "init", "infra")
    planned = shell.json("terraform", "plan", "infra")
    told = {each["type"] for each in planned["changes"] if each["actions"] != ["no-op"]}
    assert told == GENERIC
    assert (planned["change"], planned["destroy"]) == (0, 0)
    assert planned["import"] == (12 if stand.takes_devices else 11)
    key, keys = stand.key_id(), stand.wired.keys_of(user)
    assert "0 changed, 0 destroyed" in ran(shell, "apply", "infra", "--yes")
    assert "No changes." in ran(shell, "plan", "infra", "--detailed-exitcode")
    assert (stand.key_id(), stand.wired.keys_of(user)) == (key, keys)
    seen = shell.run("plan", "--detailed-exitcode")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert ran(shell, "doctor", "infra").strip().endswith("nothing looks like a key")
    again_and_by_hand(stand, infra / f"{written['module']}.tf")


def again_and_by_hand(stand: Stand, file: Path) -> None:
    """The same file gives the same text; what a person changed is kept until it is told."""
    shell = stand.shell()
    assert "nothing was written" in ran(shell, "export", "infra", "--import")
    text = file.read_text()
    file.write_text(f"{text}# mine\n")
    refused = ran(shell, "export", "infra", code=1)
    assert "-# mine" in refused
    assert "was changed by hand" in refused
    assert file.read_text().endswith("# mine\n")
    ran(shell, "export", "infra", "--yes")
    assert file.read_text() == text
