"""Where the audit log is, and what may be known of Vault's own user with a small token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.memory_vault import made_up_key
from tests.support.stage import Reply, Stage, as_script
from vaultaws.cli import evidence
from vaultaws.local.ports import free_port
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

Answering = Callable[[Reply], HvacVault]
DENIED = Reply(403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]})


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers one thing, whatever it is asked."""
    stages: list[Stage] = []

    def open_one(reply: Reply) -> HvacVault:
        stages.append(Stage(as_script(reply)))
        return HvacVault(ConnectionSettings(address=stages[-1].address, token=Secret("made-up")))

    yield open_one
    for stage in stages:
        stage.stop()


def test_the_audit_log_is_what_was_said_else_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evidence.audit_log_path(None) is None
    assert evidence.audit_log_path("said.log") == Path("said.log")
    file = tmp_path / "vaultaws.toml"
    file.write_text('[mount]\npath = "aws"\n')
    assert evidence.audit_log_path(None) is None
    file.write_text('[trail]\naudit_log = "logs/audit.log"\n')
    assert evidence.audit_log_path(None) == Path("logs/audit.log")
    assert evidence.read_audit_log(None, "aws") is None


def test_a_device_that_may_not_be_seen_is_none(answering: Answering) -> None:
    vault = answering(DENIED)
    assert evidence.only_device(vault) is None
    assert evidence.digest_with(vault, None) is None


@pytest.mark.parametrize(
    ("names", "found"), [(["file/"], "file"), (["a/", "b/"], None), ([], None)]
)
def test_the_only_device_is_taken(
    answering: Answering, names: list[str], found: str | None
) -> None:
    devices = {name: {"type": "file", "options": {}} for name in names}
    assert evidence.only_device(answering(Reply(200, {"data": devices}))) == found


@pytest.mark.parametrize("reply", [DENIED, Reply(404, {"errors": []}), Reply(200, {"data": {}})])
def test_a_root_that_cannot_be_known(answering: Answering, reply: Reply) -> None:
    assert evidence.root_user(answering(reply), "aws") == ("", "")


def test_a_key_whose_owner_aws_does_not_tell(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made_up_key(1))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    key = made_up_key(2)
    vault = answering(Reply(200, {"data": {"access_key": key, "region": "eu-west-2"}}))
    assert evidence.root_user(vault, "aws") == (key, "")
