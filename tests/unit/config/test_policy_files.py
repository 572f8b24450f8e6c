"""Policy files: what is no policy, where, and nothing that hangs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vaultaws.config import policies
from vaultaws.config.policies import MAX_BYTES, PolicyFileError, PolicyFiles

GOOD = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}'


def refused(path: Path) -> PolicyFileError:
    with pytest.raises(PolicyFileError) as caught:
        policies.load(path)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "place", "word"),
    [
        (b"", (0, 0), "it is empty"),
        (b" \n", (0, 0), "it is empty"),
        (b"{", (1, 2), "expecting property name"),
        (b'{"a": 1,\n  "b" 2}', (2, 7), "expecting ':' delimiter"),
        (b"Version: 2012\nStatement: []", (1, 1), "looks like YAML"),
        (b"---\nVersion: 2012", (1, 1), "looks like YAML"),
        (b"- Effect: Allow", (1, 1), "looks like YAML"),
        (b"# policy\nVersion: 2012", (1, 1), "looks like YAML"),
        (b"\xef\xbb\xbf{}", (1, 1), "byte order mark"),
        ("{}".encode("utf-16"), (1, 1), "UTF-16"),
        (b'{\n "\xc3\xa9": "\xff"}', (2, 8), "byte 10 (0xff) is not UTF-8"),
        (b'{"Statement": [1],\n  "Statement": [2]}', (2, 3), '"Statement" stands twice'),
        (b'{"a": {"x": 1}, "b": {"x": 1, "y": {}, "x": 2}}', (1, 40), '"x" stands twice'),
        (b'{"\\u0061": 1, "a": 2}', (1, 15), '"a" stands twice'),
        (b'{"NaN": 1, "x": NaN}', (1, 17), "NaN is not JSON"),
        (b'{"x": -Infinity}', (1, 7), "-Infinity is not JSON"),
        (b'{"x": 1e999}', (1, 7), "out of range"),
        (b'{"x": ' + b"1" * 9999 + b"}", (0, 0), "thousands of digits"),
        (b"[]", (1, 1), "not a JSON object"),
        (b'"Statement"', (1, 1), "not a JSON object"),
        (b"{}", (1, 1), "no Statement"),
        (b'{"Statement": []}', (1, 1), "no Statement"),
        (b'{"a":' * 33, (1, 161), "nested too deeply"),
        (b"[" * 30_000, (1, 33), "nested too deeply"),
        (b"[" * 33 + b'"' + b'\\"' * 30_000, (1, 33), "nested too deeply"),
        (b'{"x": {}' + b"]" * 33 + b'"' + b'\\"' * 30_000, (1, 9), "expecting ',' delimiter"),
        (b'{"Statement": ["\\ud800"]}', (0, 0), "surrogate"),
        (b" " * (MAX_BYTES + 1), (0, 0), "larger than 65,536 bytes"),
    ],
)
def test_what_is_no_policy(tmp_path: Path, raw: bytes, place: tuple[int, int], word: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(raw)
    error = refused(path)
    assert word in error.why
    assert (error.line, error.column) == place
    assert error.do


def test_a_long_policy_is_not_a_deep_one() -> None:
    statement = {"Effect": "Allow", "Action": ["ec2:[a"], "Resource": "{*}", "Sid": 1.5}
    document = {"Statement": [statement] * 40}
    assert policies.parse(json.dumps(document, indent=1)) == document


def test_whole_surrogate_pairs_are_characters() -> None:
    text = '{"Statement": ["\\ud83d\\ude00"]}'
    assert policies.parse(text) == {"Statement": ["😀"]}


def test_what_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).why == "it is a directory"
    assert refused(tmp_path / "none").missing
    assert refused(tmp_path / ("x" * 300)).why == "file name too long"
    (tmp_path / "p.json").write_text(GOOD)
    assert refused(tmp_path / "p.json" / "x").why == "not a directory"


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe").why == "it is not a regular file"
    assert refused(Path("/dev/zero")).why == "it is not a regular file"


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert refused(loop).why == "too many levels of symbolic links"


def test_a_link_to_a_policy_is_one(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(GOOD)
    (tmp_path / "link").symlink_to("p.json")
    assert policies.load(tmp_path / "link")["Version"] == "2012-10-17"


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(GOOD)
    files = PolicyFiles()
    first = files.read(path)
    path.write_text("{")
    assert files.read(path) is first
    assert isinstance(PolicyFiles().read(path), PolicyFileError)
