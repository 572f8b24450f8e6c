"""The constraints of botocore's models, checked as IAM and STS check them before all else.

Source: the botocore service models (min, max, pattern, enum, required); the wording is AWS's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.moto_door import Operation

_TOO_LONG_TO_QUOTE = 256


def validate(operation: Operation) -> None:
    """Raise ApiError ValidationError listing what the input's members do not satisfy."""
    shape = operation.model.input_shape
    if shape is None:
        return
    problems = list(_structure(shape, operation.params, ""))
    if problems:
        count = len(problems)
        plural = "" if count == 1 else "s"
        text = f"{count} validation error{plural} detected: {'; '.join(problems)}"
        raise ApiError("ValidationError", text, 400)


def validate_overrides(operation: Operation) -> None:
    """Raise ApiError InvalidArgument for what S3 shall send as a header of its answer and cannot
    (S3 API reference, GetObject, "Overriding response header values through the request")."""
    for name, value in operation.params.items():
        if name.startswith("Response") and isinstance(value, str) and not _is_header(value):
            text = "Header value cannot be represented using ISO-8859-1."
            raise ApiError("InvalidArgument", text, 400)


def _is_header(value: str) -> bool:
    return all(" " <= character <= "\xff" and character != "\x7f" for character in value)


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        if name not in value:
            if name in shape.required_members:
                missing = "failed to satisfy constraint: Member must not be null"
                yield f"Value null at '{where}' {missing}"
            continue
        yield from _member(member, value[name], where)


def _member(shape: Any, value: Any, where: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, where)
    elif shape.type_name == "list":
        yield from _bounds(shape, len(value), value, where, "length")
        for index, item in enumerate(value, start=1):
            yield from _member(shape.member, item, f"{where}.{index}.member")
    elif shape.type_name == "string":
        yield from _bounds(shape, len(value), value, where, "length")
        yield from _text(shape, value, where)
    elif shape.type_name in {"integer", "long"}:
        yield from _bounds(shape, value, value, where, "value")


def _bounds(shape: Any, size: int, value: Any, where: str, what: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _problem(value, where, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _problem(value, where, f"Member must have {what} less than or equal to {high}")


def _text(shape: Any, value: str, where: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern", "")
    if pattern and not _matcher(pattern)(value):
        yield _problem(value, where, f"Member must satisfy regular expression pattern: {pattern}")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        words = ", ".join(allowed)
        yield _problem(value, where, f"Member must satisfy enum value set: [{words}]")


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Any:
    r"""A Java pattern as Python reads it: \w is ASCII there, \p{…} are Unicode's classes."""
    wide = pattern.replace(r"\p{L}", r"\w").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")
    return re.compile(wide, re.ASCII if wide == pattern else re.UNICODE).fullmatch


def _problem(value: Any, where: str, constraint: str) -> str:
    shown = str(value)[:_TOO_LONG_TO_QUOTE]
    return f"Value '{shown}' at '{where}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
