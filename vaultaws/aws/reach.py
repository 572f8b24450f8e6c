"""Does AWS answer, and what time is it there? Nothing is signed: no credentials are needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from vaultaws.aws.errors import AwsUnreachableError, translated

SECONDS: Final = 8


@dataclass(frozen=True)
class Reached:
    """STS, as AWS's own settings lead to it. `time` is None when the answer told none."""

    endpoint: str
    region: str
    time: datetime | None


def reach_sts() -> Reached:
    """Ask the STS endpoint for anything, and read the answer's Date. Raises AwsError."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    session = botocore.session.get_session()
    with translated("use sts"):
        region = str(session.get_config_variable("region") or "")
        config = Config(signature_version=UNSIGNED)
        made = session.create_client("sts", region_name=region or "us-east-1", config=config)
        bundle = session.get_config_variable("ca_bundle")
    endpoint = str(made.meta.endpoint_url)
    http = URLLib3Session(
        verify=bundle or True, proxies=get_environ_proxies(endpoint), timeout=SECONDS
    )
    try:
        answer = http.send(AWSRequest("GET", endpoint).prepare())
    except BotoCoreError:
        raise AwsUnreachableError(
            f"AWS cannot be reached at {endpoint}",
            why="nothing answered there",
            do="check the network, AWS_ENDPOINT_URL and the proxy settings",
        ) from None
    finally:
        http.close()
    return Reached(endpoint, region, _date(answer.headers.get("Date", "")))


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
