"""`mfa_process` and the keyring: programs and stores that may fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.file_keyring import FileKeyring
from vaultaws.errors import LocalStateError, UsageError
from vaultaws.mfa.process import code_from
from vaultaws.mfa.secretkept import KeptSecrets
from vaultaws.model import Secret

SERIAL = "arn:aws:iam::123456789012:mfa/ada"


def program(text: str) -> str:
    return f'"{sys.executable}" -c "{text}"'


def test_the_program_prints_the_code() -> None:
    assert code_from(program("print(' 123456 ')")) == Secret("123456")


def test_there_is_no_shell() -> None:
    words = program("import sys; print(sys.argv[1:])") + " '$HOME' '; echo x' | cat"
    assert code_from(words).reveal() == "['$HOME', '; echo x', '|', 'cat']"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "names no program"),
        ("'open", "No closing quotation"),
        ("/no/such/program", "No such file"),
        (program("import sys; print('SECRET'); sys.exit(3)"), "it ended with 3"),
    ],
)
def test_a_program_that_fails_is_told_without_its_words(command: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        code_from(command)
    assert why in error.value.why
    assert "SECRET" not in error.value.describe()


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(UsageError) as error:
        code_from(program("import time; time.sleep(60)"), seconds=0.2)
    assert "within 0.2 seconds" in error.value.why


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptSecrets:
    monkeypatch.setenv("FILE_KEYRING", str(tmp_path / "keyring.json"))
    return KeptSecrets(FileKeyring())


def test_a_secret_is_kept_and_forgotten(kept: KeptSecrets) -> None:
    kept.check()
    assert kept.get(SERIAL) is None
    kept.put(SERIAL, Secret("SEED"))
    assert kept.get(SERIAL) == Secret("SEED")
    assert kept.forget(SERIAL)
    assert not kept.forget(SERIAL)
    assert kept.get(SERIAL) is None


def test_a_locked_keyring_keeps_nothing(kept: KeptSecrets, tmp_path: Path) -> None:
    (tmp_path / "LOCKED").touch()
    for action in (kept.check, lambda: kept.put(SERIAL, Secret("SEED"))):
        with pytest.raises(LocalStateError) as error:
            action()
        assert "KeyringLocked" in error.value.why
        assert "SEED" not in error.value.describe()
    assert kept.get(SERIAL) is None
    assert not kept.forget(SERIAL)
