import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from vaultaws.aws.errors import AwsSetupError, AwsUnreachableError, translated
from vaultaws.errors import AwsError


def client_error(code: str, message: str, status: int = 403) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
                "HostId": "",
            },
        },
        "GetUser",
    )


def caught(fault: Exception) -> AwsError:
    with pytest.raises(AwsError) as seen, translated("look up the user ada"):
        raise fault
    assert isinstance(seen.value, AwsError)
    return seen.value


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        ("InvalidClientTokenId", "does not know the access key"),
        ("AuthFailure", "does not know the access key"),
        ("ExpiredToken", "have expired"),
        ("AccessDenied", "AccessDenied: the message"),
        ("Throttling", "too many requests"),
        ("NoSuchEntity", "NoSuchEntity: the message"),
        ("SignatureDoesNotMatch", "the secret key is wrong"),
        ("SomethingNew", "SomethingNew: the message"),
        ("500", "is not AWS"),
    ],
)
def test_each_code_has_its_reason(code: str, phrase: str) -> None:
    error = caught(client_error(code, "the message"))
    assert error.code == code
    assert error.what == "AWS refused to look up the user ada"
    assert phrase in error.why


def test_a_failure_of_aws_is_told_from_a_refusal() -> None:
    assert caught(client_error("InternalFailure", "", 500)).what.startswith("AWS failed to")


def test_the_message_is_one_printable_line_without_the_encoded_part() -> None:
    message = "You may not.\x1b[31m Encoded authorization failure message: abc\nsecond line"
    error = caught(client_error("UnauthorizedOperation", message))
    assert error.why == "UnauthorizedOperation: You may not. [31m"
    assert len(caught(client_error("X", "y" * 5000)).why) < 400


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (botocore.exceptions.NoCredentialsError(), AwsSetupError),
        (botocore.exceptions.NoRegionError(), AwsSetupError),
        (botocore.exceptions.ProfileNotFound(profile="p"), AwsSetupError),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="u"), AwsUnreachableError),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="u"), AwsUnreachableError),
        (ResponseParserError("not XML: a proxy's page"), AwsUnreachableError),
        (BotoCoreError(), AwsUnreachableError),
    ],
)
def test_no_answer_has_no_code(fault: Exception, kind: type[AwsError]) -> None:
    error = caught(fault)
    assert type(error) is kind
    assert error.code == ""
