"""Sessions from STS: with an MFA code, and of roles.

Source: AWS STS API reference, GetSessionToken and AssumeRole; IAM user guide, "Secure API access
with MFA". A request with a code is sent once: sent again, its code would count as used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.errors import EXPIRED, UNKNOWN_KEY, translated
from vaultaws.aws.sessions import ATTEMPTS, client, default_region
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_sts import STSClient

SHORTEST_SECONDS: Final = 900
LONGEST_SESSION_SECONDS: Final = 129_600
LONGEST_ROLE_SECONDS: Final = 43_200
CHAINED_SECONDS: Final = 3600
ANY_REGION: Final = "us-east-1"
"""Where nothing names a region: STS answers alike in each."""

INVALID_CODE: Final = "invalid MFA one time pass code"
NO_DEVICE: Final = "unable to validate MFA code"
WITHOUT: Final = "must provide both MFA serial number and one time pass code"


@dataclass(frozen=True)
class Proof:
    """A device and the code it shows."""

    serial: str
    code: Secret


@dataclass(frozen=True)
class RoleWish:
    """A role to assume. `seconds` None leaves the life to AWS: one hour."""

    arn: str
    session_name: str
    seconds: int | None = None
    external_id: str = ""


@dataclass(frozen=True)
class Minted:
    """A session and, for a role's, its ARN."""

    credentials: Credentials
    arn: str = ""


class Sts:
    """STS as one caller reaches it; settings are those of `profile`, where one is named."""

    def __init__(
        self, credentials: Credentials, *, region: str = "", profile: str | None = None
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._profile = profile

    def session(self, seconds: int, proof: Proof | None = None) -> Minted:
        """GetSessionToken. Raises AwsError with AWS's reason."""
        params: dict[str, Any] = {"DurationSeconds": seconds, **_with(proof)}
        answer = self._asked(
            "open a session",
            proof,
            lambda sts: sts.get_session_token(**params),
        )
        return Minted(_credentials(answer["Credentials"]))

    def assume(self, wish: RoleWish, proof: Proof | None = None) -> Minted:
        """AssumeRole. Raises AwsError with AWS's reason."""
        params: dict[str, Any] = {"RoleArn": wish.arn, "RoleSessionName": wish.session_name}
        if wish.seconds is not None:
            params["DurationSeconds"] = wish.seconds
        if wish.external_id:
            params["ExternalId"] = wish.external_id
        params.update(_with(proof))
        answer = self._asked(
            f"let you assume {wish.arn}", proof, lambda sts: sts.assume_role(**params)
        )
        return Minted(_credentials(answer["Credentials"]), answer["AssumedRoleUser"]["Arn"])

    def _asked(
        self, doing: str, proof: Proof | None, call: Callable[[STSClient], Any]
    ) -> Mapping[str, Any]:
        region = self._region or region_of(self._profile)
        sts: STSClient = client(
            "sts",
            credentials=self._credentials,
            region=region,
            attempts=1 if proof is not None else ATTEMPTS,
            profile=self._profile,
        )
        try:
            with translated(doing):
                answer: Mapping[str, Any] = call(sts)
        except AwsError as fault:
            raise explained(fault) from None
        return answer


def region_of(profile: str | None) -> str:
    """The region whose STS is asked: that of the settings, else any."""
    return default_region(profile) or ANY_REGION


def _with(proof: Proof | None) -> dict[str, str]:
    if proof is None:
        return {}
    return {"SerialNumber": proof.serial, "TokenCode": proof.code.reveal()}


def _credentials(given: Mapping[str, Any]) -> Credentials:
    return Credentials(
        access_key_id=given["AccessKeyId"],
        secret_access_key=Secret(given["SecretAccessKey"]),
        session_token=Secret(given["SessionToken"]),
        expires_at=given["Expiration"].astimezone(UTC),
    )


def explained(fault: AwsError) -> AwsError:
    """The refusal with what to do about it where MFA or a long-term key is the matter. Pure."""
    why, do = fault.why, _remedy(fault)
    if fault.code in UNKNOWN_KEY:
        why = f"AWS does not know the access key, or it is inactive ({fault.code})"
    return fault if not do else type(fault)(fault.what, why=why, do=do, code=fault.code)


def _remedy(fault: AwsError) -> str:
    remedies = (
        (INVALID_CODE, "wait for the device's next code; is its clock, and this machine's, right?"),
        (NO_DEVICE, "name a device of your own: vaultaws mfa device list"),
        (WITHOUT, "name the device too: --device, aws_mfa_device or mfa_serial"),
        (
            "perform: sts:AssumeRole",
            "see which roles let you in, and which want MFA: vaultaws mfa roles",
        ),
        ("exceeds the MaxSessionDuration", "ask for less with --duration"),
        ("Cannot call GetSessionToken with session", "use the long-term key of the profile"),
    )
    for words, do in remedies:
        if words in fault.why:
            return do
    if fault.code in UNKNOWN_KEY:
        return "in IAM, make the key active or make a new one, then put it into ~/.aws/credentials"
    return "begin a new session: vaultaws mfa login --force" if fault.code in EXPIRED else ""
