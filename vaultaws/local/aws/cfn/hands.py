"""Calls on somebody's behalf: CloudFormation acts with the rights of the one who asks it.

A request goes through the gate like any other, but it is not signed by its caller: the gate is
told who it is by `ON_BEHALF` in the environment, where no header can come (IAM user guide,
"Forward access sessions").
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from wsgiref.types import WSGIEnvironment

import botocore.session
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.loaders import create_loader

from vaultaws.local.aws.call import Caller
from vaultaws.local.aws.hooks import ON_BEHALF, WsgiApp

SERVICE: Final = "cloudformation.amazonaws.com"
_building: Final = threading.Lock()
_LOADER: Final = create_loader()
"""One for the process: it keeps the services' models it has parsed."""


class _Raw(io.BytesIO):
    """What botocore reads an answer's body from."""

    def stream(self, _amount: int = 0, **_: object) -> Iterator[bytes]:
        yield self.read()


class Hands:
    """The services' clients, in one caller's name and one region."""

    def __init__(self, gate: WsgiApp, caller: Caller, region: str) -> None:
        self._gate = gate
        self._caller = caller
        self._region = region
        self._session = botocore.session.Session()
        self._session.register_component("data_loader", _LOADER)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            with _building:
                built = self._session.create_client(
                    service,
                    region_name=self._region,
                    endpoint_url=f"https://{service}.{self._region}.amazonaws.com",
                    aws_access_key_id="CLOUDFORMATION",
                    aws_secret_access_key="on behalf",  # noqa: S106  (the gate does not check it)
                    config=Config(
                        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
                    ),
                )
            built.meta.events.register("before-send.*", self._through_the_gate)
            self._clients[service] = built
        return self._clients[service]

    def _through_the_gate(self, request: Any, **_: object) -> Any:
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            heads.append((status, headers))

        environ = _environ(request, self._caller)
        body = b"".join(_all(self._gate(environ, start)))
        status, headers = heads[-1]
        fields: Any = HeadersDict(headers)
        raw: Any = _Raw(body)
        return AWSResponse(request.url, int(status.split(" ", 1)[0]), fields, raw)


def _all(chunks: Iterable[bytes]) -> Iterator[bytes]:
    yield from chunks


def _environ(request: Any, caller: Caller) -> WSGIEnvironment:
    parts = urlsplit(request.url)
    body = request.body or b""
    data = body if isinstance(body, bytes) else body.read() if hasattr(body, "read") else body
    data = data.encode() if isinstance(data, str) else bytes(data)
    headers: Mapping[str, Any] = request.headers
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path or "/",
        "QUERY_STRING": parts.query,
        "RAW_URI": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": SERVICE,
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(data),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        ON_BEHALF: caller,
    }
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    environ["HTTP_USER_AGENT"] = SERVICE
    return environ
