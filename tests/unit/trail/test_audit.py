"""Vault's audit log: what is read, what is counted, what is left alone."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vaultaws.errors import UsageError
from vaultaws.trail.audit import END_OF_TIME, AuditStatic, Span, read, rotated
from vaultaws.trail.auditlines import LONGEST_LINE_BYTES

DIGEST = "hmac-sha256:" + "0" * 64


def entry(path: str = "aws/creds/reader", number: int = 1, **changes: Any) -> dict[str, Any]:
    """A response as OpenBao 2.7.2 and Vault 1.21.1 write it."""
    made: dict[str, Any] = {
        "time": f"2026-11-21T08:01:{number:02d}.023945678Z",
        "type": "response",
        "auth": {
            "accessor": "hmac-sha256:accessor",
            "display_name": "userpass-ada",
            "entity_id": "e1",
            "metadata": {"username": "ada"},
        },
        "request": {
            "id": f"request-{number}",
            "operation": "read",
            "mount_type": "aws",
            "path": path,
            "remote_address": "192.0.2.1",
        },
        "response": {
            "secret": {"lease_id": f"{path}/{number}"},
            "data": {"access_key": DIGEST, "secret_key": DIGEST, "session_token": None},
        },
    }
    made.update(changes)
    return made


def token_entry(number: int = 1) -> dict[str, Any]:
    made = entry("aws/sts/reader-sts", number)
    made["response"]["data"] |= {"session_token": DIGEST, "ttl": 1199}
    return made


def write(path: Path, *entries: object, tail: bytes = b"") -> Path:
    lines = b"".join(json.dumps(made).encode() + b"\n" for made in entries)
    path.write_bytes(lines + tail)
    return path


def test_an_issuance_tells_who_what_and_which_lease(tmp_path: Path) -> None:
    (found,) = read([write(tmp_path / "audit.log", token_entry())]).issuances
    assert found.time == datetime(2026, 11, 21, 8, 1, 1, 23945, tzinfo=UTC)
    assert found.path == "aws/sts/reader-sts"
    assert found.lease_id == "aws/sts/reader-sts/1"
    assert found.access_key == DIGEST
    assert (found.display_name, found.username, found.entity_id) == ("userpass-ada", "ada", "e1")
    assert (found.is_sts, found.token_ttl_seconds) == (True, 1199)
    assert found.token_accessor == "hmac-sha256:accessor"
    assert found.remote_address == "192.0.2.1"


def test_an_iam_user_has_no_end_of_its_own(tmp_path: Path) -> None:
    (found,) = read([write(tmp_path / "audit.log", entry())]).issuances
    assert (found.is_sts, found.token_ttl_seconds) == (False, None)


@pytest.mark.parametrize(
    "other",
    [
        entry(type="request"),
        entry(response={"data": {"error": DIGEST}}),
        entry(response=None),
        entry("aws/roles/reader"),
        entry("aws/creds/reader/more"),
        entry(request={"path": "kv/creds/reader", "mount_type": "kv", "id": "1"}),
        entry(response={"secret": {"lease_id": "aws/creds/other/1"}, "data": {"access_key": "A"}}),
        entry(auth=None, type="request"),
    ],
)
def test_everything_else_is_left_alone(tmp_path: Path, other: dict[str, Any]) -> None:
    log = read([write(tmp_path / "audit.log", other)])
    assert (log.issuances, log.unreadable, log.lines) == ([], 0, 1)


def test_an_issuance_without_auth_is_still_one(tmp_path: Path) -> None:
    (found,) = read([write(tmp_path / "audit.log", entry(auth=None))]).issuances
    assert found.display_name == ""


@pytest.mark.parametrize(
    "garbage",
    [b"{", b"not json\n", b"[]\n", b"null\n", b"\xff\xfe\n", b'{"time":"yesterday"}\n', b"1\n"],
)
def test_garbage_and_torn_lines_are_counted(tmp_path: Path, garbage: bytes) -> None:
    log = read([write(tmp_path / "audit.log", entry(), tail=garbage)])
    assert (len(log.issuances), log.unreadable, log.lines) == (1, 1, 2)


@pytest.mark.parametrize(
    "hostile",
    [
        entry(request=[]),
        entry(request={"path": 7}),
        entry(response={"data": [], "secret": 1}),
        entry(auth={"metadata": "x"}),
    ],
)
def test_hostile_shapes_are_counted_not_believed(tmp_path: Path, hostile: dict[str, Any]) -> None:
    log = read([write(tmp_path / "audit.log", hostile, entry(number=2))])
    assert (len(log.issuances), log.unreadable) == (1, 1)


def test_deep_nesting_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"[" * 200_000 + b"\n")
    assert read([path]).unreadable == 1


def test_an_endless_line_is_counted_once_and_passed(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    good = json.dumps(entry()).encode() + b"\n"
    path.write_bytes(b"x" * (2 * LONGEST_LINE_BYTES + 5) + b"\n" + good)
    log = read([path])
    assert (len(log.issuances), log.unreadable, log.lines) == (1, 1, 2)


def test_empty_lines_are_nothing(tmp_path: Path) -> None:
    log = read([write(tmp_path / "audit.log", entry(), tail=b"\n\n")])
    assert (log.lines, log.unreadable) == (1, 0)


def test_rotated_files_are_found_and_read_together(tmp_path: Path) -> None:
    current = write(tmp_path / "audit.log", entry(number=3))
    write(tmp_path / "audit.log.1", entry(number=2), entry(number=3))
    (tmp_path / "audit.log.2.gz").write_bytes(
        gzip.compress(json.dumps(entry(number=1)).encode() + b"\n")
    )
    (tmp_path / "audit.log.lnk").symlink_to(tmp_path / "audit.log.1")
    write(tmp_path / "other.log", entry(number=9))
    log = read(rotated(current))
    assert [found.request_id for found in log.issuances] == ["request-1", "request-2", "request-3"]
    assert log.first == log.issuances[0].time
    assert log.last == log.issuances[-1].time


@pytest.mark.parametrize("cut", [5, 40])
def test_a_broken_gz_is_counted_and_the_rest_read(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(json.dumps(entry()).encode() + b"\n")
    (tmp_path / "audit.log.1.gz").write_bytes(packed[:-cut])
    log = read(rotated(write(tmp_path / "audit.log", entry(number=2))))
    assert "request-2" in [found.request_id for found in log.issuances]
    assert log.unreadable == 1


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read([tmp_path / "none.log"])


def test_mounts_narrow(tmp_path: Path) -> None:
    path = write(tmp_path / "audit.log", entry(), entry("team/aws/creds/reader", 2))
    assert [found.path for found in read([path], ["team/aws"]).issuances] == [
        "team/aws/creds/reader"
    ]


def test_rotations_of_the_root_are_seen(tmp_path: Path) -> None:
    rotation = entry("aws/config/root", response={"data": {"access_key": DIGEST}})
    rotation["request"]["path"] = "aws/config/rotate-root"
    failed = entry("aws/config/rotate-root", 2, error="1 error occurred")
    denied = entry("aws/config/rotate-root", 3, error="1 error occurred:\n\t* permission denied")
    log = read([write(tmp_path / "audit.log", rotation, failed, denied)])
    assert [(found.mount, found.access_key, found.time.second) for found in log.rotations] == [
        ("aws", DIGEST, 1),
        ("aws", "", 2),
    ]


def test_revocations_by_path_body_and_prefix(tmp_path: Path) -> None:
    by_path = entry("sys/leases/revoke/aws/creds/reader/1", 1)
    by_body = entry("sys/leases/revoke", 2)
    by_body["request"]["data"] = {"lease_id": DIGEST}
    by_prefix = entry("sys/leases/revoke-prefix/aws/sts", 3)
    failed = entry("sys/leases/revoke/aws/creds/reader/2", 4, error="no")
    old_path = entry("sys/revoke-prefix/aws/creds", 5)
    of_all = entry("sys/leases/revoke-prefix/", 6)
    lines = (by_path, by_body, by_prefix, failed, old_path, of_all)
    log = read([write(tmp_path / "audit.log", *lines)])
    assert [(found.lease, found.is_prefix) for found in log.revocations] == [
        ("aws/creds/reader/1", False),
        (DIGEST, False),
        ("aws/sts", True),
        ("aws/creds", True),
    ]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z"]
)
def test_a_time_that_no_log_was_written_in_is_counted(tmp_path: Path, moment: str) -> None:
    log = read([write(tmp_path / "audit.log", entry(time=moment))])
    assert (log.issuances, log.unreadable, log.first) == ([], 1, None)


def test_a_token_of_hundreds_of_years_has_no_known_end(tmp_path: Path) -> None:
    made = token_entry()
    made["response"]["data"]["ttl"] = 10**30
    (found,) = read([write(tmp_path / "audit.log", made)]).issuances
    assert found.token_ends is None


def test_a_line_that_cannot_be_read_leaves_a_gap_between_its_neighbours(tmp_path: Path) -> None:
    first, last = _line_at("2026-11-21T08:00:00Z"), _line_at("2026-11-21T09:00:00Z")
    log = tmp_path / "audit.log"
    log.write_bytes(first + b"{torn\n" + b"{again\n" + last)
    assert read([log]).gaps == [Span(_at(8), _at(9))]


def test_a_torn_end_leaves_a_gap_until_the_next_file_begins(tmp_path: Path) -> None:
    older, log = tmp_path / "audit.log.1", tmp_path / "audit.log"
    older.write_bytes(_line_at("2026-11-21T08:00:00Z") + b"{torn")
    log.write_bytes(_line_at("2026-11-21T10:00:00Z"))
    assert read([older, log]).gaps == [Span(_at(8), _at(10))]
    assert read([older]).gaps == [Span(_at(8), END_OF_TIME)]


def test_failed_issuances_and_devices_that_are_made_anew_are_noted(tmp_path: Path) -> None:
    moment = "2026-11-21T08:00:00Z"
    failed = {"path": "aws/creds/reader", "operation": "read", "mount_type": "aws"}
    made = {"path": "sys/audit/file", "operation": "update"}
    asked = {"path": "sys/audit/file", "operation": "read"}
    lines = [
        {"time": moment, "type": "response", "request": failed, "error": "1 error occurred"},
        {"time": moment, "type": "response", "request": failed, "error": "permission denied"},
        {"time": moment, "type": "response", "request": made},
        {"time": moment, "type": "response", "request": asked},
        {"time": moment, "type": "response", "request": made, "error": "permission denied"},
    ]
    log = tmp_path / "audit.log"
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = read([log])
    assert [(failure.time, failure.path) for failure in found.failures] == [
        (_at(8), "aws/creds/reader")
    ]
    assert [(change.time, change.device) for change in found.devices] == [(_at(8), "file")]


def _line_at(moment: str) -> bytes:
    entry = {"time": moment, "type": "request", "request": {"path": "sys/health"}}
    return json.dumps(entry).encode() + b"\n"


def _at(hour: int) -> datetime:
    return datetime(2026, 11, 21, hour, tzinfo=UTC)


def test_a_line_torn_by_a_rotation_leaves_a_gap_between_the_two_files(tmp_path: Path) -> None:
    older, log = tmp_path / "audit.log.1", tmp_path / "audit.log"
    older.write_bytes(_line_at("2026-11-21T08:00:00Z") + b'{"time":"2026-11-')
    log.write_bytes(b'21T09:00:00Z"}\n' + _line_at("2026-11-21T10:00:00Z"))
    assert set(read([older, log]).gaps) == {Span(_at(8), _at(10))}


def test_reads_and_writes_of_static_roles_are_told(tmp_path: Path) -> None:
    read_ = entry("team/aws/static-creds/ci", 1)
    written = entry("team/aws/static-roles/ci", 2)
    written["request"]["operation"] = "update"
    looked_at = entry("team/aws/static-roles/ci", 3)
    refused = entry("team/aws/static-creds/ci", 4, error="1 error occurred")
    empty = entry("team/aws/static-creds/ci", 5, response=None)
    log = read([write(tmp_path / "audit.log", read_, written, looked_at, refused, empty)])
    assert log.statics == [
        AuditStatic(datetime(2026, 11, 21, 8, 1, 1, 23945, UTC), "team/aws", "ci", DIGEST),
        AuditStatic(datetime(2026, 11, 21, 8, 1, 2, 23945, UTC), "team/aws", "ci"),
    ]
    assert (log.issuances, log.failures, log.unreadable) == ([], [], 0)


@pytest.mark.parametrize(
    ("told", "namespace"),
    [
        ({"id": "root"}, ""),
        ({"id": "root", "path": ""}, ""),
        ({"id": "a1B2c", "path": "team/"}, "team"),
        ({"id": "a1B2c", "path": "team/inner/"}, "team/inner"),
        (None, ""),
        ("team", ""),
        ({"id": "a1B2c", "path": None}, ""),
    ],
)
def test_each_record_is_of_a_namespace(tmp_path: Path, told: object, namespace: str) -> None:
    """As OpenBao and Vault write it: `path` is left out for the root one."""
    made = entry()
    revoked = entry("sys/leases/revoke-prefix/aws/creds")
    read_static = entry("aws/static-creds/ci", response={"data": {"access_key": DIGEST}})
    written = entry("aws/static-roles/ci", 2)
    written["request"]["operation"] = "update"
    for one in (made, revoked, read_static, written):
        one["request"]["namespace"] = told
    log = read([write(tmp_path / "audit.log", made, revoked, read_static, written)])
    (issued,), (ended,) = log.issuances, log.revocations
    assert (issued.namespace, ended.namespace) == (namespace, namespace)
    assert [one.namespace for one in log.statics] == [namespace] * 2
    assert log.issuances[0].whole_path == f"{namespace}/aws/creds/reader".strip("/")
