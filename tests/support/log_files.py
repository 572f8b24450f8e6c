"""Log files of CloudTrail, made up."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"


def a_record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A record as CloudTrail writes it."""
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROA{number}:session",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session",
            "accessKeyId": f"ASIA-made-up-{number}",
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "ops"}},
        },
        "eventTime": f"2026-11-21T08:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2",
        "requestParameters": None,
        "responseElements": None,
        "eventID": f"id-{number}",
        "recipientAccountId": ACCOUNT,
    }
    made.update(changes)
    return made


def a_log(*records: object) -> bytes:
    """A log file's text."""
    return json.dumps({"Records": records}).encode()


def packed(*records: object) -> bytes:
    """A log file's bytes as they are delivered."""
    return gzip.compress(a_log(*records), mtime=0)


def log_name(at: datetime, unique: str = "a", account: str = ACCOUNT, region: str = REGION) -> str:
    """The key of a log file."""
    folder = f"AWSLogs/{account}/CloudTrail/{region}/{at:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"


def put(root: Path, name: str, data: bytes) -> Path:
    """Write a file below a directory."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
