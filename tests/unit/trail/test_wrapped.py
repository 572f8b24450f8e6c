"""Issuances whose answer Vault wrapped: as both servers log them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.trail.test_audit import DIGEST, entry, write
from vaultaws.model import AuditIssuance
from vaultaws.trail.audit import AuditLog, read
from vaultaws.trail.following import Follower

TOKEN = "hmac-sha256:" + "7" * 64
OTHER = "hmac-sha256:" + "8" * 64
LEASE = "aws/creds/reader/abc"


def wrapped(number: int = 1, token: str = TOKEN) -> dict[str, Any]:
    answer = {"wrap_info": {"token": token, "ttl": 60, "creation_path": "aws/creds/reader"}}
    return entry(number=number, response=answer)


def unwrapped(by: str, number: int = 9, lease: str = LEASE) -> dict[str, Any]:
    """With the wrapping token as one's own (`auth`), or named in the request (`data`)."""
    mine = TOKEN if by == "auth" else OTHER
    request = {"id": f"request-{number}", "path": "sys/wrapping/unwrap", "operation": "update"}
    return entry(
        number=number,
        auth={"client_token": mine, "display_name": "userpass-ben"},
        request=request | ({"data": {"token": TOKEN}} if by == "data" else {}),
        response={"secret": {"lease_id": lease}, "data": {"access_key": DIGEST}},
    )


def log_of(directory: Path, *entries: dict[str, Any]) -> AuditLog:
    return read([write(directory / "audit.log", *entries)], ("aws",))


@pytest.mark.parametrize("by", ["auth", "data"])
def test_it_is_of_whoever_asked_for_it_with_the_key_that_came_out(tmp_path: Path, by: str) -> None:
    log = log_of(tmp_path, wrapped(), unwrapped(by))
    (found,) = log.issuances
    assert (found.display_name, found.request_id) == ("userpass-ada", "request-1")
    assert (found.lease_id, found.access_key, found.path) == (LEASE, DIGEST, "aws/creds/reader")
    assert found.time.second == 1
    assert log.wrapped == []


def test_what_nobody_took_out_is_told(tmp_path: Path) -> None:
    log = log_of(tmp_path, wrapped(), wrapped(2, OTHER), unwrapped("auth"))
    assert [one.issuance.request_id for one in log.wrapped] == ["request-2"]
    assert len(log.issuances) == 1


def test_without_the_request_it_is_of_whoever_took_it_out(tmp_path: Path) -> None:
    (found,) = log_of(tmp_path, unwrapped("data")).issuances
    assert (found.display_name, found.lease_id) == ("userpass-ben", LEASE)


@pytest.mark.parametrize("lease", ["kv/data/x/1", "other/creds/reader/abc", ""])
def test_what_else_is_wrapped_is_passed_over(tmp_path: Path, lease: str) -> None:
    log = log_of(tmp_path, unwrapped("auth", lease=lease))
    assert (log.issuances, log.unreadable) == ([], 0)


def test_parts_that_overlap_tell_it_once(tmp_path: Path) -> None:
    lines = (wrapped(), unwrapped("auth"))
    parts = [write(tmp_path / name, *lines) for name in ("audit.log.1", "audit.log")]
    assert len(read(parts).issuances) == 1


def test_a_watch_joins_what_came_in_two_rounds(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    follower = Follower(write(log, wrapped()), ("aws",))
    assert len(follower.read().wrapped) == 1
    write(log, wrapped(), unwrapped("auth"))
    told = follower.read()
    assert (told.wrapped, [one.lease_id for one in told.issuances]) == ([], [LEASE])
    assert isinstance(told.issuances[0], AuditIssuance)
