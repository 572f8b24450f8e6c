"""Terraform stopped midway: the server gone or sealed, a signal, a lock, a death of ours."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import SERVERS
from tests.integration.infra.test_terraform_first import ran
from tests.support.relay import Asked, CutError, Relay
from tests.support.sealing import unseal_key
from tests.support.terraform import terraform_environ
from tests.support.terraformed import Stand
from tests.support.waiting import until
from tests.support.wired import must, wire_up
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer

pytestmark = pytest.mark.parametrize("server", SERVERS[:1], indirect=True)
"""What Terraform does when it is stopped does not depend on the server."""

ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ROLES = "\n".join(
    f'    r{number} = {{ credential_type = "iam_user", policy_arns = ["{ARN}"] }}'
    for number in range(6)
)
LOCK = ".terraform.tfstate.lock.info"


@pytest.fixture
def relay(server: RunningServer) -> Iterator[Relay]:
    relay = Relay(server.address)
    yield relay
    relay.stop()


@pytest.fixture
def ready(stand: Stand, relay: Relay) -> Stand:
    """Six roles, not yet applied."""
    stand.write(f"  roles = {{\n{ROLES}\n  }}\n")
    ran(stand.shell(), "init")
    return stand


def roles_of(stand: Stand) -> set[str]:
    answer = stand.wired.ask(f"{stand.mount}/roles", method="LIST")
    return set(answer.body["data"]["keys"]) if answer.status == 200 else set()


def of_roles(asked: Asked) -> bool:
    return "/roles/" in asked.path


class Pause:
    """Holds the first write of a role until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def __call__(self, asked: Asked) -> None:
        if of_roles(asked):
            self.reached.set()
            self.released.wait(timeout=60)


def test_a_server_that_goes_midway_is_named_and_the_next_apply_ends_it(
    ready: Stand, relay: Relay
) -> None:
    def cut(asked: Asked) -> None:
        if of_roles(asked):
            raise CutError

    relay.after = cut
    through = ready.shell(VAULT_ADDR=relay.address, VAULT_MAX_RETRIES="0")
    said = ran(through, "apply", "--yes", code=2)
    assert "terraform apply failed" in said
    assert "what was written until then is in the state" in said
    relay.after = lambda _: None
    assert ran(ready.shell(), "apply", "--yes")
    assert "No changes." in ran(ready.shell(), "plan", "--detailed-exitcode")
    assert len(roles_of(ready)) == 6
    gone = ran(ready.shell(VAULT_ADDR="http://127.0.0.1:9"), "plan", code=2)
    assert "terraform plan stopped: " in gone
    assert "nothing was done" in gone


def test_a_server_that_is_sealed_midway_is_named_and_the_next_apply_ends_it(
    own_server: RunningServer,
    local_aws: LocalAws,
    tmp_path: Path,
    terraform_path: Path,
    terraform_settings: Path,
) -> None:
    wired = wire_up(own_server, local_aws, AwsOptions())
    environ = terraform_environ({"PATH": os.defpath}, terraform_path, terraform_settings)
    stand = Stand(wired, tmp_path, environ)
    stand.write(f"  roles = {{\n{ROLES}\n  }}\n")
    ran(stand.shell(), "init")
    key = unseal_key(own_server)
    relay = Relay(own_server.address)

    def seal(asked: Asked) -> None:
        if of_roles(asked):
            wired.ask("sys/seal", method="PUT")

    relay.after = seal
    try:
        through = stand.shell(VAULT_ADDR=relay.address, VAULT_MAX_RETRIES="0")
        said = ran(through, "apply", "--yes", code=2)
    finally:
        relay.stop()
    assert "is sealed" in said
    assert "what was written until then is in the state" in said
    must(wired.ask("sys/unseal", {"key": key}, method="PUT"))
    assert ran(stand.shell(), "apply", "--yes")
    assert "No changes." in ran(stand.shell(), "plan", "--detailed-exitcode")
    assert len(roles_of(stand)) == 6


