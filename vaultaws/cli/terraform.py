"""`vaultaws terraform`: Vault's side by Terraform, which never sees a secret."""

from __future__ import annotations

import click

from vaultaws.cli.terraform_doctor import doctor
from vaultaws.cli.terraform_export import export
from vaultaws.cli.terraform_init import init
from vaultaws.cli.terraform_run import apply, plan


@click.group(epilog="\b\nExample:\n  vaultaws terraform plan infra --detailed-exitcode")
def command() -> None:
    """Run Terraform against the server that vaultaws is set to, and keep secrets out of it."""


for each in (init, plan, apply, export, doctor):
    command.add_command(each)
