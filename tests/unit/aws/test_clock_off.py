"""What AWS says of the machine's clock, and of MFA and long-term keys."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from vaultaws.aws.errors import clock_off, from_client_error
from vaultaws.aws.sts import explained
from vaultaws.errors import AwsError

LATE = (
    "Signature expired: 20261121T080000Z is now earlier than 20261121T081500Z "
    "(20261121T083000Z - 15 min.)"
)
EARLY = (
    "Signature not yet current: 20261121T090000Z is still later than 20261121T084500Z "
    "(20261121T083000Z + 15 min.)"
)


def refused(code: str, message: str) -> AwsError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    refusal = ClientError(answer, "GetSessionToken")  # type: ignore[arg-type]  # botocore's own has more
    return from_client_error(refusal, "open a session")


@pytest.mark.parametrize(
    ("message", "seconds"),
    [(LATE, -1800), (EARLY, 1800), ("Signature expired: 20261121T080000Z", 0), ("", 0)],
)
def test_the_difference_is_read_from_aws_own_words(message: str, seconds: int) -> None:
    assert clock_off(message) == seconds


def test_a_clock_that_is_off_is_told_in_seconds() -> None:
    told = refused("SignatureDoesNotMatch", LATE)
    assert "1800 seconds behind that of AWS" in told.why
    assert "set the machine's clock" in told.do
    assert "ahead of" in refused("SignatureDoesNotMatch", EARLY).why
    assert "secret key" in refused("SignatureDoesNotMatch", "does not match").why


@pytest.mark.parametrize(
    ("code", "message", "do"),
    [
        (
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
            "next code",
        ),
        (
            "AccessDenied",
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify",
            "vaultaws mfa device list",
        ),
        (
            "AccessDenied",
            "User: x is not authorized to perform: sts:AssumeRole on resource: y",
            "vaultaws mfa roles",
        ),
        (
            "InvalidClientTokenId",
            "The security token included in the request",
            "make the key active",
        ),
        ("ExpiredToken", "The security token included in the request is expired", "mfa login"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "--duration",
        ),
        ("Throttling", "Rate exceeded", "try again"),
    ],
)
def test_each_refusal_says_what_to_do(code: str, message: str, do: str) -> None:
    told = explained(refused(code, message))
    assert do in told.do
    assert told.code == code