def test_a_locked_state_is_told_and_ctrl_c_frees_it(ready: Stand, relay: Relay) -> None:
    pause = Pause()
    relay.before = pause
    through = ready.shell(VAULT_ADDR=relay.address)
    with through.start("terraform", "apply", "--yes") as applying:
        assert pause.reached.wait(timeout=60)
        locked = ran(ready.shell(), "apply", "--yes", code=1)
        assert "the state is locked" in locked
        assert " has held it since " in locked
        applying.send_signal(signal.SIGINT)
        threading.Timer(1, pause.released.set).start()
        out, err = applying.communicate(timeout=120)
    assert applying.returncode == 130, out + err
    assert "note:  Terraform has ended; what it wrote until then is in its state" in err
    assert not (ready.directory / LOCK).exists()
    assert ran(ready.shell(), "apply", "--yes")
    assert len(roles_of(ready)) == 6


def test_a_death_of_ours_leaves_terraform_to_end_in_order(ready: Stand, relay: Relay) -> None:
    pause = Pause()
    relay.before = pause
    through = ready.shell(VAULT_ADDR=relay.address)
    with through.start("terraform", "apply", "--yes") as applying:
        assert pause.reached.wait(timeout=60)
        applying.kill()
        pause.released.set()
        applying.communicate(timeout=120)
    until(lambda: not (ready.directory / LOCK).exists())
    assert ran(ready.shell(), "apply", "--yes")
    assert "No changes." in ran(ready.shell(), "plan", "--detailed-exitcode")


def test_what_is_missing_is_said_before_anything_runs(stand: Stand, tmp_path: Path) -> None:
    stand.write("")
    assert "is not initialised" in ran(stand.shell(), "plan", code=1)
    nowhere = stand.shell(PATH=str(tmp_path))
    assert "there is no terraform on PATH" in ran(nowhere, "init", code=1)
    key = "secret_key=" + "k" * 40
    refused = ran(stand.shell(), "init", "--backend-config", key, code=1)
    assert "--backend-config secret_key carries what looks like a key" in refused
    assert key not in refused
    kept = stand.directory / "s3.tfbackend"
    kept.write_text('bucket = "x"\naccess_key = "' + "AK" + "IA" + "X" * 16 + '"\n')
    filed = ran(stand.shell(), "init", "--backend-config", kept.name, code=1)
    assert "what looks like a key" in filed
    no_token = ran(stand.shell(VAULT_TOKEN=""), "plan", code=2)
    assert "no token for the server" in no_token


def test_a_configuration_that_is_wrong_is_not_vaults_fault(ready: Stand) -> None:
    ready.write('  roles = { "../config/root" = { credential_type = "iam_user" } }\n')
    said = ran(ready.shell(), "plan", code=1)
    assert "A role's name has letters, digits" in said
    assert "for what . declares" in said


def test_workspace_variables_and_backend_are_passed_on(ready: Stand) -> None:
    module = (ready.directory / "main.tf").read_text()
    head = 'terraform {\n  backend "local" {}\n}\nvariable "words" {}\n'
    main = head + module.replace("  roles", "  description = var.words\n  roles")
    (ready.directory / "main.tf").write_text(main)
    shell = ready.shell()
    ran(shell, "init", "--reconfigure", "--backend-config", "path=kept/here.tfstate")
    missing = ran(shell, "plan", code=1)
    assert "No value for required variable" in missing
    said = ("--workspace", "blue", "--var", "words=two  words")
    planned = shell.json("terraform", "plan", *said)
    assert planned["workspace"] == "blue"
    mount = next(each for each in planned["changes"] if each["type"] == "vault_mount")
    told = {field["name"]: field["new"] for field in mount["fields"]}
    assert told["description"] == '"two  words"'
    ran(shell, "plan", *said, "--out", "saved.plan")
    assert (ready.directory / "saved.plan").stat().st_mode & 0o777 == 0o600
    applied = ran(shell, "apply", "--workspace", "blue", "--plan", "saved.plan", "--yes")
    assert "Apply complete!" in applied
    assert (ready.directory / "terraform.tfstate.d" / "blue").exists()
