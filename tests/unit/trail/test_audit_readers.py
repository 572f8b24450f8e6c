"""Who read a static role's credentials, by Vault's audit log."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vaultaws.errors import UsageError
from vaultaws.trail.staticreads import readers, static_names

PATH = "aws/static-creds/legacy"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def line(minutes: int = 0, name: str = "userpass-ada", **changes: Any) -> bytes:
    entry: dict[str, Any] = {
        "time": (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "type": "response",
        "auth": {"display_name": name},
        "request": {"path": PATH, "operation": "read"},
    }
    return json.dumps({**entry, **changes}).encode() + b"\n"


def written(tmp_path: Path, *lines: bytes) -> list[Path]:
    log = tmp_path / "audit.log"
    log.write_bytes(b"".join(lines))
    return [log]


def test_each_reader_with_the_last_time(tmp_path: Path) -> None:
    log = written(tmp_path, line(1), line(9), line(5), line(2, "approle-ci"))
    assert readers(log, PATH) == {
        "userpass-ada": NOON + timedelta(minutes=9),
        "approle-ci": NOON + timedelta(minutes=2),
    }


@pytest.mark.parametrize("namespace", ["", "root", "team-a", "team-a/"])
def test_a_mount_of_the_same_name_in_another_namespace_is_another(
    tmp_path: Path, namespace: str
) -> None:
    here = {"path": PATH, "operation": "read", "namespace": {"id": "root"}}
    there = {**here, "namespace": {"id": "x1", "path": "team-a/"}}
    log = written(tmp_path, line(1, "root-ada", request=here), line(2, "team-bob", request=there))
    expected = "team-bob" if namespace.startswith("team") else "root-ada"
    assert list(readers(log, PATH, namespace=namespace)) == [expected]
    assert static_names(log, "aws", namespace=namespace) == {"legacy"}
    assert static_names(log, "aws", namespace="nowhere") == set()


def test_since_the_last_rotation_only(tmp_path: Path) -> None:
    log = written(tmp_path, line(1, "old"), line(5, "new"))
    assert list(readers(log, PATH, NOON + timedelta(minutes=5))) == ["new"]


def test_requests_refusals_writes_and_other_paths_do_not_count(tmp_path: Path) -> None:
    other = {"path": PATH + "-2", "operation": "read"}
    written_to = {"path": PATH, "operation": "update"}
    log = written(
        tmp_path,
        line(type="request"),
        line(error="permission denied"),
        line(request=other),
        line(request=written_to),
    )
    assert readers(log, PATH) == {}


@pytest.mark.parametrize(
    "bad",
    [
        PATH.encode() + b"\n",
        b"\xff" + PATH.encode() + b"\n",
        b'["' + PATH.encode() + b'"]\n',
        line(time="yesterday"),
        line(time=7),
        line(auth=None),
        line(request=PATH),
        line()[:-20] + b"\n",
        b"[" * 50_000 + PATH.encode() + b"\n",
    ],
)
def test_what_is_no_entry_is_passed_over(tmp_path: Path, bad: bytes) -> None:
    log = written(tmp_path, bad, line(3, "good"))
    assert list(readers(log, PATH)) == ["good"]


def test_rotated_and_packed_logs_are_read_too(tmp_path: Path) -> None:
    packed = tmp_path / "audit.log.1.gz"
    packed.write_bytes(gzip.compress(line(1, "first")))
    assert set(readers([packed, *written(tmp_path, line(2, "second"))], PATH)) == {
        "first",
        "second",
    }


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        readers([tmp_path / "nothing"], PATH)


def test_the_static_roles_that_were_read_are_known_by_name(tmp_path: Path) -> None:
    start = PATH.rpartition("/")[0]
    other = {"path": f"{start}/other", "operation": "read"}
    elsewhere = {"path": f"x-{start}/third", "operation": "read"}
    log = written(
        tmp_path,
        line(1),
        line(2, request=other),
        line(3, request=elsewhere),
        b"{torn /static-creds/",
    )
    mount = start.removesuffix("/static-creds")
    assert static_names(log, mount) == {PATH.rpartition("/")[2], "other"}
