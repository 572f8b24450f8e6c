"""The AWS console's sign-in: temporary credentials become a URL that lets a browser in.

Sources: IAM user guide, "Enable custom identity broker access to the AWS console" (what is asked,
for which credentials, how long); the sign-in hosts of the partitions are those of botocore's own
endpoint rules for AWS Sign-In, and a test holds them to those. AWS documents no console host for
the isolated partitions, so there a destination must be named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from vaultaws.aws.errors import AwsUnreachableError, translated
from vaultaws.aws.sessions import READ_SECONDS
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

SHORTEST_SECONDS: Final = 900
LONGEST_SECONDS: Final = 43_200
DEFAULT_SECONDS: Final = 3600
TOKEN_SECONDS: Final = 900
"""How long the URL itself may be used."""
_PATH: Final = "/federation"
_LONGEST_ANSWER: Final = 64 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Partition:
    """Where one partition signs in. `regional`: its sign-in host begins with a region."""

    signin: str
    domain: str
    """What hosts of its console end in."""
    console: str = ""
    regional: bool = False


PARTITIONS: Final[Mapping[str, Partition]] = {
    "aws": Partition("signin.aws.amazon.com", "aws.amazon.com", "console.aws.amazon.com"),
    "aws-cn": Partition("signin.amazonaws.cn", "amazonaws.cn", "console.amazonaws.cn"),
    "aws-us-gov": Partition(
        "signin.amazonaws-us-gov.com", "amazonaws-us-gov.com", "console.amazonaws-us-gov.com"
    ),
    "aws-eusc": Partition(
        "signin.amazonaws-eusc.eu", "amazonaws-eusc.eu", "console.amazonaws-eusc.eu", regional=True
    ),
    "aws-iso": Partition("signin.c2shome.ic.gov", "c2shome.ic.gov", regional=True),
    "aws-iso-b": Partition("signin.sc2shome.sgov.gov", "sc2shome.sgov.gov", regional=True),
    "aws-iso-e": Partition("signin.csphome.adc-e.uk", "csphome.adc-e.uk", regional=True),
    "aws-iso-f": Partition("signin.csphome.hci.ic.gov", "csphome.hci.ic.gov", regional=True),
}


@dataclass(frozen=True)
class Place:
    """A partition and a region in it; the region may be empty where no host needs one."""

    name: str
    region: str

    @property
    def partition(self) -> Partition:
        return PARTITIONS[self.name]


def place_of(arn: str, region: str) -> Place:
    """Where the credentials are at home: by their ARN, else by the region, else `aws`.

    Raises UsageError for a partition that is not known.
    """
    import botocore.session
    from botocore.exceptions import UnknownRegionError

    session = botocore.session.get_session()
    name = arn.split(":")[1] if arn.count(":") >= 5 else ""
    if not name and region:
        try:
            name = session.get_partition_for_region(region)
        except UnknownRegionError:
            name = ""
    name = name or "aws"
    if name not in PARTITIONS:
        raise UsageError(
            f"the console's sign-in of the partition {name} is not known",
            why="neither AWS's documentation nor botocore names its host",
            do="sign in there as its operators say",
        )
    if PARTITIONS[name].regional and not region:
        region = str(next(iter(session.get_available_regions("sts", name)), ""))
    return Place(name, region)


def federation_url(environ: Mapping[str, str], place: Place) -> str:
    """The sign-in endpoint: AWS_ENDPOINT_URL_SIGNIN, AWS_ENDPOINT_URL, else the partition's own.

    Raises UsageError for one that would carry credentials in clear over a network.
    """
    ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    for name in () if ignored else ("AWS_ENDPOINT_URL_SIGNIN", "AWS_ENDPOINT_URL"):
        if environ.get(name):
            return _checked_endpoint(environ[name], name) + _PATH
    host = place.partition.signin
    return (
        f"https://{place.region}.{host}{_PATH}"
        if place.partition.regional
        else (f"https://{host}{_PATH}")
    )


def _checked_endpoint(url: str, source: str) -> str:
    text = url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not safe or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(
            f"{source} cannot be used to sign in",
            why="credentials go there: it must be https://HOST, or http:// on this machine",
            do=f"correct {source}, or unset it",
        )
    return text


def destination(place: Place, wanted: str) -> str:
    """Where in the console one arrives: a service such as ec2, or a whole URL of its console.

    Raises UsageError for a URL outside the partition's console.
    """
    if "://" in wanted or wanted.startswith("//"):
        return _checked_destination(place, wanted)
    if not place.partition.console:
        raise UsageError(
            f"the console's address in {place.name} is not known",
            why="AWS documents none for it",
            do=f"say it: --destination https://CONSOLE.{place.partition.domain}/",
        )
    service = wanted or "console"
    if not (service.isascii() and service.replace("-", "").isalnum()):
        raise UsageError(
            f"{wanted!r} is no service of the console",
            why="it has letters, digits and - only",
            do="write it like ec2, or a whole URL",
        )
    query = f"?{urlencode({'region': place.region})}" if place.region else ""
    return f"https://{place.partition.console}/{service}/home{query}"


def _checked_destination(place: Place, url: str) -> str:
    domain = place.partition.domain
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    inside = host == domain or host.endswith(f".{domain}")
    plain = url.isascii() and url.isprintable() and " " not in url and parts.username is None
    if parts.scheme != "https" or not inside or not plain or "\\" in url:
        raise UsageError(
            f"{url!r} is not in the console of {place.name}",
            why=f"it needs https:// and a host below {domain}",
            do=f"write it like {destination(place, 'ec2')}"
            if place.partition.console
            else f"write it like https://CONSOLE.{domain}/",
        )
    return url


def sign_in_token(
    credentials: Credentials, endpoint: str, duration_seconds: int | None = None
) -> Secret:
    """Ask for a sign-in token. The credentials are temporary ones.

    `duration_seconds` is the life of a role's console session. Raises AwsError.
    """
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError

    token = credentials.session_token
    session = {
        "sessionId": credentials.access_key_id,
        "sessionKey": credentials.secret_access_key.reveal(),
        "sessionToken": token.reveal() if token is not None else "",
    }
    params = {"Action": "getSigninToken", "SessionType": "json", "Session": json.dumps(session)}
    if duration_seconds is not None:
        params["SessionDuration"] = str(duration_seconds)
    request = AWSRequest("GET", endpoint, headers={"Accept": "application/json"}, params=params)
    with translated("sign in"):
        http = _http(endpoint)
    try:
        answer = http.send(request.prepare())
        body = answer.content
    except BotoCoreError:
        raise AwsUnreachableError(  # the cause holds the request, and that the credentials
            "AWS's sign-in cannot be reached",
            why=f"{urlsplit(endpoint).netloc} did not answer",
            do="check the network and the proxy settings, then try again",
        ) from None
    finally:
        http.close()
    if answer.status_code != 200:
        raise _refused(answer.status_code, duration_seconds)
    return _token_in(body)


def _http(endpoint: str) -> URLLib3Session:
    """AWS's own settings for certificates and proxies."""
    import botocore.session
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    bundle = botocore.session.get_session().get_config_variable("ca_bundle")
    return URLLib3Session(
        verify=bundle or True,
        proxies=get_environ_proxies(endpoint),
        timeout=READ_SECONDS,
    )


