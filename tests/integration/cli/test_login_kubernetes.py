"""`vaultaws login kubernetes` against real servers, which ask a cluster's TokenReview API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import ACCOUNT, NAMESPACE, Cluster, cluster
from tests.support.signed_tokens import Signer
from tests.support.wired import Wired, must
from vaultaws.cli.login import POD_TOKEN
from vaultaws.cli.main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", wired.server.address)
    return tmp_path


@pytest.fixture
def builds(wired: Wired, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as running:
        yield running


@pytest.fixture
def mount(wired: Wired, builds: Cluster) -> str:
    """A kubernetes method for the cluster; returns where it is mounted."""
    path = f"kubernetes-{wired.mount}"
    must(wired.ask(f"sys/auth/{path}", {"type": "kubernetes"}))
    config = {"kubernetes_host": builds.address, "kubernetes_ca_cert": builds.root}
    local = {"disable_local_ca_jwt": True}
    must(wired.ask(f"auth/{path}/config", {**config, **local}))
    bound = {
        "bound_service_account_names": ACCOUNT,
        "bound_service_account_namespaces": NAMESPACE,
        "audience": "",
        "token_ttl": "20m",
    }
    must(wired.ask(f"auth/{path}/role/build", bound))
    return path


def test_a_pod_logs_in_with_its_service_account(
    home: Path, builds: Cluster, mount: str, capsys: Captured
) -> None:
    file = home / "token"
    file.write_text(builds.pod_token)
    asked = ["login", "kubernetes", "build", "--path", mount, "--jwt-file", str(file)]
    assert run(asked) == 0
    seen = capsys.readouterr().err
    assert f"{NAMESPACE}-{ACCOUNT}, for 20 min" in seen
    assert builds.pod_token not in seen
    assert (home / ".vault-token").read_text()


def test_a_token_that_the_cluster_does_not_know_is_one_clear_error(
    home: Path, mount: str, capsys: Captured
) -> None:
    file, account = home / "token", {"name": ACCOUNT, "uid": "another"}
    pod = {"namespace": NAMESPACE, "serviceaccount": account}
    subject = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    file.write_text(Signer().token({"sub": subject, "kubernetes.io": pod}))
    asked = ["login", "kubernetes", "build", "--path", mount, "--jwt-file", str(file)]
    assert run(asked) == 2
    seen = capsys.readouterr().err
    assert [line.split()[0] for line in seen.splitlines()] == ["error:", "why:", "do:"]
    assert not (home / ".vault-token").exists()


def test_outside_of_a_pod_the_file_must_be_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    in_a_pod = POD_TOKEN.exists()
    assert run(["login", "kubernetes", "build"]) == (2 if in_a_pod else 1)
    assert ("--jwt-file" in capsys.readouterr().err) is not in_a_pod


def test_a_role_must_be_named(home: Path, capsys: Captured) -> None:
    assert run(["login", "kubernetes"]) == 1
    assert "needs a name" in capsys.readouterr().err
