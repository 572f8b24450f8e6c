"""requestParameters and responseElements: a call's values in CloudTrail's own spelling.

CloudTrail lowers a name's first letter, writes EC2's lists as `{"items": […]}` under the names of
EC2's XML, keeps S3's own names, and leaves out whatever is secret. What is secret is known from
botocore's models (the `sensitive` trait) and from a short list of names the models do not mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from botocore.model import ListShape, OperationModel, Shape, StructureShape

Json = Any

HIDDEN: Final = frozenset({
    "AuthenticationCode1",
    "AuthenticationCode2",
    "Base32StringSeed",
    "Body",
    "NewPassword",
    "OldPassword",
    "Password",
    "PrivateKey",
    "QRCodePNG",
    "SAMLAssertion",
    "SecretAccessKey",
    "SecretBinary",
    "SecretString",
    "ServicePassword",
    "TokenCode",
    "WebIdentityToken",
})  # fmt: skip
REMOVED: Final = "<sensitiveDataRemoved>"
_S3_NAMES: Final = {"Bucket": "bucketName", "Key": "key"}
_EC2_LAUNCH: Final = ("ImageId", "MinCount", "MaxCount", "KeyName")


def request_parameters(service: str, operation: str, params: Mapping[str, Any]) -> Json:
    """The request as CloudTrail writes it; None where it had no parameters."""
    model = operation_model(service, operation)
    shape = model.input_shape if model else None
    if service == "ec2":
        return _ec2_request(operation, params, shape) or None
    renderer = _s3_request if service == "s3" else _plain
    return renderer(params, shape) or None


def response_elements(service: str, operation: str, response: Mapping[str, Any]) -> Json:
    """The answer as CloudTrail writes it; None where it was empty."""
    body = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    model = operation_model(service, operation)
    shape = model.output_shape if model else None
    return (_ec2(body, shape) if service == "ec2" else _plain(body, shape, service)) or None


@lru_cache(maxsize=512)
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Botocore's model of an operation; None for one it does not know."""
    from botocore.exceptions import UnknownServiceError
    from botocore.model import OperationNotFoundError
    from moto.core.utils import get_service_model

    try:
        model: OperationModel = get_service_model(service).operation_model(operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None
    return model


def lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _plain(value: Any, shape: Shape | None, service: str = "") -> Json:
    if isinstance(value, Mapping):
        return {
            lower_first(name): _plain(inner, member, service)
            for name, inner, member in _visible(value, shape)
        }
    if isinstance(value, list | tuple):
        return [_plain(inner, _element(shape), service) for inner in value]
    return _java_time(value, service) if isinstance(value, datetime) else _scalar(value)


def _s3_request(params: Mapping[str, Any], shape: Shape | None) -> Json:
    return {
        _S3_NAMES.get(name, name): _as_is(inner, member)
        for name, inner, member in _visible(params, shape)
    }


def _as_is(value: Any, shape: Shape | None) -> Json:
    if isinstance(value, Mapping):
        return {n: _as_is(inner, member) for n, inner, member in _visible(value, shape)}
    if isinstance(value, list | tuple):
        return [_as_is(inner, _element(shape)) for inner in value]
    return _scalar(value)


def _ec2_request(operation: str, params: Mapping[str, Any], shape: Shape | None) -> Json:
    """EC2's requests: InstanceIds becomes instancesSet, Filters becomes filterSet and so on."""
    result: dict[str, Json] = {}
    rest = dict(params)
    if operation == "RunInstances":
        launch = {lower_first(n): rest.pop(n) for n in _EC2_LAUNCH if n in rest}
        result["instancesSet"] = {"items": [launch]}
    if rest.pop("UserData", None) is not None:
        result["userData"] = REMOVED
    if operation == "DescribeInstances":
        result |= {"instancesSet": {}, "filterSet": {}}
    for name, value, member in _visible(rest, shape):
        key, rendered = _ec2_argument(name, value, member)
        result[key] = rendered
    return result


def _ec2_argument(name: str, value: Any, shape: Shape | None) -> tuple[str, Json]:
    if not isinstance(value, list | tuple):
        return lower_first(name), _plain(value, shape)
    if name.endswith("Ids"):
        noun = lower_first(name.removesuffix("Ids"))
        key = "instancesSet" if noun == "instance" else f"{noun}Set"
        return key, {"items": [{f"{noun}Id": _scalar(inner)} for inner in value]}
    if name == "Filters":
        return "filterSet", {"items": [_ec2_filter(inner) for inner in value]}
    noun = lower_first(name).removesuffix("s")
    items = [_plain(inner, _element(shape)) for inner in value]
    return f"{noun}Set", {"items": items}


def _ec2_filter(value: Mapping[str, Any]) -> Json:
    values = [{"value": _scalar(inner)} for inner in value.get("Values", ())]
    return {"name": _scalar(value.get("Name", "")), "valueSet": {"items": values}}


def _ec2(value: Any, shape: Shape | None) -> Json:
    """EC2's answers carry the names of its XML; times are milliseconds since 1970."""
    if isinstance(value, Mapping):
        return {
            _wire_name(name, member): _ec2(inner, member)
            for name, inner, member in _visible(value, shape)
        }
    if isinstance(value, list | tuple):
        items = [_ec2(inner, _element(shape)) for inner in value]
        return {"items": items} if items else {}
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return _scalar(value)


def _wire_name(name: str, shape: Shape | None) -> str:
    wire = shape.serialization.get("name") if shape is not None else None
    return wire if isinstance(wire, str) else lower_first(name)


def _visible(value: Mapping[str, Any], shape: Shape | None) -> list[tuple[str, Any, Shape | None]]:
    """The members that may be written, each with its shape where the model knows it."""
    members: Mapping[str, Shape] = shape.members if isinstance(shape, StructureShape) else {}
    kept = []
    for name, inner in value.items():
        member = members.get(name)
        if name in HIDDEN or inner is None or (member is not None and _sensitive(member)):
            continue
        kept.append((str(name), inner, member))
    return kept


def _sensitive(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive"))


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if isinstance(shape, ListShape) else None


def _java_time(moment: datetime, service: str) -> str:
    """`Nov 30, 2024, 8:43:17 PM` from STS, `Aug 1, 2024 1:33:28 PM` elsewhere, in UTC."""
    utc = moment.astimezone(UTC)
    comma = "," if service == "sts" else ""
    day = f"{utc:%b} {utc.day}, {utc.year}{comma}"
    return f"{day} {utc.hour % 12 or 12}:{utc:%M:%S %p}"


def _scalar(value: Any) -> Json:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
