"""A company's use of a production server: its mount, its people, its operators, at their shells."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.commands import SECONDS, Shell
from tests.support.connections import REGION, make_user, policy
from tests.support.nodes import Node
from tests.support.people import PASSWORD, declare
from tests.support.production import Cluster
from tests.support.wired import Wired
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import Secret
from vaultaws.vault.gateway import HvacVault

ACCESS = """
[access.analysts]
roles = ["reader", "reader-sts"]
members = {{ userpass-{mark} = ["ada"] }}
"""
"""Whom ada's roles are for, where both are declared."""
OPERATOR = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'


@dataclass(frozen=True)
class Site:
    """`wired` names mount and AWS account; `wired.server` is the node that people are sent to."""

    cluster: Cluster
    wired: Wired
    namespace: str
    directory: Path

    @property
    def vault(self) -> HvacVault:
        """The active node with the root token, in the site's namespace."""
        return self.cluster.vault(self.cluster.leader(), namespace=self.namespace)

    def people_go_to(self) -> Node:
        """The node whose address people have."""
        (node,) = (node for node in self.cluster.nodes if node.address == self.wired.server.address)
        return node

    def at(self, node: Node) -> Site:
        """The same site for people who are sent to another node."""
        server = replace(self.wired.server, address=node.address)
        return replace(self, wired=replace(self.wired, server=server))

    def shell(self, name: str, **more: str) -> Shell:
        """A person's shell, without any token; her home is hers alone."""
        home = self.directory / name
        home.mkdir(exist_ok=True)
        key = self.wired.aws
        return Shell(
            home,
            {
                "VAULT_ADDR": self.wired.server.address,
                "VAULT_CACERT": str(self.cluster.authority.root),
                "VAULTAWS_MOUNT": self.wired.mount,
                "AWS_ENDPOINT_URL": key.endpoint,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": key.access_key_id,
                "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
                **({"VAULT_NAMESPACE": self.namespace} if self.namespace else {}),
                **more,
            },
        )

    def declare(self, shell: Shell, roles: str, access: str = "") -> None:
        """Write vaultaws.toml where the person works."""
        declare(self.wired, shell.directory, roles, access)

    def root_key(self, shell: Shell) -> Shell:
        """The same person with Vault's own key in the environment, for an apply."""
        key = self.wired.root_credentials
        more = {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
        }
        return replace(shell, more={**shell.more, **more})


def a_site(
    cluster: Cluster, aws: LocalAws, directory: Path, mark: str, namespace: str = ""
) -> Site:
    """An operator by AppRole, ada by userpass, Vault's own IAM user; the mount is not there yet."""
    user = make_user(aws, f"vault-root-{mark}", policy("vault-root"))
    leader = cluster.leader()
    server = RunningServer(
        kind=cluster.source.kind,
        product=cluster.source.product,
        version=cluster.source.version,
        address=leader.address,
        root_token=cluster.token,
        log=leader.log,
        audit=cluster.audit,
        where=leader.process,  # type: ignore[arg-type]  # a leader runs
        tag="",
    )
    wired = Wired(server, aws, AwsOptions(), f"aws-{mark}", user.name, user.key)
    site = Site(cluster, wired, namespace, directory)
    if namespace:
        with cluster.vault(leader) as vault:
            vault.write(f"sys/namespaces/{namespace}", {})
    with site.vault as vault:
        for kind in ("approle", "userpass"):
            vault.write(f"sys/auth/{kind}-{mark}", {"type": kind})
        vault.write(f"sys/policies/acl/operator-{mark}", {"policy": OPERATOR})
        vault.write(f"auth/approle-{mark}/role/ci", {"token_policies": f"operator-{mark}"})
        vault.write(f"auth/userpass-{mark}/users/ada", {"password": PASSWORD})
    return site


def log_in(site: Site, shell: Shell, *words: str, secret: str) -> subprocess.CompletedProcess[str]:
    """`vaultaws login …` with the secret on standard input; the token is kept in her home."""
    return subprocess.run(
        [sys.executable, "-m", "vaultaws", "login", *words],
        env=shell.environ,
        cwd=shell.directory,
        input=f"{secret}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def operator_of(site: Site, mark: str) -> Shell:
    """The operator at her shell, logged in by AppRole."""
    with site.vault as vault:
        role = f"auth/approle-{mark}/role/ci"
        role_id = data(vault.read(f"{role}/role-id"))["role_id"]
        secret_id = data(vault.write(f"{role}/secret-id", {}))["secret_id"]
    shell = site.shell("operator")
    words = ("approle", role_id, "--path", f"approle-{mark}")
    done = log_in(site, shell, *words, secret=secret_id)
    assert done.returncode == 0, done.stderr
    assert Secret(secret_id).reveal() not in done.stdout + done.stderr
    return shell


def ada_of(site: Site, mark: str) -> Shell:
    """Ada at her shell, logged in by her password."""
    shell = site.shell("ada")
    done = log_in(site, shell, "userpass", "ada", "--path", f"userpass-{mark}", secret=PASSWORD)
    assert done.returncode == 0, done.stderr
    return shell


def data(answer: Any) -> dict[str, Any]:
    """The data of an answer."""
    found: dict[str, Any] = answer["data"]
    return found