def _refused(status: int, duration_seconds: int | None) -> AwsError:
    if status >= 500:
        return AwsError(
            "AWS failed to sign in", why=f"it answered HTTP {status}", do="try again in a moment"
        )
    why = "it takes a role's or a federated user's whole credentials that have not ended"
    do = "look at the role: vaultaws roles show ROLE"
    if duration_seconds is not None:
        why = "a role that was assumed from another one's session takes no --duration"
        do = "run it again without --duration"
    return AwsError("AWS refused to sign in", why=f"{why} (HTTP {status})", do=do)


def _token_in(body: bytes) -> Secret:
    try:
        found = json.loads(body) if len(body) <= _LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    token = found.get("SigninToken") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token or not token.isascii():
        raise AwsError(
            "AWS's sign-in gave no token",
            why="what answers there is not AWS",
            do="check AWS_ENDPOINT_URL and the proxy settings",
        )
    return Secret(token)


def sign_in_url(endpoint: str, token: Secret, where: str) -> Secret:
    """The URL that lets a browser in. Whoever has it is in: it is as secret as the token."""
    query = {
        "Action": "login",
        "Issuer": "vaultaws",
        "Destination": where,
        "SigninToken": token.reveal(),
    }
    return Secret(f"{endpoint}?{urlencode(query)}")
