"""The console's sign-in endpoint: a sign-in token for a session, and the way in with it.

Strict where AWS is: only temporary credentials of an assumed role or a federated user, whole and
not expired; SessionDuration for roles alone, and not for one that was assumed from another. Source:
IAM user guide, "Enable custom identity broker access to the AWS console"; what is refused is
answered as AWS does it, with HTTP 400 and a page.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from vaultaws.local.aws.call import CallerKind
from vaultaws.local.aws.hooks import Clock
from vaultaws.local.aws.keys import Key, Keys

PATH: Final = "/federation"
TOKEN_LIFE: Final = timedelta(minutes=15)
LONGEST_QUERY: Final = 32 * 1024
MAX_TOKENS: Final = 10_000
SHORTEST_SECONDS: Final = 900
LONGEST_SECONDS: Final = 43_200
_ASKS: Final = frozenset({"Action", "Session", "SessionType", "SessionDuration"})
_LOGS_IN: Final = frozenset({"Action", "SigninToken", "Destination", "Issuer"})
_SESSION: Final = {"sessionId", "sessionKey", "sessionToken"}
_CONSOLES: Final = (
    "console.aws.amazon.com",
    "console.amazonaws.cn",
    "console.amazonaws-us-gov.com",
    "console.amazonaws-eusc.eu",
)


class _RefusedError(Exception):
    """What AWS answers with HTTP 400."""


@dataclass(frozen=True)
class _SignIn:
    key: Key
    ends_at: datetime


def is_federation(environ: WSGIEnvironment) -> bool:
    """Whether a request is for this endpoint: unsigned, where S3 would have a bucket's name."""
    path = environ["RAW_URI"].partition("?")[0]
    return path == PATH and "HTTP_AUTHORIZATION" not in environ


class Federation:
    """The WSGI application. Safe from any number of threads."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._tokens: dict[str, _SignIn] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except _RefusedError as refused:
            body = f"<html><body><h1>HTTP Status 400 - {escape(str(refused))}</h1></body></html>"
            return _reply(start_response, "400 Bad Request", "text/html", body.encode())

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return _reply(start_response, "405 Method Not Allowed", "text/plain", b"")
        asked = _fields(environ["RAW_URI"].partition("?")[2])
        action = asked.get("Action", "")
        if action == "getSigninToken":
            answer = json.dumps({"SigninToken": self._token(asked)}).encode()
            return _reply(start_response, "200 OK", "application/json", answer)
        if action == "login":
            where = self._destination(asked)
            return _reply(start_response, "302 Found", "text/plain", b"", ("Location", where))
        raise _RefusedError("Invalid Action parameter")

    def _token(self, asked: Mapping[str, str]) -> str:
        """A sign-in token for a session that is good now."""
        _only(asked, _ASKS)
        if asked.get("SessionType", "json") != "json":
            raise _RefusedError("Invalid SessionType parameter")
        key = self._session(asked.get("Session", ""))
        _check_duration(asked.get("SessionDuration"), key)
        now = self._clock.now()
        token = secrets.token_urlsafe(96)
        with self._lock:
            self._tokens = {name: held for name, held in self._tokens.items() if held.ends_at > now}
            while len(self._tokens) >= MAX_TOKENS:
                del self._tokens[next(iter(self._tokens))]
            self._tokens[token] = _SignIn(key, now + TOKEN_LIFE)
        return token

    def _session(self, text: str) -> Key:
        """The temporary key that the session's three parts prove."""
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError):
            parts = None
        if not isinstance(parts, dict) or set(parts) != _SESSION:
            raise _RefusedError("Invalid session parameter")
        if not all(isinstance(value, str) for value in parts.values()):
            raise _RefusedError("Invalid session parameter")
        now = self._clock.now()
        key = self._keys.find(parts["sessionId"], now)
        if key is None or key.token is None or not _same(key.secret.reveal(), parts["sessionKey"]):
            raise _RefusedError("Invalid credentials parameter")
        if not _same(key.token.reveal(), parts["sessionToken"]) or _ended(key, now):
            raise _RefusedError("Invalid credentials parameter")
        if key.caller.kind not in {CallerKind.ASSUMED_ROLE, CallerKind.FEDERATED_USER}:
            raise _RefusedError("Invalid credentials parameter")
        return key

    def _destination(self, asked: Mapping[str, str]) -> str:
        _only(asked, _LOGS_IN)
        now = self._clock.now()
        with self._lock:
            held = self._tokens.get(asked.get("SigninToken", ""))
        if held is None or held.ends_at <= now or _ended(held.key, now):
            raise _RefusedError("Token Expired or Invalid")
        where = asked.get("Destination", "")
        if not _is_console(where):
            raise _RefusedError("Invalid Destination parameter")
        return where


def _fields(query: str) -> dict[str, str]:
    """The query's fields, each at most once."""
    if len(query) > LONGEST_QUERY:
        raise _RefusedError("Invalid request")
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"
        )
    except ValueError as error:
        raise _RefusedError("Invalid request") from error
    if len(dict(pairs)) != len(pairs):
        raise _RefusedError("Invalid request")
    return dict(pairs)


def _only(asked: Mapping[str, str], known: frozenset[str]) -> None:
    if not known.issuperset(asked):
        raise _RefusedError("Invalid request")


def _check_duration(text: str | None, key: Key) -> None:
    if text is None:
        return
    session = key.caller.session
    chained = session is not None and session.chained
    if key.caller.kind is not CallerKind.ASSUMED_ROLE or chained:
        raise _RefusedError("Invalid credentials parameter")
    digits = text.isascii() and text.isdigit() and len(text) <= 6
    if not digits or not SHORTEST_SECONDS <= int(text) <= LONGEST_SECONDS:
        raise _RefusedError("Invalid SessionDuration parameter")


def _ended(key: Key, now: datetime) -> bool:
    return key.expires_at is not None and now >= key.expires_at


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))


def _is_console(where: str) -> bool:
    if not where.isprintable() or not where.isascii():
        return False
    try:
        parts = urlsplit(where)
        host = parts.hostname or ""
    except ValueError:
        return False
    ours = any(host == name or host.endswith(f".{name}") for name in _CONSOLES)
    return parts.scheme == "https" and ours and parts.username is None


def _reply(
    start_response: StartResponse, status: str, kind: str, body: bytes, *more: tuple[str, str]
) -> Iterable[bytes]:
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, [*headers, *more])
    return [body]
