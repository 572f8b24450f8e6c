"""The computed policy on a real server: it issues, revokes and rotates for the declared roles, and
may do nothing beyond them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import allow
from tests.support.commands import ROOT, Shell
from tests.support.connections import REGION
from tests.support.people import operator
from tests.support.wired import Wired, must, unwire
from vaultaws.model import Credentials, Secret

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
BEYOND: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "create_user", {"UserName": "eve"}),
    ("iam", "create_user", {"UserName": "vault-eve"}),
    ("iam", "create_user", {"UserName": "vault-eve", "Path": "/{mark}/"}),
    ("iam", "put_user_policy", {"UserName": "{own}", "PolicyName": "p", "PolicyDocument": "{{}}"}),
    ("iam", "attach_user_policy", {"UserName": "{own}", "PolicyArn": ADMIN}),
    ("iam", "delete_user", {"UserName": "{own}"}),
    ("iam", "list_users", {}),
    ("iam", "create_login_profile", {"UserName": "{own}", "Password": "Not-A-Secret-1"}),
    ("sts", "assume_role", {"RoleArn": "{other}", "RoleSessionName": "beyond"}),
    ("sts", "get_federation_token", {"Name": "eve"}),
    ("s3", "list_buckets", {}),
    ("ec2", "create_key_pair", {"KeyName": "k"}),
]  # fmt: skip


def role_trusting_all(iam: Any, account: str, name: str) -> str:
    trust = allow("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{account}:root"})
    del trust["Resource"]
    text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)
    return str(made["Role"]["Arn"])


def test_it_serves_the_declared_roles_and_nothing_beyond(wired: Wired, tmp_path: Any) -> None:
    mark, iam = wired.mount, wired.client("iam")
    mount = f"own-{mark}"
    mounted = replace(wired, mount=mount)
    account = wired.client("sts").get_caller_identity()["Account"]
    boundary = iam.create_policy(
        PolicyName=f"bound-{mark}",
        PolicyDocument=(ROOT / "policies" / "ec2readonly.json").read_text(),
    )["Policy"]["Arn"]
    declared, other = (role_trusting_all(iam, account, f"{kind}-{mark}") for kind in ("r", "o"))
    iam.create_user(UserName=f"app-{mark}")
    own = f"vault-root-of-{mark}"
    ops = operator(wired, tmp_path)
    (tmp_path / "policies").mkdir(exist_ok=True)
    reader = (ROOT / "policies" / "ec2readonly.json").read_text()
    (tmp_path / "policies" / "ec2readonly.json").write_text(reader)
    (tmp_path / "cloud.toml").write_text(
        root_tables(wired, mount)
        + f'''
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"
user_path = "/{mark}/"
permissions_boundary_arn = "{boundary}"
iam_tags = {{ team = "data" }}

[roles.lent]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"

[roles.deploy]
credential_type = "assumed_role"
role_arns = ["{declared}"]

[static_roles.app]
username = "app-{mark}"
rotation_period = "1h"
'''
    )
    deploy = ("cloud", "deploy", "vault-root", "-c", "cloud.toml", "--stack-name", f"root-{mark}")
    must_do(ops, *deploy, "--parameter", f"UserName={own}", "--yes")
    made = iam.create_access_key(UserName=own)["AccessKey"]
    key = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    write_profile(tmp_path, made)
    must_do(ops, "apply", "-c", "cloud.toml", "--yes")
    try:
        _issue_and_revoke(mounted, iam, mark)
        assert wired.ask(f"{mount}/static-creds/app").status == 200
        _nothing_beyond(wired, key, own=own, other=other, mark=mark)
        rotated = must(wired.ask(f"{mount}/config/rotate-root", {}))
        assert rotated.body["data"]["access_key"] != key.access_key_id
    finally:
        unwire(mounted)


def _issue_and_revoke(wired: Wired, iam: Any, mark: str) -> None:
    for role in ("reader", "lent", "deploy"):
        issued = must(wired.ask(f"{wired.mount}/creds/{role}")).body
        if role == "reader":
            (user,) = iam.list_users(PathPrefix=f"/{mark}/")["Users"]
            tags = iam.list_user_tags(UserName=user["UserName"])["Tags"]
            assert tags == [{"Key": "team", "Value": "data"}]
        given = issued["data"]
        if role == "lent":
            token = given.get("security_token") or given["session_token"]
            lent = Credentials(given["access_key"], Secret(given["secret_key"]), Secret(token))
            wired.client("ec2", lent).describe_instances()
        must(wired.ask("sys/leases/revoke", {"lease_id": issued["lease_id"], "sync": True}))
    assert iam.list_users(PathPrefix=f"/{mark}/")["Users"] == []


def _nothing_beyond(wired: Wired, key: Credentials, **names: str) -> None:
    for service, operation, params in BEYOND:
        filled = {name: str(value).format(**names) for name, value in params.items()}
        call = getattr(wired.client(service, key), operation)
        with pytest.raises(Exception, match=r"AccessDenied|UnauthorizedOperation"):
            call(**filled)


def test_a_lease_ends_though_its_role_has_changed(wired: Wired, tmp_path: Any) -> None:
    mark, iam = wired.mount, wired.client("iam")
    mount, own = f"own-{mark}", f"vault-root-of-{mark}"
    mounted = replace(wired, mount=mount)
    reader = (ROOT / "policies" / "ec2readonly.json").read_text()
    (tmp_path / "reader.json").write_text(reader)
    bounds = [
        iam.create_policy(PolicyName=f"{name}-{mark}", PolicyDocument=reader)["Policy"]["Arn"]
        for name in ("one", "two")
    ]
    ops = operator(wired, tmp_path)

    def declare(role: str) -> None:
        root = f"""{root_tables(wired, mount)}
[roles.reader]
credential_type = "iam_user"
user_path = "/{mark}/"
"""
        (tmp_path / "cloud.toml").write_text(root + role)

    deploy = ("cloud", "deploy", "vault-root", "-c", "cloud.toml", "--stack-name", f"root-{mark}")
    declare(f'''
policy = "reader.json"
policy_arns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
permissions_boundary_arn = "{bounds[0]}"
''')
    must_do(ops, *deploy, "--parameter", f"UserName={own}", "--yes")
    write_profile(tmp_path, iam.create_access_key(UserName=own)["AccessKey"])
    must_do(ops, "apply", "-c", "cloud.toml", "--yes")
    try:
        lease = must(wired.ask(f"{mount}/creds/reader")).body["lease_id"]
        declare(f'''
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
permissions_boundary_arn = "{bounds[1]}"
''')
        must_do(ops, "apply", "-c", "cloud.toml", "--yes")
        must_do(ops, *deploy, "--yes")
        must(wired.ask("sys/leases/revoke", {"lease_id": lease, "sync": True}))
        assert iam.list_users(PathPrefix=f"/{mark}/")["Users"] == []
    finally:
        unwire(mounted)


def must_do(ops: Shell, *words: str) -> None:
    done = ops.run(*words)
    assert done.returncode == 0, done.stderr


def write_profile(home: Path, made: Any) -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "credentials").write_text(
        f"[root]\naws_access_key_id = {made['AccessKeyId']}\n"
        f"aws_secret_access_key = {made['SecretAccessKey']}\n"
    )


def root_tables(wired: Wired, mount: str) -> str:
    """The engine at a mount, with the key of the profile root."""
    return f'''
[mount]
path = "{mount}"

[root]
region = "{REGION}"
iam_endpoint = "{wired.server_aws_endpoint}"
sts_endpoint = "{wired.server_aws_endpoint}"
credentials = "profile:root"
'''
