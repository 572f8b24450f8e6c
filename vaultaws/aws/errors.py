"""From what botocore raises to the error a person reads.

Codes: "Common errors" of the IAM, STS, EC2 and CloudTrail API references. Messages are AWS's own
first sentence; they never carry a secret, and we cut them before they could (the message of
SignatureDoesNotMatch goes on with the signed request).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from vaultaws.errors import AwsError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

UNKNOWN_KEY: Final = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "UnrecognizedClientException",
    }
)
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
    }
)
THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
TIMED: Final = frozenset({"InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch"})
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_SIGNED_AT: Final = re.compile(r"Signature (?:expired|not yet current): ([0-9]{8}T[0-9]{6}Z)")
_AWS_TIME: Final = re.compile(r"\(([0-9]{8}T[0-9]{6}Z) [+-] [0-9]+ min")
_LONGEST_SENTENCE: Final = 300
_ENCODED: Final = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)

_KNOWN: Final[dict[str, tuple[str, str]]] = {
    "NoSuchEntity": ("", "check the name and the account"),
    "LimitExceeded": ("", "remove what is no longer needed, or ask AWS for a higher limit"),
    "MalformedPolicyDocument": ("", "correct the policy: vaultaws lint"),
    "SignatureDoesNotMatch": (
        "the signature does not fit: the secret key is wrong, or the clock is off",
        "check the secret key and the machine's time",
    ),
}


class AwsSetupError(AwsError):
    """Nothing was sent: a setting of ours is missing or wrong."""


class AwsUnreachableError(AwsError):
    """No answer came."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn botocore's exceptions into ours. `doing` completes "AWS refused to …"."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as fault:
        raise from_client_error(fault, doing) from None
    except (BotoCoreError, ResponseParserError) as fault:
        raise from_core_error(fault, doing) from None


def from_client_error(fault: ClientError, doing: str) -> AwsError:
    """The error for an answer of AWS that says no."""
    details = fault.response.get("Error") or {}
    code = str(details.get("Code") or "") or "Unknown"
    sentence = first_sentence(str(details.get("Message") or ""))
    told = f"{code}: {sentence}" if sentence else code
    off = clock_off(sentence) if code in TIMED else 0
    why, do = _clock_advice(code, off) if off else _advice(code, told)
    what = "AWS failed to" if _is_failure(fault) else "AWS refused to"
    return AwsError(f"{what} {doing}", why=why, do=do, code=code)


def clock_off(sentence: str) -> int:
    """How many seconds this machine's clock is ahead of AWS's (negative: behind); 0 when AWS does
    not say. AWS names both times when it refuses a signature for its age (IAM user guide,
    "Troubleshoot Signature Version 4 signed requests")."""
    signed, now = _SIGNED_AT.search(sentence), _AWS_TIME.search(sentence)
    if signed is None or now is None:
        return 0
    ours, theirs = (datetime.strptime(each[1], _STAMP) for each in (signed, now))  # noqa: DTZ007  (both UTC)
    return round((ours - theirs).total_seconds())


def _clock_advice(code: str, off: int) -> tuple[str, str]:
    side = "ahead of" if off > 0 else "behind"
    why = f"this machine's clock is {abs(off)} seconds {side} that of AWS ({code})"
    return why, "set the machine's clock, best from a time server, then try again"


def _is_failure(fault: ClientError) -> bool:
    metadata = fault.response.get("ResponseMetadata")
    return metadata is not None and metadata.get("HTTPStatusCode", 0) >= 500


def _advice(code: str, told: str) -> tuple[str, str]:
    if code in UNKNOWN_KEY:
        return f"AWS does not know the access key ({code})", "a new key needs a few seconds; wait"
    if code in EXPIRED:
        return f"the credentials have expired ({code})", "fetch new ones: vaultaws creds ROLE"
    if code in DENIED:
        return told, "allow the action in the caller's policies; look for an explicit deny too"
    if code in THROTTLED:
        return f"too many requests ({code})", "try again in a few seconds"
    if code.isdigit():
        return "what answers there is not AWS", "check AWS_ENDPOINT_URL and the proxy settings"
    why, do = _KNOWN.get(code, ("", "correct what it names, then try again"))
    return why or told, do


def first_sentence(message: str) -> str:
    """One printable line of AWS's message, without what only a machine could read."""
    lines = _ENCODED.sub("", message).strip().splitlines()
    line = lines[0] if lines else ""
    line = "".join(character if character.isprintable() else " " for character in line).strip()
    return line if len(line) <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"


def from_core_error(fault: Exception, doing: str) -> AwsError:
    """The error when no answer came, or nothing was sent."""
    name = type(fault).__name__
    setup = {
        "NoCredentialsError": (
            "there are no AWS credentials",
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID",
        ),
        "PartialCredentialsError": (
            "the AWS credentials are incomplete",
            "set both key and secret",
        ),
        "NoRegionError": ("no AWS region is set", "set AWS_DEFAULT_REGION or name a region"),
        "ProfileNotFound": ("AWS_PROFILE names an unknown profile", "correct or unset AWS_PROFILE"),
        "ConfigParseError": ("~/.aws/config cannot be read", "correct the file"),
        "InvalidRegionError": ("the AWS region's name is not one", "correct AWS_DEFAULT_REGION"),
        "ParamValidationError": ("a value has the wrong form for AWS", "correct the value"),
        "UnknownServiceError": ("AWS has no such service", "correct the action's name"),
    }
    if name in setup:
        why, do = setup[name]
        return AwsSetupError(f"AWS was not asked to {doing}", why=why, do=do)
    reasons = {
        "ConnectTimeoutError": "no connection within the time allowed",
        "EndpointConnectionError": "no server answers at the endpoint",
        "ReadTimeoutError": "no answer within the time allowed",
        "SSLError": "the endpoint's certificate is not trusted",
        "ProxyConnectionError": "the proxy does not answer",
        "ConnectionClosedError": "the connection was closed before an answer came",
        "ResponseParserError": "the answer is not one of AWS",
    }
    return AwsUnreachableError(
        f"no answer from AWS while trying to {doing}",
        why=reasons.get(name, f"the connection failed ({name})"),
        do="check the network, AWS_ENDPOINT_URL and the proxy settings",
    )
