"""Vault's own key, as the environment gives it: never shown, also when it is given wrongly."""

from __future__ import annotations

import pytest

from vaultaws.cli.root_secret import root_secret
from vaultaws.errors import UsageError

KEY_ID = "AKIA" + "EXAMPLE7" * 2
SECRET = "made-up/" * 5


def test_a_pair_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, f" {KEY_ID} ", SECRET)
    found = root_secret("env")
    assert found is not None
    key_id, secret = found
    assert (key_id, secret.reveal()) == (KEY_ID, SECRET)


@pytest.mark.parametrize("key_id", [SECRET, "Aa1" * 9, "AKIA7", "AKIA EXAMPLE EXAMP", KEY_ID * 8])
def test_what_is_no_key_id_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, key_id: str
) -> None:
    give(monkeypatch, key_id, KEY_ID)
    with pytest.raises(UsageError, match="is none") as refused:
        root_secret("env")
    assert key_id not in refused.value.describe()
    assert "wrong way round" in refused.value.do


def give(monkeypatch: pytest.MonkeyPatch, key_id: str, secret: str) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
