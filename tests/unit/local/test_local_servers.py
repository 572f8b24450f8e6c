"""Which server is chosen, how it is told its token, and what is refused before a start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.machine import PlayedClock
from vaultaws.errors import StackError, UsageError
from vaultaws.local.ports import free_port
from vaultaws.local.processes import Machine
from vaultaws.local.progress import silent
from vaultaws.local.servers import docker
from vaultaws.local.servers.base import (
    ContainerRecord,
    ServerKind,
    enable_audit,
    wait_until_healthy,
)
from vaultaws.local.servers.dev import dev_server, identify
from vaultaws.local.servers.find import find_server
from vaultaws.local.servers.openbao import openbao_binary
from vaultaws.local.wire import Answer, ask
from vaultaws.model import Secret, ServerProduct

TOKEN = Secret("made-up-token")


def program(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Vault v1.21.1 ('abc'), built 2025", (ServerProduct.VAULT, "1.21.1")),
        ("Vault v1.19.0+ent (abc)", (ServerProduct.VAULT, "1.19.0+ent")),
        ("OpenBao v2.7.2 (abc), committed", (ServerProduct.OPENBAO, "2.7.2")),
        ("HashiVault 3", None),
        ("", None),
    ],
)
def test_a_program_says_which_server_it_is(
    tmp_path: Path, said: str, known: tuple[ServerProduct, str] | None
) -> None:
    assert identify(program(tmp_path, "vault", f'echo "{said}"')) == known


def test_a_vault_on_path_comes_first(tmp_path: Path) -> None:
    vault = program(tmp_path, "vault", "echo Vault v1.20.0")
    for preference in ("auto", "vault"):
        found = find_server(preference, tmp_path, silent, environ={"PATH": str(tmp_path)})
        assert found.kind is ServerKind.VAULT
    assert dev_server(ServerKind.VAULT, vault, machine=Machine()).version == "1.20.0"


def test_a_vault_that_is_none_is_refused_with_its_path(tmp_path: Path) -> None:
    program(tmp_path, "vault", "exit 1")
    with pytest.raises(StackError) as caught:
        find_server("auto", tmp_path, silent, environ={"PATH": str(tmp_path)})
    assert str(tmp_path / "vault") in caught.value.what


def test_an_unknown_server_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_server("etcd", tmp_path, silent)


def test_a_server_that_ends_early_shows_its_last_line_without_its_token(tmp_path: Path) -> None:
    vault = program(
        tmp_path / "bin",
        "vault",
        '[ "$1" = version ] && { echo Vault v9.9.9; exit; }\n'
        'echo starting; echo "Error with $VAULT_DEV_ROOT_TOKEN_ID: no memory"; exit 1',
    )
    source = dev_server(ServerKind.VAULT, vault, machine=Machine())
    with pytest.raises(StackError) as caught:
        source.start(tmp_path, tag=f"early-{tmp_path.name}")
    assert caught.value.why == f"Error with {Secret.MASK}: no memory"


def test_a_lost_port_is_tried_again_with_another(tmp_path: Path) -> None:
    vault = program(
        tmp_path / "bin",
        "vault",
        '[ "$1" = version ] && { echo Vault v9.9.9; exit; }\n'
        f'echo "$@" >>{tmp_path}/asked; echo "listen tcp: bind: address already in use"; exit 1',
    )
    source = dev_server(ServerKind.VAULT, vault, machine=Machine())
    with pytest.raises(StackError):
        source.start(tmp_path, tag=f"port-{tmp_path.name}")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 5
    assert len(set(asked)) > 1
    assert not any("token" in line.replace("no-store-token", "") for line in asked)


def test_nobody_answers_is_a_status_of_its_own() -> None:
    assert ask(f"http://127.0.0.1:{free_port()}", "/v1/sys/health") == Answer(0)


def test_a_server_that_never_answers_is_given_up() -> None:
    with pytest.raises(StackError) as caught:
        wait_until_healthy(
            f"http://127.0.0.1:{free_port()}",
            TOKEN,
            clock=PlayedClock(),
            fail_if_gone=lambda: None,
        )
    assert "60 s" in caught.value.why


def test_a_refused_audit_device_is_one_clear_error() -> None:
    with pytest.raises(StackError):
        enable_audit(f"http://127.0.0.1:{free_port()}", TOKEN, "/nowhere")


def test_the_packaged_openbao_is_there() -> None:
    assert identify(openbao_binary()) is not None


# docker


@pytest.mark.parametrize(
    "daemon",
    [
        "unix:///var/run/docker.sock",
        "tcp://127.0.0.1:2375",
        "tcp://localhost:2375",
        "npipe:////./x",
    ],
)
def test_a_daemon_of_this_machine_is_fine(daemon: str) -> None:
    docker.refuse_distant(daemon)


@pytest.mark.parametrize("daemon", ["tcp://10.0.0.5:2375", "ssh://me@build", "tcp://build:2376"])
def test_a_distant_daemon_is_refused(tmp_path: Path, daemon: str) -> None:
    environ = {"DOCKER_HOST": daemon, "PATH": str(tmp_path)}
    with pytest.raises(StackError) as caught:
        find_server("docker", tmp_path, silent, environ=environ)
    assert "another machine" in caught.value.what


def test_no_daemon_is_one_clear_error(tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with pytest.raises(docker.DaemonGoneError) as caught:
        find_server("docker", tmp_path, silent, environ=environ)
    assert "none.sock" in caught.value.what
    assert "\n" not in caught.value.why


def test_a_daemon_that_is_gone_runs_no_container(tmp_path: Path) -> None:
    daemon = f"unix://{tmp_path}/none.sock"
    assert not docker.container_alive(ContainerRecord("c" * 64, daemon))
    docker.remove_tagged(daemon, "tag")


def test_a_rootless_daemon_is_refused() -> None:
    docker.refuse_rootless({"SecurityOptions": ["name=seccomp"]})
    docker.refuse_rootless({})
    with pytest.raises(StackError):
        docker.refuse_rootless({"SecurityOptions": ["name=seccomp", "name=rootless"]})


def test_linux_shares_the_host_network_and_a_desktop_publishes_on_loopback() -> None:
    linux = docker.network_for({"OperatingSystem": "Debian GNU/Linux 12"}, 5000)
    assert linux.options == {"network_mode": "host"}
    assert (linux.listen, linux.host_as_seen) == ("127.0.0.1:5000", "127.0.0.1")
    desktop = docker.network_for({"OperatingSystem": "Docker Desktop"}, 5000)
    assert desktop.options == {"ports": {"8200/tcp": ("127.0.0.1", 5000)}}
    assert desktop.host_as_seen == "host.docker.internal"


def test_the_token_is_never_on_the_containers_command_line(tmp_path: Path) -> None:
    network = docker.network_for({}, 5000)
    options = docker.container_options(network, tmp_path, TOKEN, "tag")
    environment = options.pop("environment")
    assert environment["VAULT_DEV_ROOT_TOKEN_ID"] == TOKEN.reveal()
    assert TOKEN.reveal() not in json.dumps(options)


def test_the_image_can_be_chosen() -> None:
    compose = (Path(__file__).parents[3] / "docker-compose.yml").read_text()
    assert f"image: ${{VAULT_IMAGE:-{docker.image_of({})}}}" in compose
    assert docker.image_of({"VAULT_IMAGE": "mine:1"}) == "mine:1"
