"""Why a credential is refused, and how each family of AWS services words it.

Sources: the common errors of the IAM and STS API references (query), the EC2 API reference's
error codes, the S3 API reference's error responses, and the smithy JSON protocols' common errors.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto
from typing import Final

from vaultaws.local.aws.hooks import ApiError


class Refusal(Enum):
    """What is wrong with the credentials of a request."""

    MISSING = auto()
    INCOMPLETE = auto()
    MALFORMED_QUERY = auto()
    UNKNOWN_KEY = auto()
    BAD_TOKEN = auto()
    TOKEN_EXPIRED = auto()
    WRONG = auto()
    PAYLOAD_MISMATCH = auto()
    TOO_OLD = auto()
    NOT_YET = auto()
    URL_EXPIRED = auto()


class RefusedError(Exception):
    """The credentials do not hold. `detail` is AWS's own explanation where it gives one."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.detail = detail


class Family(StrEnum):
    """Services that word refusals alike."""

    QUERY = "query"
    EC2 = "ec2"
    S3 = "s3"
    REST_XML = "rest-xml"
    JSON = "json"
    REST_JSON = "rest-json"

    @classmethod
    def of(cls, service: str, protocol: str) -> Family:
        return cls.S3 if service in {"s3", "s3control"} else cls(protocol)


_MISSING: Final = "Request is missing Authentication Token"
_INVALID: Final = "The security token included in the request is invalid."
_EXPIRED: Final = "The security token included in the request is expired"
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_EC2_FAILURE: Final = "AWS was not able to validate the provided access credentials"
_MALFORMED: Final = "The request signature does not conform to AWS standards."

_Wording = tuple[str, str, int]

_XML: Final[dict[Refusal, _Wording]] = {
    Refusal.MISSING: ("MissingAuthenticationToken", _MISSING, 403),
    Refusal.INCOMPLETE: ("IncompleteSignature", _MALFORMED, 400),
    Refusal.MALFORMED_QUERY: ("IncompleteSignature", _MALFORMED, 400),
    Refusal.UNKNOWN_KEY: ("InvalidClientTokenId", _INVALID, 403),
    Refusal.BAD_TOKEN: ("InvalidClientTokenId", _INVALID, 403),
    Refusal.TOKEN_EXPIRED: ("ExpiredToken", _EXPIRED, 403),
    Refusal.WRONG: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Refusal.PAYLOAD_MISMATCH: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Refusal.TOO_OLD: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Refusal.NOT_YET: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Refusal.URL_EXPIRED: ("SignatureDoesNotMatch", _MISMATCH, 403),
}

_EC2: Final[dict[Refusal, _Wording]] = {
    **dict.fromkeys(Refusal, ("AuthFailure", _EC2_FAILURE, 401)),
    Refusal.MISSING: ("MissingAuthenticationToken", _MISSING, 403),
    Refusal.TOKEN_EXPIRED: ("RequestExpired", "Request has expired.", 400),
    Refusal.TOO_OLD: ("RequestExpired", "Request has expired.", 400),
    Refusal.URL_EXPIRED: ("RequestExpired", "Request has expired.", 400),
}

_SKEWED: Final = (
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    403,
)
_S3: Final[dict[Refusal, _Wording]] = {
    Refusal.MISSING: ("AccessDenied", "Access Denied", 403),
    Refusal.INCOMPLETE: (
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed.",
        400,
    ),
    Refusal.MALFORMED_QUERY: ("AuthorizationQueryParametersError", _MALFORMED, 400),
    Refusal.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    ),
    Refusal.BAD_TOKEN: (
        "InvalidToken",
        "The provided token is malformed or otherwise invalid.",
        400,
    ),
    Refusal.TOKEN_EXPIRED: ("ExpiredToken", "The provided token has expired.", 400),
    Refusal.WRONG: (
        "SignatureDoesNotMatch",
        (
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method."
        ),
        403,
    ),
    Refusal.PAYLOAD_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400,
    ),
    Refusal.TOO_OLD: _SKEWED,
    Refusal.NOT_YET: _SKEWED,
    Refusal.URL_EXPIRED: ("AccessDenied", "Request has expired", 403),
}

_JSON: Final[dict[Refusal, _Wording]] = {
    Refusal.MISSING: ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    Refusal.INCOMPLETE: ("IncompleteSignatureException", _MALFORMED, 400),
    Refusal.MALFORMED_QUERY: ("IncompleteSignatureException", _MALFORMED, 400),
    Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", _INVALID, 400),
    Refusal.BAD_TOKEN: ("UnrecognizedClientException", _INVALID, 400),
    Refusal.TOKEN_EXPIRED: ("ExpiredTokenException", _EXPIRED, 400),
    Refusal.WRONG: ("InvalidSignatureException", _MISMATCH, 400),
    Refusal.PAYLOAD_MISMATCH: ("InvalidSignatureException", _MISMATCH, 400),
    Refusal.TOO_OLD: ("InvalidSignatureException", _MISMATCH, 400),
    Refusal.NOT_YET: ("InvalidSignatureException", _MISMATCH, 400),
    Refusal.URL_EXPIRED: ("InvalidSignatureException", _MISMATCH, 400),
}

_TABLES: Final[dict[Family, dict[Refusal, _Wording]]] = {
    Family.QUERY: _XML,
    Family.EC2: _EC2,
    Family.S3: _S3,
    Family.REST_XML: _XML,
    Family.JSON: _JSON,
    Family.REST_JSON: {kind: (code, text, 403) for kind, (code, text, _) in _JSON.items()},
}

_EXPLAINED: Final = frozenset(
    {
        Refusal.INCOMPLETE,
        Refusal.MALFORMED_QUERY,
        Refusal.WRONG,
        Refusal.TOO_OLD,
        Refusal.NOT_YET,
        Refusal.URL_EXPIRED,
    }
)


def worded(refused: RefusedError, family: Family) -> ApiError:
    """The refusal as `family` says it. EC2 gives no details; S3 only of malformed headers."""
    code, message, status = _TABLES[family][refused.refusal]
    plain = family is Family.EC2 or (
        family is Family.S3 and refused.refusal not in {Refusal.INCOMPLETE, Refusal.MALFORMED_QUERY}
    )
    if refused.detail and refused.refusal in _EXPLAINED and not plain:
        message = refused.detail
    return ApiError(code, message, status)


_DENIED: Final = {
    Family.QUERY: ("AccessDenied", 403),
    Family.EC2: ("UnauthorizedOperation", 403),
    Family.S3: ("AccessDenied", 403),
    Family.REST_XML: ("AccessDenied", 403),
    Family.JSON: ("AccessDeniedException", 400),
    Family.REST_JSON: ("AccessDeniedException", 403),
}


def denied(message: str, family: Family) -> ApiError:
    """What policies forbid, as `family` says it."""
    code, status = _DENIED[family]
    if family is Family.EC2:
        message = f"You are not authorized to perform this operation. {message}"
    return ApiError(code, message, status)
