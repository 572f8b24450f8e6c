"""The few plain HTTP requests that starting a server needs, past any proxy."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from vaultaws.model import Secret

TIMEOUT_SECONDS = 5.0
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """`status` is 0 when nobody answered. `body` is {} when it was no JSON object."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)


def ask(
    address: str,
    path: str,
    *,
    token: Secret | None = None,
    method: str = "GET",
    data: Mapping[str, Any] | None = None,
) -> Answer:
    """Send one request to a server of ours on this machine."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=TIMEOUT_SECONDS)
    headers = {} if token is None else {"X-Vault-Token": token.reveal()}
    try:
        body = None if data is None else json.dumps(data)
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, _object(response.read()))
    except (OSError, http.client.HTTPException):
        return Answer(NO_ANSWER)
    finally:
        connection.close()


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(raw)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
