"""`mfa device`: from creation to removal, with a person's authenticator and with the keyring."""

from __future__ import annotations

import json
import re
import sys

import pytest

from tests.support.aws_clients import allow, client, document
from tests.support.devices import NAME, Authenticator, Person
from tests.support.terminal import at_terminal

LONG_TERM = ("--profile", f"{NAME}-long-term")
SECRET = re.compile(r"secret: ([A-Z2-7]{32,})")


@pytest.fixture
def bare(person: Person) -> Person:
    """Ada without a device in use."""
    iam = client(person.aws, "iam")
    iam.deactivate_mfa_device(UserName=NAME, SerialNumber=person.serial)
    iam.delete_virtual_mfa_device(SerialNumber=person.serial)
    person.credentials_file.write_text(
        re.sub(r"aws_mfa_device = .*\n", "", person.credentials_file.read_text())
    )
    return person


def serials(person: Person) -> list[str]:
    found = client(person.aws, "iam").list_virtual_mfa_devices()["VirtualMFADevices"]
    return [each["SerialNumber"] for each in found]


def test_a_device_shown_on_the_terminal_enabled_used_and_removed(bare: Person) -> None:
    status, screen = at_terminal(bare.shell, "mfa", "device", "create", *LONG_TERM)
    assert status == 0, screen
    (secret,) = SECRET.findall(screen)
    assert sum(screen.count(block) for block in "█▀▄") > 200
    assert serials(bare) == [bare.serial]
    assert (
        f"{bare.serial}  not enabled" in bare.shell.run("mfa", "device", "list", *LONG_TERM).stdout
    )
    authenticator = Authenticator(bare.aws, secret)
    first, second = authenticator.pair()
    status, screen = at_terminal(
        bare.shell,
        *("mfa", "device", "enable", *LONG_TERM),
        answers=[
            (f"MFA code of {bare.serial}: ", f"{first}\n"),
            ("the code it shows after that one: ", f"{second}\n"),
        ],
    )
    assert status == 0, screen
    assert f"{bare.serial} is in use" in screen
    listed = bare.shell.json("mfa", "device", "list", *LONG_TERM)
    assert (listed["version"], listed["user"]) == (1, NAME)
    (device,) = listed["devices"]
    assert (device["serial_number"], device["virtual"]) == (bare.serial, True)
    with bare.credentials_file.open("a") as file:
        file.write(f"aws_mfa_device = {bare.serial}\n")
    done = bare.shell.run("mfa", "login", NAME, "--code", authenticator.fresh())
    assert done.returncode == 0, done.stderr
    gone = bare.shell.run("mfa", "device", "remove", "--profile", NAME, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert serials(bare) == []


def test_a_device_kept_in_the_keyring_makes_its_own_codes(bare: Person) -> None:
    done = bare.shell.run("mfa", "device", "create", "--store", *LONG_TERM)
    assert done.returncode == 0, done.stderr
    kept = json.loads((bare.shell.directory / "keyring.json").read_text())
    (secret,) = kept.values()
    assert secret not in done.stdout + done.stderr
    done = bare.shell.run("mfa", "device", "enable", *LONG_TERM)
    assert done.returncode == 0, done.stderr
    done = bare.shell.run("mfa", "login", NAME, "--device", bare.serial)
    assert done.returncode == 0, done.stderr
    assert secret not in done.stdout + done.stderr
    done = bare.shell.run("mfa", "device", "remove", "--profile", NAME, "--yes")
    assert done.returncode == 0, done.stderr
    assert json.loads((bare.shell.directory / "keyring.json").read_text()) == {}


def test_a_secret_is_never_written_elsewhere(bare: Person) -> None:
    done = bare.shell.run("mfa", "device", "create", *LONG_TERM)
    assert (done.returncode, done.stdout) == (1, "")
    assert "shown on a terminal only" in done.stderr
    assert "--store" in done.stderr
    (bare.shell.directory / "LOCKED").touch()
    done = bare.shell.run("mfa", "device", "create", "--store", *LONG_TERM)
    assert done.returncode == 1
    assert "KeyringLocked" in done.stderr
    assert serials(bare) == []


def test_a_program_that_prints_the_same_code_enables_nothing(bare: Person) -> None:
    bare.shell.run("mfa", "device", "create", "--store", *LONG_TERM)
    done = bare.shell.run(
        "mfa", "device", "enable", *LONG_TERM, "--code", "111111", "--code", "222222"
    )
    assert done.returncode == 2
    assert "InvalidAuthenticationCode" in done.stderr
    assert "one after the other" in done.stderr
    one = bare.shell.run("mfa", "device", "enable", *LONG_TERM, "--code", "111111")
    assert (one.returncode, "two codes in a row are needed" in one.stderr) == (1, True)


def test_a_device_that_is_off_is_set_right(person: Person) -> None:
    codes = [word for code in person.authenticator.pair(41) for word in ("--code", code)]
    done = person.shell.run("mfa", "device", "resync", *LONG_TERM, *codes)
    assert done.returncode == 0, done.stderr
    later = person.authenticator.code(42)
    assert person.shell.run("mfa", "login", NAME, "--code", later).returncode == 0


def test_a_name_that_is_taken(person: Person) -> None:
    done = person.shell.run("mfa", "device", "create", "--store", *LONG_TERM)
    assert done.returncode == 2
    assert "EntityAlreadyExists" in done.stderr
    assert "vaultaws mfa device list" in done.stderr
    assert (
        not (person.shell.directory / "keyring.json").exists()
        or json.loads((person.shell.directory / "keyring.json").read_text()) == {}
    )


def test_removal_is_asked_for(person: Person) -> None:
    quiet = person.shell.run("mfa", "device", "remove", *LONG_TERM)
    assert (quiet.returncode, "needs a yes" in quiet.stderr) == (1, True)
    status, screen = at_terminal(
        person.shell, "mfa", "device", "remove", *LONG_TERM, answers=[("Remove ", "n\n")]
    )
    assert status == 1, screen
    assert serials(person) == [person.serial]
    other = person.shell.run("mfa", "device", "remove", "--device", "none", *LONG_TERM, "--yes")
    assert f"AWS lists: {person.serial}" in other.stderr


def test_a_device_of_another_name_that_was_never_enabled_can_be_removed(bare: Person) -> None:
    done = bare.shell.run("mfa", "device", "create", "spare", "--store", *LONG_TERM)
    assert done.returncode == 0, done.stderr
    (serial,) = serials(bare)
    device = ("--device", serial, "--yes")
    gone = bare.shell.run("mfa", "device", "remove", *device, *LONG_TERM)
    assert gone.returncode == 0, gone.stderr
    assert serials(bare) == []


def test_no_right_to_manage_devices(bare: Person) -> None:
    client(bare.aws, "iam").put_user_policy(
        UserName=NAME, PolicyName="own", PolicyDocument=document(allow("sts:*"))
    )
    for words in (("list",), ("create", "--store"), ("resync",)):
        done = bare.shell.run("mfa", "device", *words, *LONG_TERM)
        assert (done.returncode, done.stdout) == (2, "")
        assert "AccessDenied" in done.stderr
        assert "the right to manage your own device" in done.stderr


def test_a_role_has_no_device(person: Person) -> None:
    person.role("Plain")
    script = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    inner = (sys.executable, "-m", "vaultaws", "mfa", "device", "list")
    done = person.shell.run(
        "mfa", "assume", "Plain", "--profile", NAME, "--code", person.authenticator.fresh(),
        "--", sys.executable, "-c", script, *inner,
    )  # fmt: skip
    assert done.returncode == 1
    assert "MFA devices belong to IAM users" in done.stderr
