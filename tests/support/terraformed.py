"""A mount that Terraform makes: a directory, people who log in, and the same declared for us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.commands import ROOT, Shell
from tests.support.people import PASSWORD, operator
from tests.support.wired import Wired, must, root_config
from vaultaws.model import ServerProduct

ENGINE = ROOT / "terraform" / "aws-engine"


@dataclass(frozen=True)
class Stand:
    """`environ` has Terraform and its mirror."""

    wired: Wired
    directory: Path
    environ: Mapping[str, str]

    @property
    def mount(self) -> str:
        """A mount beside the one that is wired, with a slash in its path."""
        return f"tf/{self.wired.mount}"

    @property
    def methods(self) -> dict[str, str]:
        return {kind: f"{kind}-{self.wired.mount}" for kind in ("userpass", "approle", "jwt")}

    def shell(self, **more: str) -> Shell:
        key = self.wired.root_credentials
        own = {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
            "VAULTAWS_MOUNT": self.mount,
            **self.environ,
        }
        return operator(self.wired, self.directory, **{**own, **more})

    def people(self) -> None:
        """Ada has never logged in; ci is an AppRole that has."""
        for kind, path in self.methods.items():
            must(self.wired.ask(f"sys/auth/{path}", {"type": kind}))
        users = f"auth/{self.methods['userpass']}/users"
        must(self.wired.ask(f"{users}/ada", {"password": PASSWORD}))
        role = f"auth/{self.methods['approle']}/role/ci"
        must(self.wired.ask(role, {"token_policies": "default"}))
        role_id = must(self.wired.ask(f"{role}/role-id")).body["data"]["role_id"]
        secret_id = must(self.wired.ask(f"{role}/secret-id", {})).body["data"]["secret_id"]
        login = {"role_id": role_id, "secret_id": secret_id}
        must(self.wired.ask(f"auth/{self.methods['approle']}/login", login))

    def token(self) -> str:
        """A token with the policy that comes with the module, for this mount."""
        text = (ENGINE / "token.hcl").read_text("utf-8")
        slug = self.mount.replace("/", "-")
        for old, new in (
            ('"aws/', f'"{self.mount}/'),
            ("sys/mounts/aws", f"sys/mounts/{self.mount}"),
            ("vaultaws-aws-", f"vaultaws-{slug}-"),
        ):
            assert old in text
            text = text.replace(old, new)
        must(self.wired.ask(f"sys/policies/acl/tf-{slug}", {"policy": text}))
        made = must(self.wired.ask("auth/token/create", {"policies": [f"tf-{slug}"], "ttl": "1h"}))
        token: str = made.body["auth"]["client_token"]
        return token

    @property
    def device(self) -> str:
        """An audit device of this stand's own."""
        return f"tf-{self.wired.mount}"

    @property
    def takes_devices(self) -> bool:
        """OpenBao takes none by its API, unless its configuration says so."""
        return self.wired.server.product is ServerProduct.VAULT

    def key_id(self) -> str:
        """The key that config/root holds."""
        found: str = must(self.wired.ask(f"{self.mount}/config/root")).body["data"]["access_key"]
        return found

    def write_root(self) -> None:
        """As by hand: `vault write config/root`, with the key."""
        must(self.wired.ask(f"{self.mount}/config/root", root_config(self.wired)))

    def write(self, text: str) -> None:
        """The configuration: a call of the module with what `text` says."""
        source = json.dumps(str(ENGINE))
        head = f'module "aws" {{\n  source = {source}\n  path   = "{self.mount}"\n'
        (self.directory / "main.tf").write_text(f"{head}{text}}}\n")

    def state(self) -> Any:
        return json.loads((self.directory / "terraform.tfstate").read_text("utf-8"))

    def gone(self) -> None:
        """Forget the mount and the methods; groups and entities go with nothing to reach."""
        self.wired.ask(f"sys/leases/revoke-force/{self.mount}", method="PUT")
        self.wired.ask(f"sys/mounts/{self.mount}", method="DELETE")
        for path in self.methods.values():
            self.wired.ask(f"sys/auth/{path}", method="DELETE")
        if self.takes_devices:
            self.wired.ask(f"sys/audit/{self.device}", method="DELETE")


