"""Signature Version 4, as a server checks it.

Source: IAM user guide, "Create a signed AWS API request"; Amazon S3 API reference,
"Authenticating requests: using query parameters" and "Transferring payload in multiple chunks".
Text here is Latin-1: header bytes and the raw target pass through unchanged.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from vaultaws.local.aws.refusals import Refusal, RefusedError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW: Final = timedelta(minutes=15)
MAX_URL_SECONDS: Final = 604_800
TIMESTAMP: Final = "%Y%m%dT%H%M%SZ"

S3_SERVICES: Final = frozenset({"s3", "s3-object-lambda", "s3express", "s3-outposts"})
_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True)
class Message:
    """The parts of an HTTP request that a signature covers. Header names are lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Signature:
    """A signature as claimed. `expires_seconds` is set for a presigned URL only."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: datetime
    token: str = ""
    expires_seconds: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def stamp(self) -> str:
        return self.timestamp.strftime(TIMESTAMP)


def read(message: Message) -> Signature:
    """Find the claimed signature in the header or the query. Raises RefusedError."""
    header = message.headers.get("authorization", "")
    if header:
        return _from_header(header, message.headers)
    query = query_pairs(message.raw_query)
    if any(name == "X-Amz-Algorithm" for name, _ in query):
        return _from_query(query)
    raise RefusedError(Refusal.MISSING)


def _from_header(header: str, headers: Mapping[str, str]) -> Signature:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise RefusedError(Refusal.INCOMPLETE, f"Unsupported AWS 'algorithm': '{algorithm[:64]}'")
    fields = dict(_field(part) for part in rest.split(","))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not fields.get(name):
            detail = f"Authorization header requires '{name}' parameter."
            raise RefusedError(Refusal.INCOMPLETE, detail)
    key, date, region, service = _credential(fields["Credential"], Refusal.INCOMPLETE)
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=_header_names(fields["SignedHeaders"], Refusal.INCOMPLETE),
        value=fields["Signature"],
        timestamp=_timestamp(_date_of(headers), Refusal.INCOMPLETE),
        token=headers.get("x-amz-security-token", ""),
    )


def _field(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name, value


def _date_of(headers: Mapping[str, str]) -> str:
    date = headers.get("x-amz-date") or headers.get("date", "")
    if not date:
        detail = "Authorization header requires existence of either a 'X-Amz-Date' or 'Date' header"
        raise RefusedError(Refusal.INCOMPLETE, detail)
    return date


def _from_query(query: list[tuple[str, str]]) -> Signature:
    query = [pair for pair in query if pair[0].startswith("X-Amz-")]
    fields = dict(query)
    if len(fields) < len(query):
        raise RefusedError(Refusal.MALFORMED_QUERY, "Duplicate X-Amz query parameters")
    if fields["X-Amz-Algorithm"] != ALGORITHM:
        detail = 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
        raise RefusedError(Refusal.MALFORMED_QUERY, detail)
    names = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    if not all(fields.get(name) for name in names):
        detail = (
            "Query-string authentication version 4 requires the X-Amz-Algorithm, "
            "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, "
            "and X-Amz-Expires parameters."
        )
        raise RefusedError(Refusal.MALFORMED_QUERY, detail)
    key, date, region, service = _credential(fields["X-Amz-Credential"], Refusal.MALFORMED_QUERY)
    return Signature(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=_header_names(fields["X-Amz-SignedHeaders"], Refusal.MALFORMED_QUERY),
        value=fields["X-Amz-Signature"],
        timestamp=_timestamp(fields["X-Amz-Date"], Refusal.MALFORMED_QUERY),
        token=fields.get("X-Amz-Security-Token", ""),
        expires_seconds=_url_seconds(fields.get("X-Amz-Expires", "900")),
    )


def _url_seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RefusedError(Refusal.MALFORMED_QUERY, "X-Amz-Expires should be a number")
    seconds = int(text)
    if seconds > MAX_URL_SECONDS:
        detail = "X-Amz-Expires must be less than a week (in seconds); that is, the given "
        raise RefusedError(
            Refusal.MALFORMED_QUERY, detail + "X-Amz-Expires must be less than 604800 seconds"
        )
    return seconds


def _credential(text: str, refusal: Refusal) -> tuple[str, str, str, str]:
    parts = text.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        detail = f"Credential must have exactly 5 slash-delimited elements, got '{text[:128]}'"
        raise RefusedError(refusal, detail)
    key, date, region, service, _ = parts
    return key, date, region, service


def _header_names(text: str, refusal: Refusal) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if "host" not in names or any(name != name.lower() or not name for name in names):
        raise RefusedError(refusal, "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return names


def _timestamp(text: str, refusal: Refusal) -> datetime:
    for form in (TIMESTAMP, "%a, %d %b %Y %H:%M:%S GMT"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    detail = f"Date must be in ISO-8601 'basic format'. Got '{text[:64]}'."
    raise RefusedError(refusal, detail)


def verify(
    message: Message, signature: Signature, secret: str, *, payload: str, now: datetime
) -> bytes:
    """Raise RefusedError unless `signature` was made of `message` with `secret`, in time.

    `payload` ends the canonical request: the body's hash, or what stands for it. `now` is the
    machine's time. Returns the signing key, with which a streamed payload is checked on.
    """
    _check_time(signature, now)
    if any(name not in message.headers for name in signature.signed_headers):
        raise RefusedError(Refusal.WRONG)
    if unsigned_headers(message.headers, signature):
        detail = "There were headers present in the request which were not signed"
        raise RefusedError(Refusal.WRONG, detail)
    key = signing_key(secret, signature.date, signature.region, signature.service)
    canonical = canonical_request(message, signature, payload)
    expected = _hex(key, string_to_sign(signature, canonical))
    if not hmac.compare_digest(expected.encode(), signature.value.encode("latin-1")):
        raise RefusedError(Refusal.WRONG)
    return key


def unsigned_headers(headers: Mapping[str, str], signature: Signature) -> list[str]:
    """The x-amz-* headers that the signature leaves out: AWS wants them all signed."""
    if signature.expires_seconds is not None:
        return []
    return [
        name
        for name in headers
        if name.startswith("x-amz-") and name not in signature.signed_headers
    ]


def _check_time(signature: Signature, now: datetime) -> None:
    if signature.stamp[:8] != signature.date:
        detail = (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{signature.date}' != '{signature.stamp[:8]}', from '{signature.stamp}'."
        )
        raise RefusedError(Refusal.WRONG, detail)
    early, late = now - SKEW, now + SKEW
    if signature.timestamp > late:
        detail = (
            f"Signature not yet current: {signature.stamp} is still later than "
            f"{late:{TIMESTAMP}} ({now:{TIMESTAMP}} + 15 min.)"
        )
        raise RefusedError(Refusal.NOT_YET, detail)
    if signature.expires_seconds is not None:
        if now > signature.timestamp + timedelta(seconds=signature.expires_seconds):
            raise RefusedError(Refusal.URL_EXPIRED, f"Signature expired: {signature.stamp}")
    elif signature.timestamp < early:
        detail = (
            f"Signature expired: {signature.stamp} is now earlier than "
            f"{early:{TIMESTAMP}} ({now:{TIMESTAMP}} - 15 min.)"
        )
        raise RefusedError(Refusal.TOO_OLD, detail)


def canonical_request(message: Message, signature: Signature, payload: str) -> str:
    """The six lines that are hashed and signed."""
    headers = "".join(
        f"{name}:{' '.join(message.headers[name].split())}\n" for name in signature.signed_headers
    )
    return "\n".join(
        (
            message.method,
            _canonical_path(message.raw_path, signature.service),
            _canonical_query(message.raw_query),
            headers,
            ";".join(signature.signed_headers),
            payload,
        )
    )


def string_to_sign(signature: Signature, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    return f"{ALGORITHM}\n{signature.stamp}\n{signature.scope}\n{digest}"


@lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The day's key of a scope."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode("latin-1"), hashlib.sha256).digest()
    return key


def _hex(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("latin-1"), hashlib.sha256).hexdigest()


def _canonical_path(raw_path: str, service: str) -> str:
    """S3 signs the path as sent; the others normalise it and encode it once more."""
    if service in S3_SERVICES:
        return raw_path
    return quote(_without_dots(raw_path), safe="/" + _UNRESERVED, encoding="latin-1")


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4, with empty segments dropped."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + end


def _canonical_query(raw_query: str) -> str:
    pairs = sorted(
        (_encoded(name), _encoded(value))
        for name, value in _raw_pairs(raw_query)
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(raw: str) -> str:
    return quote(unquote_to_bytes(raw.encode("latin-1")), safe=_UNRESERVED)


def _raw_pairs(raw_query: str) -> Iterable[tuple[str, str]]:
    for part in raw_query.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield name, value


def query_pairs(raw_query: str) -> list[tuple[str, str]]:
    """Names and values of a query string, percent-decoded, as Latin-1."""
    return [(_decoded(name), _decoded(value)) for name, value in _raw_pairs(raw_query)]


def _decoded(raw: str) -> str:
    return unquote_to_bytes(raw.encode("latin-1")).decode("latin-1")
