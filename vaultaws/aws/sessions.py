"""Clients for AWS services, with AWS's own settings (environment, profiles, AWS_ENDPOINT_URL)."""

from __future__ import annotations

import threading
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.errors import AwsSetupError, translated
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.loaders import Loader
    from botocore.session import Session

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
ATTEMPTS: Final = 3

_GLOBAL: Final = {"iam": "us-east-1"}  # a service without regions is signed for this one

_building = threading.Lock()


def client(
    service: str,
    *,
    credentials: Credentials | None = None,
    region: str | None = None,
    fresh: bool = False,
    attempts: int = ATTEMPTS,
    profile: str | None = None,
) -> Any:
    """Build botocore's client for `service` (iam, sts, ec2 …).

    Without `credentials`, AWS's own chain finds them. `fresh` opens a new connection for each
    call, so that each may reach another of AWS's front ends, and tries once: whoever probes
    must see every refusal. Otherwise botocore tries `attempts` times (its standard mode: only
    throttles, 5xx and lost connections). Settings are those of `profile`, else of AWS_PROFILE.
    Raises AwsSetupError when a setting is wrong.
    """
    built, _ = _built(service, credentials, region, 1 if fresh else attempts, profile)
    if fresh:
        built.meta.events.register("before-send.*", partial(_on_a_new_connection, built))
    return built


def client_and_key_id(
    service: str,
    *,
    credentials: Credentials | None = None,
    region: str | None = None,
    attempts: int = ATTEMPTS,
) -> tuple[Any, str]:
    """The same client, and the id of the key that it signs with; empty where it has none."""
    built, session = _built(service, credentials, region, attempts, None)
    if credentials is not None:
        return built, credentials.access_key_id
    return built, _key_id(session)


def _built(
    service: str,
    credentials: Credentials | None,
    region: str | None,
    attempts: int,
    profile: str | None,
) -> tuple[Any, Session]:
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="vaultaws",
    )
    keys: dict[str, Any] = {}
    if credentials is not None:
        keys = {
            "aws_access_key_id": credentials.access_key_id,
            "aws_secret_access_key": credentials.secret_access_key.reveal(),
        }
        if credentials.session_token is not None:
            keys["aws_session_token"] = credentials.session_token.reveal()
    with translated(f"use {service}"), _building:
        session = botocore.session.Session(profile=profile)
        session.register_component("data_loader", _loader())
        if region is None and service in _GLOBAL:
            region = session.get_config_variable("region") or _GLOBAL[service]
        return session.create_client(service, region_name=region, config=config, **keys), session


def default_region(profile: str | None = None) -> str:
    """The region AWS's own settings name, those of `profile` first; empty when there is none."""
    import botocore.session

    with translated("read the settings"):
        return str(botocore.session.Session(profile=profile).get_config_variable("region") or "")


def own_key_id() -> str:
    """The access key id that AWS's own settings give this person; empty when they give none."""
    import botocore.session

    return _key_id(botocore.session.get_session())


def _key_id(session: Session) -> str:
    with translated("find your AWS credentials"):
        found = session.get_credentials()
        return str(found.get_frozen_credentials().access_key or "") if found is not None else ""


def profile_credentials(name: str) -> Credentials:
    """The credentials of a profile in ~/.aws, as botocore finds them now.

    Raises AwsSetupError when there is no such profile or it has none.
    """
    import botocore.session

    with translated(f"find the credentials of the profile {name}"):
        found = botocore.session.Session(profile=name).get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise AwsSetupError(
            f"the profile {name} has no credentials",
            why="~/.aws/credentials and ~/.aws/config give it none",
            do=f"aws configure --profile {name}",
        )
    return Credentials(
        access_key_id=frozen.access_key,
        secret_access_key=Secret(frozen.secret_key),
        session_token=Secret(frozen.token) if frozen.token else None,
    )


@cache
def _loader() -> Loader:
    """One loader for the process: it keeps the services' models it has parsed."""
    from botocore.loaders import create_loader

    return create_loader()


def _on_a_new_connection(built: Any, request: AWSPreparedRequest, **_: object) -> None:
    """Drop idle connections, and ask the server to close this one. The header is not signed.

    The header alone is not enough: a server may close without saying so, and a call that comes
    before its FIN would be sent into a dying connection.
    """
    built.close()
    request.headers["Connection"] = "close"
