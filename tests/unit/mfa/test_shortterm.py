"""Sessions as aws-mfa 0.0.12 writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vaultaws.mfa.shortterm import NEEDED, kept, section_of
from vaultaws.model import Credentials, Secret

END = datetime(2016, 12, 29, 18, 44, 20, tzinfo=UTC)
SESSION = Credentials("key", Secret("secret"), Secret("token"), END)
ROLE = "arn:aws:iam::123456789012:role/OpsSudo"


def written(role: str = "") -> dict[str, str]:
    return {key: value for key, value in section_of(SESSION, role).items() if value is not None}


@pytest.mark.parametrize("role", ["", ROLE])
def test_what_is_written_is_read_again(role: str) -> None:
    found = kept(written(role))
    assert found is not None
    assert (found.credentials, found.ends_at, found.role_arn) == (SESSION, END, role)


def test_the_form_is_that_of_aws_mfa() -> None:
    section = written()
    assert section["expiration"] == "2016-12-29 18:44:20"
    assert section["assumed_role"] == "False"
    assert section["aws_session_token"] == section["aws_security_token"] == "token"
    assert section_of(SESSION)["assumed_role_arn"] is None
    assert written(ROLE)["assumed_role"] == "True"


def test_the_end_is_written_in_utc() -> None:
    away = END.astimezone(timezone(timedelta(hours=9)))
    session = Credentials("key", Secret("secret"), Secret("token"), away)
    assert section_of(session)["expiration"] == "2016-12-29 18:44:20"


@pytest.mark.parametrize("name", NEEDED)
def test_a_session_that_is_not_whole_is_none(name: str) -> None:
    section = written()
    del section[name]
    assert kept(section) is None


@pytest.mark.parametrize("end", ["", "tomorrow", "2016-12-29T18:44:20Z", "2016-13-01 00:00:00"])
def test_an_end_of_another_form_is_none(end: str) -> None:
    assert kept({**written(), "expiration": end}) is None


def test_a_key_without_token_is_no_session() -> None:
    with pytest.raises(ValueError, match="token"):
        section_of(Credentials("key", Secret("secret")))
