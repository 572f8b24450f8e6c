"""The whole story on a production server: TLS, unsealed by hand, AppRole, a namespace, audit."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.commands import Shell
from tests.support.people import TWO_ROLES
from tests.support.production import Cluster
from tests.support.sites import ACCESS, Site, a_site, ada_of, operator_of
from tests.support.waiting import until
from vaultaws.local.awsprocess import LocalAws
from vaultaws.model import ServerProduct

WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@pytest.fixture
def namespace(cluster: Cluster, mark: str) -> str:
    """A namespace of its own where the server has them, else the root one."""
    return f"team-{mark}" if cluster.source.product is ServerProduct.OPENBAO else ""


@pytest.fixture
def site(cluster: Cluster, local_aws: LocalAws, tmp_path: Path, mark: str, namespace: str) -> Site:
    return a_site(cluster, local_aws, tmp_path, mark, namespace)


def good(shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = shell.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_from_an_empty_mount_to_a_revoked_credential(site: Site, mark: str) -> None:
    operator = operator_of(site, mark)
    site.declare(operator, TWO_ROLES, ACCESS.format(mark=mark))
    assert "5 to add" in good(operator, "plan").stdout
    good(site.root_key(operator), "apply", "--yes")
    good(operator, "plan", "--detailed-exitcode")
    rotated = good(operator, "root", "rotate", "--yes")
    assert site.wired.root_user in rotated.stdout
    assert site.wired.root_user in good(operator, "root", "show").stdout

    ada = ada_of(site, mark)
    offered = ada.json("roles", "list")
    assert (offered["roles"], offered["complete"]) == (["reader", "reader-sts"], False)
    issued: dict[str, Any] = json.loads(good(ada, "creds", "reader", "--format", "json").stdout)
    arn = good(ada, "exec", "reader", "--", sys.executable, "-c", WHO).stdout
    assert ":user/vault-" in arn
    rows = operator.json("leases", "list")["credentials"]
    assert (issued["lease_id"], "ada") in {(row["lease_id"], row["person"]) for row in rows}

    with_rights = reader_of_audit(site, operator)
    until(lambda: standing(with_rights, issued["access_key_id"]) == ("explained", "ada"))
    doctor = operator.json("doctor")
    assert [check["what"] for check in doctor["checks"] if check["state"] == "bad"] == []
    assert not site.namespace or any(site.namespace in str(check) for check in doctor["checks"])

    good(operator, "leases", "revoke", "--all", "--yes")
    with site.vault as vault:
        assert vault.list_leases(site.wired.mount) == []
    assert issued["access_key_id"] not in str(operator.json("leases", "list"))


def reader_of_audit(site: Site, operator: Shell) -> Shell:
    """Who may ask the audit device for digests: only the root namespace has it, so a token of a
    namespace cannot."""
    if not site.namespace:
        return operator
    token = site.cluster.token.reveal()
    return dataclasses.replace(operator, more={**operator.more, "VAULT_TOKEN": token})


def standing(shell: Shell, key: str) -> tuple[str, str] | None:
    """What the trail says of a key."""
    done = shell.run("trail", "check", "--json")
    assert done.returncode in (0, 3), done.stderr
    rows = {row["access_key_id"]: row for row in json.loads(done.stdout)["credentials"]}
    return (rows[key]["standing"], rows[key]["person"]) if key in rows else None


def test_what_is_wrong_with_the_connection_is_one_clear_error(
    site: Site, cluster: Cluster, tmp_path: Path
) -> None:
    leader = cluster.leader()
    stranger = Authority(tmp_path, "stranger")
    cases = {
        "not signed by an authority we trust": {"VAULT_CACERT": str(stranger.root)},
        "has expired": {"VAULT_ADDR": cluster.shows(leader, "expired")},
        "for another name": {"VAULT_ADDR": cluster.shows(leader, "misnamed")},
    }
    for why, settings in cases.items():
        done = site.shell("cut-off", VAULT_TOKEN="made-up", **settings).run("roles", "list")
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
        assert why in done.stderr
    named = site.shell(
        "named",
        VAULT_ADDR=cluster.shows(leader, "misnamed"),
        VAULT_TLS_SERVER_NAME="vault.example.com",
        VAULT_TOKEN=cluster.token.reveal(),
    ).run("leases", "list")
    assert "no TLS connection" not in named.stderr


def test_a_node_that_nobody_has_unsealed_says_so(site: Site, cluster: Cluster) -> None:
    node = cluster.standbys()[0]
    cluster.kill(node)
    cluster.launch_sealed(node)
    shell = site.shell("early", VAULT_ADDR=node.address, VAULT_TOKEN="made-up")
    done = shell.run("creds", "reader")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
    assert "is sealed" in done.stderr


def test_a_namespace_that_is_not_there_is_refused_before_anything_is_written(
    site: Site, cluster: Cluster, mark: str
) -> None:
    """OpenBao does not know it; a Vault without namespaces would take the root one in silence."""
    operator = site.shell("lost", VAULT_NAMESPACE="nowhere", VAULT_TOKEN=cluster.token.reveal())
    site.declare(operator, TWO_ROLES)
    for verb in (("plan",), ("apply", "--yes")):
        done = site.root_key(operator).run(*verb)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
        assert "namespace" in done.stderr
    with cluster.vault(cluster.leader()) as vault:
        assert f"aws-{mark}" not in vault.mounts()
