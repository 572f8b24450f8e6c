"""A program that uses boto3 as any program does: the environment decides where its credentials
come from. Each line on its input is a call; each call is answered with one line of
JSON. It lives as long as its input, and so do its credentials."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SESSION = boto3.Session()
CALLS: dict[str, Callable[[], str]] = {
    "identity": lambda: str(SESSION.client("sts").get_caller_identity()["Arn"]),
    "forbidden": lambda: str(SESSION.client("s3").create_bucket(Bucket="made-up")["Location"]),
    "service": lambda: f"{len(SESSION.client('s3').list_buckets()['Buckets'])} buckets",
}


def answer(name: str) -> dict[str, Any]:
    """Make one call, and say with which key."""
    try:
        said = CALLS[name]()
        credentials = SESSION.get_credentials()
        key_id = credentials.access_key if credentials is not None else ""
    except (BotoCoreError, ClientError) as error:
        return {"ok": False, "said": str(error), "key_id": ""}
    return {"ok": True, "said": said, "key_id": key_id}


for line in sys.stdin:
    print(json.dumps(answer(line.strip())), flush=True)