def module_text(stand: Stand) -> str:
    """Every part of the module; `declared_text` says the same."""
    policy = json.dumps(str(ROOT / "policies" / "ec2readonly.json"))
    userpass, approle, jwt = (stand.methods[kind] for kind in ("userpass", "approle", "jwt"))
    return f"""
  lease = {{ default_seconds = 600, max_seconds = 3600 }}
  roles = {{
    reader = {{ credential_type = "iam_user", policy_document = file({policy}) }}
    "a.b@c" = {{
      credential_type     = "federation_token"
      policy_document     = file({policy})
      default_ttl_seconds = 900
      max_ttl_seconds     = 3600
    }}
    deploy = {{
      credential_type     = "assumed_role"
      role_arns           = ["arn:aws:iam::123456789012:role/deploy"]
      default_ttl_seconds = 900
    }}
  }}
  roles_in_full = {{
    bounded = {{
      credential_type          = "iam_user"
      policy_document          = jsonencode(jsondecode(file({policy})))
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/issued"
      iam_tags                 = {{ team = "platform" }}
      user_path                = "/vault/"
    }}
    tagged = {{
      credential_type = "assumed_role"
      role_arns       = ["arn:aws:iam::123456789012:role/deploy"]
      session_tags    = {{ team = "platform" }}
      external_id     = "one"
    }}
    with-mfa = {{
      credential_type     = "session_token"
      mfa_serial_number   = "arn:aws:iam::123456789012:mfa/vault-root"
      default_ttl_seconds = 900
    }}
  }}
  access = {{
    readers = {{
      roles      = ["reader", "a.b@c"]
      new_logins = {{ "{userpass}" = ["Ada"] }}
      members    = {{ "{approle}" = ["ci"], "{jwt}" = ["Ops & <Co>"] }}
    }}
    deployers = {{
      roles   = ["deploy", "tagged"]
      members = {{ "{jwt}" = ["ops & <co>", "dev"] }}
    }}
  }}
"""


def declared_text(stand: Stand) -> str:
    """The same for vaultaws, in a file beside a copy of the policy."""
    userpass, approle, jwt = (stand.methods[kind] for kind in ("userpass", "approle", "jwt"))
    arn = 'role_arns = ["arn:aws:iam::123456789012:role/deploy"]'
    policy = 'policy = "policies/ec2readonly.json"'
    endpoint = stand.wired.server_aws_endpoint
    return f"""
[mount]
path = "{stand.mount}"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

[lease]
default_ttl = "10m"
max_ttl = "1h"

[root]
region = "{stand.wired.options.region}"
iam_endpoint = "{endpoint}"
sts_endpoint = "{endpoint}"

[roles.reader]
credential_type = "iam_user"
{policy}

[roles."a.b@c"]
credential_type = "federation_token"
{policy}
default_ttl = "15m"
max_ttl = "1h"

[roles.deploy]
credential_type = "assumed_role"
{arn}
default_ttl = "15m"

[roles.bounded]
credential_type = "iam_user"
{policy}
permissions_boundary_arn = "arn:aws:iam::123456789012:policy/issued"
iam_tags = {{ team = "platform" }}
user_path = "/vault/"

[roles.tagged]
credential_type = "assumed_role"
{arn}
session_tags = {{ team = "platform" }}
external_id = "one"

[roles.with-mfa]
credential_type = "session_token"
mfa_serial_number = "arn:aws:iam::123456789012:mfa/vault-root"
default_ttl = "15m"

[access.readers]
roles = ["reader", "a.b@c"]
members = {{ {userpass} = ["Ada"], {approle} = ["ci"], {jwt} = ["Ops & <Co>"] }}

[access.deployers]
roles = ["deploy", "tagged"]
members = {{ {jwt} = ["ops & <co>", "dev"] }}
"""


def declare_the_same(stand: Stand) -> None:
    """Write `declared_text` with its policy."""
    ready = (ROOT / "policies" / "ec2readonly.json").read_text("utf-8")
    (stand.directory / "policies").mkdir(exist_ok=True)
    (stand.directory / "policies" / "ec2readonly.json").write_text(ready)
    (stand.directory / "vaultaws.toml").write_text(declared_text(stand))
