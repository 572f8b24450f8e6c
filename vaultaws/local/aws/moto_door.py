"""The only door to moto: its models of the services, its wire formats, its state.

moto promises no stability for `moto.core.{model,parse,routing,serialize}` nor for its backends;
`tests/unit/local/aws/test_moto_door.py` fails when one of them changes.

State is global to the process and not thread-safe, and services reach into one another
(CloudFormation makes IAM users, EC2 reads instance profiles), so one lock guards it all. Under the
interpreter's own lock a finer one would win nothing.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment

from botocore.awsrequest import HeadersDict
from botocore.exceptions import UnknownServiceError
from botocore.parsers import ResponseParserError, create_parser
from moto.backend_index import backend_url_patterns
from moto.backends import get_backend, list_of_moto_modules
from moto.core.base_backend import BackendDict
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException

from vaultaws.local.aws.call import Outcome

LOCK: Final = threading.RLock()
"""Held around every use of moto's state."""

_SERVICE_NAMES: Final = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "cloudcontrolapi": "cloudcontrol",
    "airflow": "mwaa",
    "awsssoportal": "sso",
    "sso": "sso-admin",
    "aoss": "opensearchserverless",
    "es": "es",
}
"""botocore's name of a service where the name in the signature's scope differs."""


S3_DEFAULT_TYPE: Final = "binary/octet-stream"
_FORMS: Final = frozenset({
    "application/x-www-form-urlencoded", "application/x-url-encoded", "multipart/form-data",
})  # fmt: skip


class UnknownOperationError(Exception):
    """No such service or operation."""


class UnreadableInputError(Exception):
    """The operation's input is not in its protocol's form."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Operation:
    """A routed request: the operation, and its input as botocore's model names it."""

    service: str
    name: str
    protocol: str
    model: Any
    params: Mapping[str, Any] = field(default_factory=dict)


def service_named(signing_name: str) -> str:
    """botocore's name of the service. Raises UnknownOperationError."""
    name = _SERVICE_NAMES.get(signing_name, signing_name)
    for tried in (name, name.replace("-", "")):
        if _exists(tried):
            return tried
    raise UnknownOperationError(f"no service {name[:64]!r}")


@lru_cache(maxsize=256)
def _exists(service: str) -> bool:
    try:
        get_service_model(service)
    except (UnknownServiceError, ValueError, OSError):
        return False
    return True


def protocol_of(service: str, content_type: str = "") -> str:
    """The protocol a request speaks; the service's first one when it speaks another."""
    model = get_service_model(service)
    try:
        return str(determine_request_protocol(model, content_type))
    except NotImplementedError:
        return str(model.protocol)


def operation_of(service: str, environ: WSGIEnvironment, body: bytes) -> Operation:
    """Route and parse a request. Raises UnknownOperationError, UnreadableInputError."""
    request = _request(environ, body)
    try:
        model, labels = get_service_router(service).match(request)
        protocol = determine_request_protocol(get_service_model(service), request.content_type)
    except (HTTPException, NotImplementedError, ValueError, LookupError) as error:
        raise UnknownOperationError(str(error)) from error
    parser = PROTOCOL_PARSERS[protocol](model)
    try:
        params = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": labels,
            }
        )
    except Exception as error:  # moto's parsers raise what their data makes them raise
        raise UnreadableInputError from error
    if not isinstance(params, Mapping):
        raise UnreadableInputError
    return Operation(service, str(model.name), protocol, model, params)


def with_params(
    environ: WSGIEnvironment, body: bytes, operation: Operation
) -> tuple[WSGIEnvironment, bytes]:
    """The request as moto shall see it: with the UserName that the gate has put in."""
    name = operation.params.get("UserName")
    if operation.service != "iam" or name is None or b"UserName=" in body:
        return environ, body
    added = urlencode({"UserName": name})
    if environ["REQUEST_METHOD"] == "POST":
        return environ, b"&".join(part for part in (body, added.encode()) if part)
    return {**environ, "QUERY_STRING": f"{environ['QUERY_STRING']}&{added}"}, body


def _request(environ: WSGIEnvironment, body: bytes) -> Request:
    return Request({**environ, "wsgi.input": io.BytesIO(body)})


def serialised(operation: Operation, result: Mapping[str, Any], request_id: str) -> Reply:
    """An answer of our own in the operation's wire format."""
    serializer = get_serializer_class(operation.service, operation.protocol)
    answer = serializer(operation.model, SerializationContext(request_id)).serialize(result)
    body = answer["body"]
    return Reply(
        status=int(answer["status_code"]),
        headers={**answer["headers"], "x-amzn-RequestId": request_id},
        body=body if isinstance(body, bytes) else body.encode(),
    )


