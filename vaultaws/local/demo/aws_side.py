"""What a person would do with the AWS CLI, done with boto3."""

from __future__ import annotations

from typing import Any

from vaultaws.aws.proof import DEADLINE_SECONDS, TIMES, DeathProof, gather_proof
from vaultaws.clock import SystemClock
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, Secret


def credentials_of(document: dict[str, Any]) -> Credentials:
    """Read the JSON format of `vaultaws creds`."""
    token = document.get("session_token")
    return Credentials(
        access_key_id=document["access_key_id"],
        secret_access_key=Secret(document["secret_access_key"]),
        session_token=Secret(token) if token else None,
    )


class AwsSide:
    """The local AWS, asked with one credential set."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        import boto3
        from botocore.config import Config

        token = credentials.session_token
        self._session = boto3.session.Session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key.reveal(),
            aws_session_token=token.reveal() if token is not None else None,
            region_name=region,
        )
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self._config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)

    def client(self, service: str) -> Any:
        """Build the service's client, once: reading a service's model takes its time."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        return self._session.client(  # type: ignore[call-overload]  # the name is not a literal
            service, endpoint_url=self._endpoint, config=self._config
        )

    def refusal(self, service: str, operation: str, **parameters: Any) -> str:
        """Call once; return AWS's error code, empty when it was allowed."""
        from botocore.exceptions import ClientError

        try:
            getattr(self.client(service), operation)(**parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def proof_of_death(self, access_key_id: str) -> DeathProof:
        """Try DescribeInstances until it is refused several times in a row."""

        def attempt() -> AwsError | None:
            code = self.refusal("ec2", "describe_instances")
            return AwsError("refused", why=code, do="fetch again", code=code) if code else None

        return gather_proof(
            attempt,
            access_key_id=access_key_id,
            action="ec2:DescribeInstances",
            clock=SystemClock(),
            times=TIMES,
            deadline_seconds=DEADLINE_SECONDS,
        )
