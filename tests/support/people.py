"""People at a shell: the command with a mount's environment, and users of the server."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import Shell
from tests.support.wired import Wired, must

PASSWORD = "-".join(("made", "up"))

ROLE = """
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"
"""

TWO_ROLES = f"""{ROLE}
[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"
"""
ACCESS = """
[access.analysts]
roles = ["reader", "reader-sts"]
"""


def operator(wired: Wired, directory: Path, **more: str) -> Shell:
    """A shell with the server's root token and the local AWS's administrator keys."""
    return Shell(directory, {**wired.environ({}), **more})


def root_shell(wired: Wired, directory: Path) -> Shell:
    """The operator with Vault's own key in the environment, for `apply`."""
    key = wired.root_credentials
    return operator(
        wired,
        directory,
        AWS_ACCESS_KEY_ID=key.access_key_id,
        AWS_SECRET_ACCESS_KEY=key.secret_access_key.reveal(),
    )


def person(wired: Wired, directory: Path, name: str, *policies: str) -> Shell:
    """A userpass user of the server, with her token in VAULT_TOKEN."""
    auth = f"userpass-{wired.mount}"
    if wired.ask(f"sys/auth/{auth}", {"type": "userpass"}).status not in (200, 204):
        must(wired.ask(f"sys/auth/{auth}"))
    user = {"password": PASSWORD, "token_policies": ",".join(policies)}
    must(wired.ask(f"auth/{auth}/users/{name}", user))
    answer = must(wired.ask(f"auth/{auth}/login/{name}", {"password": PASSWORD}))
    return operator(wired, directory, VAULT_TOKEN=answer.body["auth"]["client_token"])


def declare(wired: Wired, directory: Path, roles: str, access: str = "") -> Path:
    """Write vaultaws.toml for the mount, with the ready policy beside it."""
    policies = Path(__file__).parents[2] / "policies"
    (directory / "policies").mkdir(exist_ok=True)
    ready = (policies / "ec2readonly.json").read_text("utf-8")
    (directory / "policies" / "ec2readonly.json").write_text(ready)
    endpoint = wired.server_aws_endpoint
    file = directory / "vaultaws.toml"
    file.write_text(
        f"""
[mount]
path = "{wired.mount}"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

[root]
region = "{wired.options.region}"
iam_endpoint = "{endpoint}"
sts_endpoint = "{endpoint}"

{roles}
{access}
[trail]
audit_log = "{wired.server.audit}"
"""
    )
    return file
