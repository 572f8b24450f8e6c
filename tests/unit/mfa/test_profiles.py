"""Reading ~/.aws: names, layouts, places, and faults that quote nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultaws.errors import ConfigError
from vaultaws.mfa.profiles import (
    Places,
    chosen_profile,
    environment_keys,
    keys_of,
    places_of,
    read_book,
)


def book_of(tmp_path: Path, credentials: str = "", config: str = "") -> Places:
    places = Places(tmp_path / "credentials", tmp_path / "config")
    places.credentials.write_text(credentials)
    places.config.write_text(config)
    return places


def test_the_credentials_file_wins_and_both_are_joined(tmp_path: Path) -> None:
    places = book_of(
        tmp_path,
        "[a]\naws_access_key_id = one\n[only-here]\nx = 1\n",
        "[default]\nregion = eu-west-1\n[profile a]\naws_access_key_id = two\nregion = eu-west-2\n"
        '[profile "two words"]\nregion = eu-west-3\n[sso-session s]\nx = 1\n[profile]\ny = 2\n'
        "[profile 'open]\nz = 3\n",
    )
    book = read_book(places)
    assert book.profile("a") == {"aws_access_key_id": "one", "region": "eu-west-2"}
    assert book.profile("two words") == {"region": "eu-west-3"}
    assert book.names == ("a", "only-here", "default", "two words")
    assert book.profile("nobody") == {}


def test_files_that_are_not_there_are_empty(tmp_path: Path) -> None:
    assert read_book(Places(tmp_path / "no", tmp_path / "none")).names == ()


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("[a]\nx = 1\n[a]\n", 3, "twice"),
        ("[a]\nx = SECRET\nx = SECRET\n", 3, "twice"),
        ("SECRET = 1\n[a]\n", 1, "before the first"),
        ("[a]\nSECRET\n", 2, "neither"),
        ("\ufeff[a]\nx = SECRET\n", 1, "before the first"),
    ],
)
def test_a_fault_names_its_line_and_quotes_nothing(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    with pytest.raises(ConfigError) as error:
        read_book(book_of(tmp_path, text))
    told = error.value.describe()
    assert f"credentials:{line} " in told
    assert why in told
    assert "SECRET" not in told


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    places = book_of(tmp_path)
    places.credentials.write_bytes(b"[a]\nx = \xff\xfe\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_book(places)


def test_the_places_are_those_of_aws() -> None:
    home = Path("/home/ada")
    assert places_of({}, home) == Places(home / ".aws/credentials", home / ".aws/config")
    said = {"AWS_SHARED_CREDENTIALS_FILE": "/x/keys", "AWS_CONFIG_FILE": "~/c"}
    assert places_of(said, home) == Places(Path("/x/keys"), home / "c")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "default"),
        ({"AWS_DEFAULT_PROFILE": "b"}, "b"),
        ({"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"}, "a"),
    ],
)
def test_the_profile_is_the_one_aws_takes(environ: dict[str, str], name: str) -> None:
    assert chosen_profile(environ) == name


def test_half_a_key_is_none() -> None:
    assert keys_of({"aws_access_key_id": "a"}) is None
    assert environment_keys({"AWS_SECRET_ACCESS_KEY": "b"}) is None
    whole = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_security_token": "c"}
    found = keys_of(whole)
    assert found is not None
    assert found.session_token is not None
