"""People with a key and a device, whose sessions have MFA or have it not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.support.aws_clients import a_user, client, key_of
from tests.support.devices import Authenticator
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials


@dataclass(frozen=True)
class Enrolled:
    """A person. `key` is the long-term one, without MFA."""

    aws: LocalAws
    name: str
    key: Credentials
    serial: str
    authenticator: Authenticator

    def with_mfa(self) -> Credentials:
        """A session of the person's own, with MFA."""
        answer = client(self.aws, "sts", self.key).get_session_token(**self._code())
        return key_of(answer)

    def assumed(self, arn: str, *, mfa: bool) -> Credentials | None:
        """A session of a role; None when it is refused."""
        code = self._code() if mfa else {}
        try:
            answer = client(self.aws, "sts", self.key).assume_role(
                RoleArn=arn, RoleSessionName=self.name, **code
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return None
        return key_of(answer)

    def _code(self) -> dict[str, str]:
        return {"SerialNumber": self.serial, "TokenCode": self.authenticator.fresh()}


def person(aws: LocalAws, name: str, *groups: str) -> Enrolled:
    """A new user in these groups, with a device that the administrator enabled."""
    key, iam = a_user(aws, name), client(aws, "iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    authenticator = Authenticator(aws, made["Base32StringSeed"].decode())
    first, second = authenticator.pair()
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )
    for group in groups:
        iam.add_user_to_group(GroupName=group, UserName=name)
    return Enrolled(aws, name, key, made["SerialNumber"], authenticator)


def may(aws: LocalAws, key: Credentials, service: str, operation: str, **params: Any) -> bool:
    """Whether AWS lets the call through; whatever else is wrong with it counts as a yes."""
    try:
        getattr(client(aws, service, key), operation)(**params)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return code not in {"AccessDenied", "UnauthorizedOperation", "AccessDeniedException"}
    return True
