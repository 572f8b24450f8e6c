"""Files that would win over the endpoint are put out of the way; nothing of theirs is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.session import Session

from tests.support.disk import full_disk
from tests.support.memory_vault import made_up_key
from vaultaws.handoff.shadow import shadowed, without_choices

KEY = made_up_key(7)
SECRET = "never" + "-shown" * 4
KEPT = "[default]\nregion = eu-west-2\ns3 =\n  max_concurrent_requests = 20\n"
CHOICES = [
    f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n",
    "credential_process = /bin/false\n",
    "role_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Environment\n",
    "sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = x\n",
    "Credential_Process=\n  /bin/false\n",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    return tmp_path


def environ_of(home: Path) -> dict[str, str]:
    return {"HOME": str(home)}


def test_nothing_that_chooses_nothing_to_hide(home: Path, tmp_path: Path) -> None:
    (home / ".aws" / "config").write_text(KEPT)
    (home / ".aws" / "credentials").write_text("[other]\naws_access_key_id = x\n")
    assert shadowed(tmp_path, environ_of(home)) == {"BOTO_CONFIG": os.devnull}


@pytest.mark.parametrize("choice", CHOICES)
def test_what_chooses_goes_and_the_rest_stays(home: Path, tmp_path: Path, choice: str) -> None:
    more = "[profile dev]\nregion = us-east-1\n"
    before = KEPT.replace("region", choice + "region") + more
    (home / ".aws" / "config").write_text(before)
    found = shadowed(tmp_path, environ_of(home))
    assert Path(found["AWS_CONFIG_FILE"]).read_text() == KEPT + more
    assert (home / ".aws" / "config").read_text() == before


def test_a_config_that_is_not_utf_8_is_copied_byte_for_byte(home: Path, tmp_path: Path) -> None:
    kept = "# from M\u00fcller\r\n[profile dev]\r\nregion = x\r\n".encode("latin-1")
    chosen = b"[default]\r\ncredential_process = /bin/false\r\n"
    (home / ".aws" / "config").write_bytes(chosen + kept)
    found = shadowed(tmp_path, environ_of(home))
    assert Path(found["AWS_CONFIG_FILE"]).read_bytes() == b"[default]\r\n" + kept


def test_a_default_in_the_credentials_file_hides_the_file(home: Path, tmp_path: Path) -> None:
    (home / ".aws" / "credentials").write_text(f"[ default ]\naws_access_key_id = {KEY}\n")
    assert shadowed(tmp_path, environ_of(home))["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_no_secret_of_another_profile_is_copied() -> None:
    text = f"[default]\nrole_arn = x\n[profile b]\n{CHOICES[0]}region = x\n"
    assert without_choices(text) == "[default]\n[profile b]\nregion = x\n"


def test_files_named_by_variables_count(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("[profile default]\nrole_arn = x\n")
    environ = environ_of(home) | {"AWS_CONFIG_FILE": str(tmp_path / "mine")}
    assert Path(shadowed(tmp_path, environ)["AWS_CONFIG_FILE"]).read_text() == "[profile default]\n"


def test_botocore_finds_no_credentials_in_what_is_left(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".aws" / "config").write_text("[default]\nregion = eu-west-2\n" + CHOICES[0])
    (home / ".aws" / "credentials").write_text("[default]\n" + CHOICES[0])
    monkeypatch.setenv("HOME", str(home))
    assert Session().get_credentials() is not None
    for name, value in shadowed(tmp_path, environ_of(home)).items():
        monkeypatch.setenv(name, value)
    assert Session().get_credentials() is None
    assert Session().get_config_variable("region") == "eu-west-2"


def test_a_full_disk_is_an_error_and_no_half_file_is_used(home: Path, tmp_path: Path) -> None:
    (home / ".aws" / "config").write_text(KEPT + CHOICES[1])
    with full_disk(3), pytest.raises(OSError, match="File too large"):
        shadowed(tmp_path, environ_of(home))
