"""Docker with compose, on the daemon that the servers' tests use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import CACHE, ENVIRON, find, show
from tests.support.images import COMPOSE, Docker
from vaultaws.local.build import built
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.docker import DockerServer


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build compose, where docker has none, before any test's time runs."""
    wanted = any(
        isinstance(item, pytest.Function) and "docker" in item.fixturenames
        for item in session.items
    )
    if wanted and not session.config.option.collectonly and shutil.which("docker"):
        _compose()


def _compose() -> Path | None:
    """Compose as a program to plug in; None where docker has its own."""
    own = subprocess.run(
        ["docker", "compose", "version"], env=ENVIRON, capture_output=True, check=False
    )
    return None if own.returncode == 0 else built(COMPOSE, CACHE, show)


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    """A docker client with settings of its own, and the name of an image that holds Vault."""
    server = find(ServerKind.DOCKER)
    assert isinstance(server, DockerServer)
    names = ("PATH", "HOME", "DOCKER_CONFIG")
    kept: dict[str, str] = {name: ENVIRON[name] for name in names if name in ENVIRON}
    return Docker(
        {
            **kept,
            **_plugged_in(tmp_path / "settings"),
            "DOCKER_HOST": server.daemon,
            "VAULT_IMAGE": server.image,
            # The builder that every daemon has; the other is a plugin of the client.
            "DOCKER_BUILDKIT": "0",
        }
    )


def _plugged_in(settings: Path) -> dict[str, str]:
    compose = _compose()
    if compose is None:
        return {}
    (settings / "cli-plugins").mkdir(parents=True)
    (settings / "cli-plugins" / "docker-compose").symlink_to(compose)
    return {"DOCKER_CONFIG": str(settings)}
