"""The control path: a small JSON application under /_vaultaws/ on the local AWS's own port.

`health` is open to anybody on this machine. Everything else wants the token. A request that a
browser page could have sent (an Origin, a host name that is not this machine's) is refused.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from vaultaws.local.aws.clock import ClockError
from vaultaws.local.aws.control import Control
from vaultaws.local.aws.faults import FaultKind, OrderedFault
from vaultaws.local.aws.hooks import CONTROL_PREFIX
from vaultaws.local.aws.settings import SettingsError
from vaultaws.model import Secret

TOKEN_HEADER: Final = "X-Vaultaws-Token"  # noqa: S105  (a header's name)
MAX_BODY_BYTES: Final = 64 * 1024
MAX_FAULT_TIMES: Final = 1_000
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
}

Json = dict[str, Any]


class _RefusalError(Exception):
    """An answer other than 200, with plain sentences."""

    def __init__(self, status: int, *faults: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*faults)
        self.status = status
        self.faults = faults
        self.headers = dict(headers or {})


class ControlApp:
    """The WSGI application. `hosts` are further names this machine may be called by."""

    def __init__(self, control: Control, token: Secret, *, hosts: Iterable[str] = ()) -> None:
        self._control = control
        self._token = token
        self._hosts = LOOPBACK_HOSTS | frozenset(hosts)
        self._routes: Mapping[str, Mapping[str, Callable[[Json], Json]]] = {
            "health": {"GET": self._health},
            "stats": {"GET": lambda _: control.stats()},
            "settings": {"GET": lambda _: control.settings.as_json(), "POST": self._settings},
            "clock": {"GET": self._clock, "POST": self._move_clock},
            "faults": {"POST": self._order_fault},
            "flush": {"POST": self._flush},
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers: dict[str, str] = {}
        try:
            status, answer = 200, self._answer(environ)
        except _RefusalError as refusal:
            status, answer = refusal.status, {"errors": list(refusal.faults)}
            headers = refusal.headers
        body = json.dumps(answer).encode()
        headers |= {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
        }
        start_response(f"{status} {_REASONS[status]}", list(headers.items()))
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Json:
        self._refuse_strangers(environ)
        name = str(environ.get("PATH_INFO", "")).removeprefix(CONTROL_PREFIX)
        if name != "health":
            self._check_token(environ)
        methods = self._routes.get(name)
        if methods is None:
            raise _RefusalError(404, f"there is nothing here; there are: {', '.join(self._routes)}")
        method = str(environ.get("REQUEST_METHOD", ""))
        if method not in methods:
            allowed = ", ".join(methods)
            raise _RefusalError(405, f"{name} answers to {allowed}", headers={"Allow": allowed})
        return methods[method](_body(environ) if method == "POST" else {})

    def _refuse_strangers(self, environ: WSGIEnvironment) -> None:
        if "HTTP_ORIGIN" in environ:
            raise _RefusalError(403, "requests from web pages are refused")
        host = _HOST.fullmatch(str(environ.get("HTTP_HOST", "")).lower())
        if host is None or host["name"] not in self._hosts:
            raise _RefusalError(403, "the Host header does not name this machine")

    def _check_token(self, environ: WSGIEnvironment) -> None:
        given = str(environ.get("HTTP_" + TOKEN_HEADER.upper().replace("-", "_"), ""))
        if not hmac.compare_digest(given.encode(), self._token.reveal().encode()):
            raise _RefusalError(401, f"the header {TOKEN_HEADER} is missing or wrong")

    def _health(self, _: Json) -> Json:
        return {"status": "ok", "service": "vaultaws local AWS", "now": self._now()}

    def _clock(self, _: Json) -> Json:
        return {"now": self._now()}

    def _now(self) -> str:
        return self._control.now().isoformat()

    def _settings(self, body: Json) -> Json:
        try:
            return self._control.configure_all(body).as_json()
        except SettingsError as error:
            raise _RefusalError(400, *error.faults) from None

    def _move_clock(self, body: Json) -> Json:
        try:
            return {"now": self._moved(body).isoformat()}
        except ClockError as error:
            raise _RefusalError(400, str(error)) from None

    def _moved(self, body: Json) -> datetime:
        if set(body) == {"advance_seconds"} and _is_number(body["advance_seconds"]):
            return self._control.advance(body["advance_seconds"])
        if set(body) == {"set"} and isinstance(body["set"], str):
            return self._control.set_clock(_time(body["set"]))
        raise _RefusalError(400, "give advance_seconds (a number) or set (an ISO 8601 time)")

    def _order_fault(self, body: Json) -> Json:
        fault, times = _fault(body)
        self._control.fail_next(fault, times)
        return {"ordered": times}

    def _flush(self, body: Json) -> Json:
        if body:
            raise _RefusalError(400, "flush takes no settings: send {}")
        return {"files": self._control.flush()}


def _fault(body: Json) -> tuple[OrderedFault, int]:
    faults = [
        f"there is no {name!r:.80}" for name in body if name not in {*_FAULT_NAMES, "kind", "times"}
    ]
    faults += [
        f"{name} must be a text of at most 64 characters"
        for name in _FAULT_NAMES
        if not isinstance(body.get(name, ""), str) or len(body.get(name, "")) > 64
    ]
    kind, times = str(body.get("kind")), body.get("times", 1)
    if kind not in set(FaultKind):
        faults.append(f"kind must be one of: {', '.join(FaultKind)}")
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MAX_FAULT_TIMES:
        faults.append(f"times must be a whole number from 1 to {MAX_FAULT_TIMES}")
    if faults:
        raise _RefusalError(400, *faults)
    names = {name: body.get(name, "") for name in _FAULT_NAMES}
    return OrderedFault(kind=FaultKind(kind), **names), int(times)


_FAULT_NAMES: Final = ("service", "operation")


def _body(environ: WSGIEnvironment) -> Json:
    """The request's JSON object, read to its stated length and no further."""
    if str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip() != "application/json":
        raise _RefusalError(415, "send application/json")
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not length.isascii() or not length.isdigit():
        raise _RefusalError(411, "say the body's length in Content-Length")
    if len(length) > 9 or int(length) > MAX_BODY_BYTES:
        raise _RefusalError(413, f"send at most {MAX_BODY_BYTES} bytes")
    try:
        value = json.loads(
            environ["wsgi.input"].read(int(length)),
            parse_constant=_no_constant,
            object_pairs_hook=_no_twins,
        )
    except (ValueError, RecursionError) as fault:
        reason = str(fault) if isinstance(fault, _BadJsonError) else "it cannot be read"
        raise _RefusalError(400, f"the body is not good JSON: {reason}") from None
    if not isinstance(value, dict):
        raise _RefusalError(400, "the body must be a JSON object")
    return value


class _BadJsonError(ValueError):
    """JSON that Python would take and that we do not."""


def _no_constant(name: str) -> Any:
    raise _BadJsonError(f"{name} is not a number")


def _no_twins(pairs: list[tuple[str, Any]]) -> Json:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise _BadJsonError("a name is given twice")
    return dict(pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _RefusalError(
            400, "set must be an ISO 8601 time, such as 2026-11-21T10:00:00Z"
        ) from None
