"""The gate: every request to the local AWS passes through `Gate` and nothing else.

request → signature → caller → operation → fault → permission → answer → CloudTrail
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from wsgiref.types import StartResponse, WSGIEnvironment

from vaultaws.local.aws import moto_door, sigv4
from vaultaws.local.aws.authentication import Authentication
from vaultaws.local.aws.call import Call, Caller, Outcome
from vaultaws.local.aws.federation import is_federation
from vaultaws.local.aws.hooks import (
    CONTROL_PREFIX,
    ON_BEHALF,
    ApiError,
    Authoriser,
    Clock,
    Faults,
    Handlers,
    NotMineError,
    Recorder,
    WsgiApp,
)
from vaultaws.local.aws.iam.service import Iam, with_own_name
from vaultaws.local.aws.moto_door import (
    Moto,
    Operation,
    Reply,
    UnknownOperationError,
    UnreadableInputError,
)
from vaultaws.local.aws.refusals import Family, Refusal, RefusedError, worded
from vaultaws.local.aws.replies import error_reply
from vaultaws.local.aws.requests import message_of, service_of
from vaultaws.local.aws.validation import validate, validate_overrides

_log = logging.getLogger(__name__)

_VALIDATED: Final = frozenset({"iam", "sts"})
_READS: Final = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Simulate")


@dataclass(frozen=True)
class Neighbours:
    """What stands around the gate. `handlers` answer in moto's stead."""

    clock: Clock
    faults: Faults
    recorder: Recorder
    authoriser: Authoriser
    handlers: Handlers
    control: WsgiApp
    federation: WsgiApp
    iam: Iam


@dataclass(frozen=True)
class _Request:
    """One request on its way through the gate."""

    id: str
    environ: WSGIEnvironment
    message: sigv4.Message
    service: str
    family: Family

    def refusal(self, error: ApiError) -> Reply:
        return error_reply(error, self.family, self.service, self.id)


class Gate:
    """The WSGI application. One per account; safe from any number of threads."""

    def __init__(self, moto: Moto, authentication: Authentication, around: Neighbours) -> None:
        self._moto = moto
        self._authentication = authentication
        self._around = around

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["RAW_URI"].startswith(CONTROL_PREFIX):
            return self._around.control(environ, start_response)
        if is_federation(environ):
            return self._around.federation(environ, start_response)
        request = _opened(environ)
        try:
            reply = self._reply(request)
        except RefusedError as refused:
            reply = request.refusal(worded(refused, request.family))
        except ApiError as error:
            reply = request.refusal(error)
        except Exception:  # noqa: BLE001  (a fault of ours must not end the connection unanswered)
            _log.exception("a request to %s failed", request.service)
            reply = request.refusal(_failure())
        start_response(f"{reply.status} {_phrase(reply.status)}", list(reply.headers.items()))
        return [reply.body]

    def _reply(self, request: _Request) -> Reply:
        signature = sigv4.read(request.message)
        _check_scope(signature, request.service)
        caller = request.environ.get(ON_BEHALF) or self._authentication.caller(
            request.message, signature
        )
        operation = _operation(request)
        call = self._call(request, signature, operation)
        try:
            operation = with_own_name(operation, caller)
            call = replace(call, params=operation.params)
            self._permit(operation, call, caller)
            reply, outcome = self._outcome(request, signature, operation, call, caller)
        except ApiError as error:
            reply, outcome = _refused(request, error)
        except Exception:  # noqa: BLE001  (whatever moto raises is a server error to the client)
            _log.exception("%s:%s failed", call.service, call.operation)
            reply, outcome = _refused(request, _failure())
        self._around.recorder.record(call, caller, outcome)
        return reply

    def _call(self, request: _Request, signature: sigv4.Signature, operation: Operation) -> Call:
        message = request.message
        return Call(
            request_id=request.id,
            time=self._around.clock.now(),
            service=operation.service,
            operation=operation.name,
            region=signature.region,
            protocol=operation.protocol,
            params=operation.params,
            method=message.method,
            host=message.headers.get("host", ""),
            path=message.raw_path,
            source_ip=request.environ["REMOTE_ADDR"],
            user_agent=message.headers.get("user-agent", ""),
            secure=request.environ["wsgi.url_scheme"] == "https",
            on_behalf=ON_BEHALF in request.environ,
        )

    def _permit(self, operation: Operation, call: Call, caller: Caller) -> None:
        """Raise ApiError for a fault that is due, an input out of bounds, or a policy's no."""
        fault = self._around.faults.draw(call)
        if fault is not None:
            raise fault
        if call.service in _VALIDATED:
            validate(operation)
        elif call.service == "s3":
            validate_overrides(operation)
        self._around.authoriser.authorise(call, caller)

    def _outcome(
        self,
        request: _Request,
        signature: sigv4.Signature,
        operation: Operation,
        call: Call,
        caller: Caller,
    ) -> tuple[Reply, Outcome]:
        try:
            with self._around.iam.around(call):
                handler = self._around.handlers.get((call.service, call.operation))
                if handler is None:
                    return self._from_moto(request, signature, operation, call)
                try:
                    answer = handler(call, caller)
                except NotMineError:
                    return self._from_moto(request, signature, operation, call)
            reply = moto_door.serialised(operation, answer, request.id)
            return reply, Outcome(reply.status, answer)
        except (NotImplementedError, UnknownOperationError) as missing:
            raise ApiError("NotImplemented", str(missing), 501) from missing

    def _from_moto(
        self,
        request: _Request,
        signature: sigv4.Signature,
        operation: Operation,
        call: Call,
    ) -> tuple[Reply, Outcome]:
        environ, body = moto_door.with_params(request.environ, request.message.body, operation)
        scope = f"{signature.access_key_id}/{signature.scope}"
        reply = self._moto.answer(environ, body, scope)
        whole = not call.operation.startswith(_READS)
        return reply, moto_door.outcome_of(operation, reply, whole=whole)


