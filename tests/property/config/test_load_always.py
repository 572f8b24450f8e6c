"""Whatever stands in a declared file or a policy file: values, or faults with places; no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vaultaws.config import policies
from vaultaws.config.faults import DeclaredFileError
from vaultaws.config.files import Unreadable
from vaultaws.config.load import load
from vaultaws.config.schema import Config

SOUND = """# a sound file
[mount]
path = "aws" # here
[lease]
default_ttl = "15m"
max_ttl = 3600
[root]
max_retries = 3
sts_fallback_regions = ["a", "b"]
[roles."a.b"]
credential_type = "assumed_role"
role_arns = ["arn:aws:iam::123456789012:role/a"]
session_tags = { team = 'blue', "k ey" = "é" }
[static_roles.s]
username = "ci"
rotation_period = "1d"
[audit.file]
type = "file"
file_path = "/var/log/v"
[access.ops]
roles = ["a.b"]
members = { userpass = ["ada"], entities = [] }
"""
PIECES = st.sampled_from(
    ("[", "]", "{", "}", '"', "'", "=", "\n", "#", ",", ".", "\\", "-1", "[[x]]\n", "true", "\x00")
)
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a:B", "a:C"]}]}'
ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(file: Path, raw: bytes) -> Config | DeclaredFileError:
    file.write_bytes(raw)
    try:
        return load(file)
    except DeclaredFileError as error:
        return error


def mutated(text: str, at: int, length: int, piece: str) -> str:
    start = at % (len(text) + 1)
    return text[:start] + piece + text[start + length :]


@ONCE
@given(st.integers(0, 2000), st.integers(0, 12), st.one_of(PIECES, st.text(max_size=4)))
@example(0, 0, "")
def test_a_damaged_file_is_values_or_faults_with_places(
    tmp_path: Path, at: int, length: int, piece: str
) -> None:
    text = mutated(SOUND, at, length, piece)
    found = outcome(tmp_path / "vaultaws.toml", text.encode("utf-8", errors="surrogatepass"))
    if isinstance(found, Config):
        assert found.text == text.replace("\ufeff", "", 1)
        return
    assert found.faults
    lines = text.split("\n")
    for fault in found.faults:
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
        assert fault.what
        assert fault.do
    said = found.describe()
    assert all(char.isprintable() for char in said.replace("\n", ""))


@ONCE
@given(st.binary(max_size=200))
def test_any_bytes_are_values_or_faults(tmp_path: Path, raw: bytes) -> None:
    found = outcome(tmp_path / "vaultaws.toml", raw)
    assert isinstance(found, Config) or found.faults


@ONCE
@given(
    st.sampled_from(("mount.path", "root.region", "root.credentials", "trail.source", "x.y")),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=16),
    st.sampled_from(("AKIA", "ASIA")),
)
def test_a_key_in_the_file_is_a_fault_that_does_not_repeat_it(
    tmp_path: Path, key: str, rest: str, begins: str
) -> None:
    found = outcome(tmp_path / "vaultaws.toml", f"{key} = '{begins}{rest}'".encode())
    assert isinstance(found, DeclaredFileError)
    assert any("no secret" in fault.what for fault in found.faults)
    assert rest not in found.describe()


@given(st.integers(0, 200), st.integers(0, 8), st.one_of(PIECES, st.text(max_size=4)))
def test_a_damaged_policy_is_a_document_or_a_fault_in_it(at: int, length: int, piece: str) -> None:
    text = mutated(POLICY, at, length, piece)
    found = policies.parse(text)
    if not isinstance(found, Unreadable):
        assert found == json.loads(text)
        return
    lines = text.split("\n")
    assert 0 <= found.line <= len(lines)
    assert found.line == 0 or 1 <= found.column <= len(lines[found.line - 1]) + 1


@given(st.data())
def test_a_key_said_twice_is_told_where_it_is_said_again(data: st.DataObject) -> None:
    key = json.dumps(data.draw(st.text(min_size=1, max_size=6)))
    blanks = data.draw(st.text(" \n\t", max_size=6))
    before = f'{{"Statement": [{{{key}: {{{key}: 1}},{blanks}'
    found = policies.parse(f"{before}{key}: 2}}]}}")
    assert isinstance(found, Unreadable)
    assert found.line == before.count("\n") + 1
    assert found.column == len(before) - before.rfind("\n")


@pytest.mark.parametrize("depth", [30, 31, 5000])
def test_deep_documents_do_not_end_the_program(depth: int) -> None:
    text = '{"Statement": ' + "[" * depth + "1" + "]" * depth + "}"
    assert isinstance(policies.parse(text), Unreadable) == (depth > 31)
