"""The same mount and roles declared twice: for vaultaws and for Terraform's Vault provider.

Role number N is an iam_user, a federation_token or an assumed_role in turn, each with a policy
document of its own in `policies/`, which both declarations read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

TYPES = ("iam_user", "federation_token", "assumed_role")
DEFAULT_TTL, MAX_TTL = 900, 3600


@dataclass(frozen=True)
class Wanted:
    """What is declared: the mount's path, how many roles, and the AWS that the engine talks to."""

    mount: str
    roles: int
    region: str
    aws_endpoint: str

    @property
    def names(self) -> list[str]:
        """The names of the roles."""
        return [f"role-{number:05}" for number in range(self.roles)]


def policy(name: str, action: str = "s3:GetObject") -> str:
    """A document of two statements that no other role has."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": "*"},
                {
                    "Effect": "Allow",
                    "Action": [action, "s3:ListBucket"],
                    "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                },
            ],
        },
        indent=2,
    )


def write_policy(directory: Path, name: str, action: str = "s3:GetObject") -> None:
    (directory / "policies" / f"{name}.json").write_text(policy(name, action), "utf-8")


def write_policies(directory: Path, wanted: Wanted) -> None:
    (directory / "policies").mkdir(parents=True, exist_ok=True)
    for name in wanted.names:
        write_policy(directory, name)


def credential_type(name: str) -> str:
    return TYPES[int(name.rpartition("-")[2]) % len(TYPES)]


def vaultaws_file(wanted: Wanted) -> str:
    """The declared file of vaultaws."""
    head = [
        "[mount]",
        f'path = "{wanted.mount}"',
        'default_lease_ttl = "15m"',
        'max_lease_ttl = "1h"',
        "",
        "[root]",
        'credentials = "env"',
        f'region = "{wanted.region}"',
        f'iam_endpoint = "{wanted.aws_endpoint}"',
        f'sts_endpoint = "{wanted.aws_endpoint}"',
    ]
    return "\n".join([*head, *(line for name in wanted.names for line in _our_role(name)), ""])


def _our_role(name: str) -> list[str]:
    kind = credential_type(name)
    lines = [
        "",
        f"[roles.{name}]",
        f'credential_type = "{kind}"',
        f'policy = "policies/{name}.json"',
    ]
    if kind != "iam_user":
        lines += ['default_ttl = "15m"', 'max_ttl = "1h"']
    if kind == "assumed_role":
        lines.append(f'role_arns = ["{_arn(name)}"]')
    return lines


def _arn(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/{name}"


def terraform_file(wanted: Wanted) -> str:
    """The declaration for Terraform: one `for_each` over the roles; the root key as variables."""
    head = f"""\
terraform {{
  required_providers {{
    vault = {{ source = "hashicorp/vault" }}
  }}
}}
provider "vault" {{
  skip_child_token = true
}}
variable "access_key" {{ sensitive = true }}
variable "secret_key" {{ sensitive = true }}
resource "vault_aws_secret_backend" "aws" {{
  path                      = "{wanted.mount}"
  access_key                = var.access_key
  secret_key                = var.secret_key
  region                    = "{wanted.region}"
  iam_endpoint              = "{wanted.aws_endpoint}"
  sts_endpoint              = "{wanted.aws_endpoint}"
  default_lease_ttl_seconds = {DEFAULT_TTL}
  max_lease_ttl_seconds     = {MAX_TTL}
}}
"""
    roles = ["locals {", "  roles = {", *map(_their_role, wanted.names), "  }", "}", ""]
    return head + "\n".join(roles) + ROLES


ROLES = """\
resource "vault_aws_secret_backend_role" "role" {
  for_each        = local.roles
  backend         = vault_aws_secret_backend.aws.path
  name            = each.key
  credential_type = each.value.type
  policy_document = file("policies/${each.key}.json")
  default_sts_ttl = each.value.default_ttl
  max_sts_ttl     = each.value.max_ttl
  role_arns       = each.value.role_arns
}
"""


def _their_role(name: str) -> str:
    kind = credential_type(name)
    default, longest = ("null", "null") if kind == "iam_user" else (DEFAULT_TTL, MAX_TTL)
    arns = f'["{_arn(name)}"]' if kind == "assumed_role" else "null"
    return (
        f'    "{name}" = {{ type = "{kind}", default_ttl = {default}, max_ttl = {longest}, '
        f"role_arns = {arns} }}"
    )