def _check_scope(signature: sigv4.Signature, service: str) -> None:
    """The service of the signature is the one that answers, whatever else the request says."""
    try:
        if moto_door.service_named(signature.service) == service:
            return
    except UnknownOperationError:
        pass
    detail = f"Credential should be scoped to correct service: '{service}'."
    raise RefusedError(Refusal.WRONG, detail)


def _refused(request: _Request, error: ApiError) -> tuple[Reply, Outcome]:
    return request.refusal(error), Outcome(error.status, {}, error.code, error.message)


def _failure() -> ApiError:
    return ApiError("InternalFailure", "The local AWS failed.", 500)


def _operation(request: _Request) -> Operation:
    try:
        return moto_door.operation_of(request.service, request.environ, request.message.body)
    except UnreadableInputError as unreadable:
        raise _unreadable(request.family) from unreadable
    except UnknownOperationError as unknown:
        raise _no_such_operation(request.family, str(unknown)) from unknown


def _opened(environ: WSGIEnvironment) -> _Request:
    message = message_of(environ)
    service = service_of(message)
    protocol = moto_door.protocol_of(service, message.headers.get("content-type", ""))
    return _Request(str(uuid.uuid4()), environ, message, service, Family.of(service, protocol))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _no_such_operation(family: Family, detail: str) -> ApiError:
    if family in {Family.JSON, Family.REST_JSON}:
        return ApiError("UnknownOperationException", detail, 400)
    if family is Family.S3:
        return ApiError("MethodNotAllowed", "The specified method is not allowed.", 405)
    return ApiError("InvalidAction", f"Could not find the operation: {detail[:128]}", 400)


def _unreadable(family: Family) -> ApiError:
    if family in {Family.JSON, Family.REST_JSON}:
        return ApiError("SerializationException", "The request cannot be read.", 400)
    if family in {Family.S3, Family.REST_XML}:
        text = "The XML you provided was not well-formed or did not validate against our schema."
        return ApiError("MalformedXML", text, 400)
    return ApiError("MalformedInput", "The request cannot be read.", 400)
