"""The declared file: what is read, and every fault named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultaws.config.load import load
from vaultaws.errors import ConfigError
from vaultaws.model import CredentialType

GOOD = """
[mount]
path = "aws"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

[root]
region = "eu-west-2"

[roles.reader]
credential_type = "iam_user"
policy = "reader.json"

[roles.reader-sts]
credential_type = "federation_token"
policy = "reader.json"
default_ttl = "15m"
max_ttl = "1h"

[access.analysts]
roles = ["reader"]
members = { userpass = ["ada"] }
"""
STATEMENT = '{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}'
POLICY = f'{{"Version": "2012-10-17", "Statement": [{STATEMENT}]}}'


def write(folder: Path, text: str, policy: str | bytes = POLICY) -> Path:
    raw = policy if isinstance(policy, bytes) else policy.encode()
    (folder / "reader.json").write_bytes(raw)
    file = folder / "vaultaws.toml"
    file.write_text(text)
    return file


def test_a_good_file_becomes_values(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert config.mount.default_lease_ttl_seconds == 900
    assert config.root is not None
    assert config.root.region == "eu-west-2"
    reader, sts = config.roles
    assert reader.credential_type is CredentialType.IAM_USER
    assert sts.max_sts_ttl_seconds == 3600
    assert sts.policy_document is not None
    assert config.access[0].members == (("userpass", ("ada",)),)


def test_every_fault_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace('region = "eu-west-2"', "regoin = 3").replace(
        '"15m"\nmax_ttl', '"soon"\nmax_ttl'
    )
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    said = caught.value.describe()
    assert 'vaultaws.toml:8:1:   root.regoin: unknown key (did you mean "region"?)' in said
    assert "2 faults" in said
    assert "roles.reader-sts.default_ttl" in said


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (('path = "aws"', "path = 3"), "not a string"),
        (('path = "aws"', 'path = "a b"'), "not a mount path"),
        (('"iam_user"', '"iam_usr"'), "not one of iam_user"),
        (('"15m"\nmax_lease', "true\nmax_lease"), "span of time"),
        (('"15m"\nmax_ttl', '"0s"\nmax_ttl'), "longer than 0"),
        (("[mount]", "[mont]"), 'did you mean "mount"'),
        (('roles = ["reader"]', 'roles = ["reeder"]'), 'no role "reeder"'),
        (('roles = ["reader"]', 'roles = "reader"'), "list of strings"),
        (('{ userpass = ["ada"] }', '"ada"'), "not a table"),
        (('policy = "reader.json"\ndefault', 'policy = "none.json"\ndefault'), "no policy file"),
        (("[roles.reader]\ncredential_type", "[roles.reader]\n#"), "no credential_type"),
        (("[roles.reader]", "[roles]\nx = 1\n[roles.reader]"), "not a table"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, change: tuple[str, str], word: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, GOOD.replace(*change, 1)))
    assert word in caught.value.describe()


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "reader.json:1:2: "),
        (b"Version: 2012", "looks like YAML"),
        (b'{"Statement": [1], "Statement": [2]}', "stands twice"),
        (b"[]", "not a JSON object"),
        (b"{}", "no Statement"),
        (b"[" * 30_000, "nested too deeply"),
        (b" " * 70_000, "larger than"),
    ],
)
def test_bad_policy_files_are_named(tmp_path: Path, policy: bytes, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, GOOD, policy))
    assert word in caught.value.describe()


def test_a_directory_for_a_policy(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace('"reader.json"', '"."', 1))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert '"." is not a policy: it is a directory' in caught.value.describe()


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"a = = 1", "not TOML"),
        (b"\xff", "1:1:  byte 0 (0xff) is not UTF-8"),
        (None, "no file"),
        ("dir", "it is a directory"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, raw: bytes | str | None, word: str) -> None:
    file = tmp_path / "vaultaws.toml"
    if isinstance(raw, bytes):
        file.write_bytes(raw)
    elif raw == "dir":
        file.mkdir()
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert word in caught.value.describe()
