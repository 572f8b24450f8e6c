"""Findings sent on, one POST each, to one address and no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from vaultaws.clock import Clock
from vaultaws.errors import DeliveryError, UsageError
from vaultaws.version import VERSION

TIMEOUT_SECONDS: Final = (5.0, 10.0)
"""To connect, and between two bytes of the answer's head."""
TRIES: Final = 3
_FIRST_PAUSE_SECONDS: Final = 1.0
_BUSY: Final = frozenset({408, 425, 429})


class Webhook:
    """One address. Its path can be a secret: only its host is ever said."""

    name = "webhook"

    def __init__(self, url: str, clock: Clock) -> None:
        """Raises UsageError for what is no address of HTTP."""
        self._url = url
        self._host = _host(url)
        self._clock = clock
        self._session = requests.Session()
        self._session.auth = _nobody
        self._session.headers.update(
            {"Content-Type": "application/json", "User-Agent": f"vaultaws/{VERSION}"}
        )

    def take(self, line: Mapping[str, Any]) -> None:
        """Send one finding. A redirection is not followed: it is a failure. Raises DeliveryError
        after some tries; an answer that will not change is not asked for again."""
        body = json.dumps(line, ensure_ascii=True).encode()
        why = ""
        for attempt in range(TRIES):
            if attempt:
                self._clock.sleep(_FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
            why, passing = self._post(body)
            if not why:
                return
            if not passing:
                break
        raise DeliveryError(
            f"the webhook at {self._host} did not take a finding",
            why=why,
            do="mend what listens there; the finding is kept for the next round",
        )

    def _post(self, body: bytes) -> tuple[str, bool]:
        """Why it was not taken, empty when it was, and whether that may pass."""
        try:
            with self._session.post(
                self._url,
                data=body,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.Timeout:
            return "it did not answer in time", True
        except requests.exceptions.SSLError:
            return "its certificate is not trusted", False
        except (requests.RequestException, OSError, ValueError):
            return "no connection to it", True
        if 200 <= status < 300:
            return "", False
        if 300 <= status < 400:
            return f"it answered {status}: it wants to lead elsewhere, which is not followed", False
        return f"it answered {status}", status >= 500 or status in _BUSY


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no name and password of ~/.netrc."""
    return request


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise UsageError(
            "the webhook's address cannot be used",
            why="it is not http:// or https:// with a host and without a name and password",
            do="--webhook https://alerts.example.com/vaultaws",
        )
    return host
