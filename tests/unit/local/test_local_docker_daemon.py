"""What we ask of a docker daemon, spoken by a small one on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stage import Reply, Seen, Stage
from vaultaws.errors import StackError
from vaultaws.local.processes import Machine
from vaultaws.local.progress import silent
from vaultaws.local.servers import docker
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.find import find_server

VERSION = {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}
HERE = [{"Id": "sha256:1", "RepoTags": ["mine:1"]}]


class Daemon:
    """Answers version, info, images and pulls, as the Docker Engine API says."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {"OperatingSystem": "Debian"}
        self.images: list[dict[str, Any]] = []
        self.pulled = Reply(body=b"")
        self.stage = Stage(self.answer)

    def answer(self, asked: Seen) -> Reply:
        path = asked.path.split("?")[0].removeprefix("/v1.41")
        if path.startswith("/images/sha256:"):
            return Reply(body=self.images[0])
        known = {
            "/version": Reply(body=VERSION),
            "/info": Reply(body=self.info),
            "/images/json": Reply(body=self.images),
            "/images/create": self.pulled,
        }
        return known.get(path, Reply(404, {"message": f"no {path}"}))

    def asked(self, path: str) -> list[str]:
        return [seen.path for seen in self.stage.seen if path in seen.path]

    @property
    def environ(self) -> dict[str, str]:
        return {
            "DOCKER_HOST": self.stage.address.replace("http", "tcp", 1),
            "VAULT_IMAGE": "mine:1",
        }


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon()
    yield made
    made.stage.stop()


def events(*said: dict[str, str]) -> Reply:
    """The daemon streams events, one chunk each."""
    lines = [(json.dumps(event) + "\r\n").encode() for event in said]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(line), line) for line in lines)
    return Reply(body=chunks + b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})


def find(daemon: Daemon, seen: list[str] | None = None) -> docker.DockerServer:
    shown: list[str] = [] if seen is None else seen
    return docker.find_docker(daemon.environ, lambda what, _: shown.append(what), Machine())


def test_an_image_at_hand_is_not_pulled(daemon: Daemon) -> None:
    daemon.images = HERE
    assert find(daemon).image == "mine:1"
    assert daemon.asked("/images/create") == []


def test_docker_is_the_automatic_choice_where_it_serves(daemon: Daemon, tmp_path: Path) -> None:
    daemon.images = HERE
    environ = {**daemon.environ, "PATH": str(tmp_path)}
    assert find_server("auto", tmp_path, silent, environ=environ).kind is ServerKind.DOCKER


def test_a_missing_image_is_pulled_by_its_tag_with_progress(daemon: Daemon) -> None:
    daemon.pulled = events({"status": "Pulling"}, {"status": "Done"})
    seen: list[str] = []
    find(daemon, seen)
    assert seen == ["pulling mine:1"] * 3
    [asked] = daemon.asked("/images/create")
    assert "fromImage=mine" in asked
    assert "tag=1" in asked


@pytest.mark.parametrize(
    "refusal",
    [
        events({"status": "Pulling"}, {"error": "no such host\nsecond line"}),
        Reply(500, {"message": "no such host\nsecond line"}),
    ],
)
def test_an_image_that_cannot_be_pulled_is_one_clear_error(daemon: Daemon, refusal: Reply) -> None:
    daemon.pulled = refusal
    with pytest.raises(StackError) as caught:
        find(daemon)
    assert caught.value.why == "no such host"
    assert "VAULT_IMAGE" in caught.value.do


def test_a_rootless_daemon_is_refused_before_anything_is_pulled(daemon: Daemon) -> None:
    daemon.info = {"SecurityOptions": ["name=rootless"]}
    with pytest.raises(StackError) as caught:
        find(daemon)
    assert "rootless" in caught.value.what
    assert daemon.asked("/images") == []


def test_a_daemon_that_answers_nonsense_is_one_clear_error(daemon: Daemon) -> None:
    daemon.stage.stop()
    broken = Stage(lambda _: Reply(body=b"<html>"))
    try:
        with pytest.raises(StackError), docker.connected(broken.address.replace("http", "tcp")):
            pass
    finally:
        broken.stop()