def outcome_of(operation: Operation, reply: Reply, *, whole: bool) -> Outcome:
    """What a client reads in the answer. `whole` False leaves a success's members out."""
    failed = reply.status >= 400
    if not failed and (not whole or operation.model.has_streaming_output):
        return Outcome(reply.status)
    parsed = _parsed(operation, reply)
    parsed.pop("ResponseMetadata", None)
    if not failed:
        return Outcome(reply.status, response=parsed)
    error = parsed.get("Error", {})
    return Outcome(
        reply.status,
        error_code=str(error.get("Code") or reply.status),
        error_message=str(error.get("Message") or ""),
    )


def _parsed(operation: Operation, reply: Reply) -> dict[str, Any]:
    raw = {"status_code": reply.status, "headers": HeadersDict(reply.headers), "body": reply.body}
    try:
        parsed: dict[str, Any] = create_parser(operation.protocol).parse(
            raw, operation.model.output_shape
        )
    except ResponseParserError:
        return {}
    return parsed


class Moto:
    """moto's own answers, for one account."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self._guess = DomainDispatcherApplication(create_backend_app)
        self._apps: dict[str, Any] = {}

    @property
    def iam(self) -> Any:
        """The account's IAM backend (moto.iam.models.IAMBackend); hold LOCK."""
        return iam_backends[self.account_id]["aws"]

    def bucket_policy(self, name: str) -> str:
        """The policy of a bucket of the account, or an empty text; hold LOCK."""
        backend: Any = get_backend("s3")
        bucket = backend[self.account_id]["aws"].buckets.get(name)
        policy = bucket.policy if bucket is not None else None
        return policy.decode() if isinstance(policy, bytes) else str(policy or "")

    def answer(self, environ: WSGIEnvironment, body: bytes, scope: str) -> Reply:
        """Hand the request to moto, as the account's. `scope` is KEY/DATE/REGION/SERVICE/…"""
        inner: WSGIEnvironment = {**environ, "wsgi.input": io.BytesIO(body)}
        inner["CONTENT_LENGTH"] = str(len(body))
        inner["HTTP_X_MOTO_ACCOUNT_ID"] = self.account_id
        inner["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        )
        host = self._guess.infer_service_region_host(inner, inner["PATH_INFO"]) or ""
        backend = _backend_at(host)
        if backend != "s3":
            inner["HTTP_HOST"] = host
        elif inner["REQUEST_METHOD"] == "PUT" and _is_form(inner):
            inner["CONTENT_TYPE"] = S3_DEFAULT_TYPE
        with LOCK:
            return _run(self._app(backend), inner)

    def _app(self, backend: str) -> Any:
        if backend not in self._apps:
            self._apps[backend] = create_backend_app(backend)
        return self._apps[backend]

    def warm(self, services: Iterable[str], region: str) -> None:
        """Load models, routers and backends before somebody waits for them."""
        for service in services:
            get_service_router(service)
            app = self._app(service)
            del app
            backend: Any = get_backend(service)
            accounts = backend[self.account_id]
            accounts[region if region in accounts.regions else "aws"]

    def forget(self) -> None:
        """Drop everything moto holds of the account."""
        with LOCK:
            for backend in list(BackendDict._instances):  # noqa: SLF001  (moto offers no other way)
                backend.pop(self.account_id, None)
            owners: Any = getattr(get_backend("s3"), "bucket_accounts", {})
            for name in [name for name, (_, owner) in owners.items() if owner == self.account_id]:
                del owners[name]


def _is_form(environ: WSGIEnvironment) -> bool:
    """True where moto would read an object's bytes as a form's fields, and lose them."""
    media = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    return media in _FORMS


def _backend_at(host: str) -> str:
    """moto's module for a host, or for a module's own name. Raises UnknownOperationError."""
    if host in list_of_moto_modules():
        return host
    for backend, pattern in backend_url_patterns:
        if pattern.match(f"http://{host}"):
            return str(backend)
    raise UnknownOperationError(f"moto has no service at {host}")


def _run(app: Any, environ: WSGIEnvironment) -> Reply:
    """Call a WSGI application. An exception of moto's becomes a NotImplementedError or stays."""
    head: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        head.append((status, headers))

    body = b"".join(_closing(app.wsgi_app(environ, start_response)))
    status, headers = head[-1]
    return Reply(int(status.split(" ", 1)[0]), dict(headers), body)


def _closing(chunks: Any) -> Iterator[bytes]:
    try:
        yield from chunks
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
