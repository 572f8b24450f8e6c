"""docker-compose.yml and the Dockerfile as docs/docker.md has people run them, on a real daemon.

Where no registry can be reached the images that they name are made of this machine's own programs;
the files themselves are run as they are. Only Go's image is another: the volume has the plugin
already, so that nothing is compiled.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import CACHE
from tests.support import pages
from tests.support.images import Docker, openbao_image, python_image, vault_image
from tests.support.waiting import until
from vaultaws.local.build import engine_binary
from vaultaws.local.progress import silent
from vaultaws.local.servers.docker import DEFAULT_IMAGE
from vaultaws.local.servers.openbao import openbao_binary
from vaultaws.version import VERSION

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OWN = f"vaultaws/vaultaws:{VERSION}"
PORTS = (8200, 8210, 5100)
SECONDS = 400
MOST_BYTES = 70_000_000
"""What vaultaws with its packages may add to the Python below it."""


def test_every_image_is_pinned_by_version() -> None:
    place = r"(?:image: |_IMAGE(?:=|:-))(?:\$\{\w+:-)?([a-z][\w./-]*:[\w.-]+)"
    named = re.findall(place, COMPOSE + DOCKERFILE)
    assert {name.partition(":")[0] for name in named} == {
        *("hashicorp/vault", "openbao/openbao", "golang", "python"),
        *("vaultaws/vaultaws", "vaultaws/local-aws"),
    }
    assert all(re.fullmatch(r"\d+\.\d+\.\d+.*", name.partition(":")[2]) for name in named)
    assert DEFAULT_IMAGE in named
    assert {name.partition(":")[2] for name in named if name.startswith("vaultaws/")} == {VERSION}
    assert OWN in PAGE


@dataclass(frozen=True)
class Stack:
    """A project of its own: its images, volumes and containers bear its name."""

    docker: Docker
    name: str

    @property
    def image(self) -> str:
        """What the page has people build by hand."""
        return f"{self.name}:alone"

    def shell(self, *blocks: str) -> subprocess.CompletedProcess[str]:
        """Run blocks of the page in one shell, with this project's image and base."""
        script = "".join(blocks).replace(OWN, self.image)
        own = "docker build --network host --build-arg PYTHON_IMAGE "
        script = script.replace("docker build ", own)
        done = subprocess.run(
            ["bash", "-xc", f"set -eu\n{script}"],
            cwd=ROOT,
            env=dict(self.docker.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def inside(self, service: str, *words: str) -> str:
        """What a command in a service's container prints."""
        return self.docker.run("compose", "exec", "-T", service, *words).stdout

    def containers(self) -> list[Any]:
        ids = self.docker.run("compose", "--profile", "openbao", "ps", "--all", "--quiet").stdout
        return list(json.loads(self.docker.run("inspect", *ids.split()).stdout))

    def left(self) -> list[str]:
        """Containers and volumes that bear the project's name."""
        mine = f"label=com.docker.compose.project={self.name}"
        listed = (
            self.docker.run("ps", "--all", "--quiet", "--filter", mine),
            self.docker.run("volume", "ls", "--quiet", "--filter", mine),
        )
        return [line for found in listed for line in found.stdout.split()]


@pytest.fixture
def stack(docker: Docker, tmp_path: Path) -> Iterator[Stack]:
    """The images that stand for those of registries; all of it is removed afterwards."""
    until(lambda: all(map(is_free, PORTS)))
    name = f"vaultaws-test-{secrets.token_hex(4)}"
    override = tmp_path / "override.yml"
    override.write_text(overridden(name))
    images = {
        "PYTHON_IMAGE": f"{name}:python",
        "VAULT_IMAGE": f"{name}:vault",
        "OPENBAO_IMAGE": f"{name}:openbao",
        "GO_IMAGE": f"{name}:python",
    }
    settings = {
        "COMPOSE_PROJECT_NAME": name,
        "COMPOSE_FILE": f"{ROOT / 'docker-compose.yml'}:{override}",
    }
    stack = Stack(Docker({**docker.environ, **settings, **images}), name)
    try:
        python_image(docker, images["PYTHON_IMAGE"])
        openbao_image(docker, images["OPENBAO_IMAGE"], openbao_binary())
        vault_image(
            docker, images["VAULT_IMAGE"], docker.environ["VAULT_IMAGE"], tmp_path / "vault"
        )
        with_plugin(stack)
        yield stack
    finally:
        stack.docker.run(
            *("compose", "--profile", "openbao", "down", "--volumes", "--timeout", "1"),
            check=False,
        )
        for tag in ("alone", "vaultaws", "aws", "vault", "openbao", "python"):  # the base last
            stack.docker.run("rmi", "--force", f"{name}:{tag}", check=False)
    assert stack.left() == []
    left = stack.docker.run("images", "--all", "--quiet", "--filter", f"reference={name}").stdout
    assert left == ""


def is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def overridden(name: str) -> str:
    """Images of this project's own name, built with the machine's network."""
    services = {"vaultaws": "vaultaws", "vaultaws-openbao": "vaultaws", "aws": "aws"}
    lines = [
        f"  {service}: {{ image: '{name}:{tag}', build: {{ network: host }} }}\n"
        for service, tag in services.items()
    ]
    return "services:\n" + "".join(lines)


def with_plugin(stack: Stack) -> None:
    """The volume as a build of the plugin leaves it."""
    volume = f"{stack.name}_openbao-plugins"
    labels = (f"project={stack.name}", "volume=openbao-plugins")
    said = [word for label in labels for word in ("--label", f"com.docker.compose.{label}")]
    stack.docker.run("volume", "create", *said, volume)
    built = engine_binary(CACHE, silent)
    stack.docker.run(
        *("run", "--rm", "--network", "host", "-v", f"{volume}:/plugins"),
        *("-v", f"{built.parent}:/built:ro", f"{stack.name}:python"),
        *("cp", "/built/aws", "/plugins/"),
    )


@pytest.mark.timeout(600)
def test_the_page_from_top_to_bottom(stack: Stack) -> None:
    blocks: list[pages.Block] = []
    pages.play("docs/docker.md", blocks.append)
    *all_but_the_end, end = (block.text for block in blocks)
    said = stack.shell(*all_but_the_end)
    assert "Traceback" not in said.stderr
    the_containers_are_healthy_and_closed(stack)
    for service, log in (
        ("vaultaws", "/vault/logs/audit.log"),
        ("vaultaws-openbao", "/openbao/logs/audit.log"),
    ):
        secret = what_is_issued_works(stack, service)
        written = stack.inside(service, "cat", log)
        assert "aws/creds/ec2readonly" in written
        assert secret not in written
    assert "nothing was written" in said.stdout  # by the restart, told by the logs
    a_second_up_changes_nothing(stack)
    a_restarted_aws_is_set_up_anew(stack)
    the_image_alone_is_closed(stack)
    stack.shell(end)
    assert stack.left() == []


def the_containers_are_healthy_and_closed(stack: Stack) -> None:
    label = "com.docker.compose.service"
    found = {one["Config"]["Labels"][label]: one for one in stack.containers()}
    engine = found.pop("openbao-engine")
    assert (engine["State"]["Status"], engine["State"]["ExitCode"]) == ("exited", 0)
    assert set(found) == {"vault", "aws", "vaultaws", "openbao", "vaultaws-openbao"}
    for service, one in found.items():
        assert one["State"]["Health"]["Status"] == "healthy", service
        assert one["Config"]["User"] == "100:1000", service
        assert one["HostConfig"]["ReadonlyRootfs"], service
        assert one["HostConfig"]["CapDrop"] == ["ALL"], service
        assert one["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"], service


def what_is_issued_works(stack: Stack, service: str) -> str:
    """Ask for a set, use it; its secret key."""
    issued = json.loads(
        stack.inside(service, "vaultaws", "creds", "ec2readonly", "--format", "process")
    )
    ec2 = boto3.client(
        "ec2",
        endpoint_url="http://127.0.0.1:5100",
        region_name="us-east-1",
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
    )
    assert ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    return str(issued["SecretAccessKey"])


def a_second_up_changes_nothing(stack: Stack) -> None:
    before = {one["Id"] for one in stack.containers()}
    stack.docker.run("compose", "--profile", "openbao", "up", "--wait")
    assert {one["Id"] for one in stack.containers()} == before


def a_restarted_aws_is_set_up_anew(stack: Stack) -> None:
    """It has forgotten the engine's key, so Vault begins anew as well."""
    stack.docker.run("compose", "restart", "aws")
    stack.docker.run("compose", "up", "--wait")
    what_is_issued_works(stack, "vaultaws")


def the_image_alone_is_closed(stack: Stack) -> None:
    (found,) = json.loads(stack.docker.run("inspect", stack.image).stdout)
    assert found["Config"]["User"] == "10001:10001"
    (base,) = json.loads(stack.docker.run("inspect", f"{stack.name}:python").stdout)
    assert found["Size"] - base["Size"] < MOST_BYTES
    closed = ("run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "host")
    token = stack.inside("vault", "vault", "print", "token").strip()
    lent = Docker({**stack.docker.environ, "VAULT_TOKEN": token})
    issued = lent.run(
        *(*closed, "-e", "VAULT_TOKEN", "-e", "VAULT_ADDR=http://127.0.0.1:8200"),
        *("-e", "AWS_ENDPOINT_URL=http://127.0.0.1:5100", stack.image),
        *("creds", "ec2readonly-sts", "--format", "process"),
    )
    assert json.loads(issued.stdout)["SessionToken"]
    tried = stack.docker.run(
        *(*closed, "--entrypoint", "sh", stack.image, "-c"),
        "id -u; touch /opt/vaultaws/x /work/x || touch /var/lib/vaultaws/x && echo kept",
    )
    assert tried.stdout.split() == ["10001", "kept"]
    assert tried.stderr.count("Read-only file system") == 2
    said = stack.docker.run(*closed, stack.image, "--version").stdout
    assert VERSION in said
