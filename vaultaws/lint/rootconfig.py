"""[root]: endpoints, regions, identity tokens and automatic rotation."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from vaultaws.config.faults import quoted
from vaultaws.config.schema import Config, Root
from vaultaws.lint.regions import is_region
from vaultaws.lint.rule import Hit, Key, Rule, Severity

_WRITE: Final = "the engine's write of config/root (builtin/logical/aws/path_config_root.go)"
_CLIENT: Final = "the engine's client.go: getRootSTSConfigs (Vault 1.19 and later)"
_STS_HOST: Final = re.compile(r"sts\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")

NO_URL: Final = Rule(
    "endpoint-malformed",
    Severity.ERROR,
    "an endpoint that is no URL",
    "An endpoint has a host, as in https://sts.eu-west-2.amazonaws.com; without a scheme it is "
    "spoken to by https. The engine stores anything, and its calls fail.",
    "Vault API, AWS secrets engine: iam_endpoint, sts_endpoint",
)
PLAIN: Final = Rule(
    "endpoint-without-tls",
    Severity.WARNING,
    "an endpoint spoken to in clear",
    "Requests are signed but not hidden: the secret keys that IAM and STS answer with can be read "
    "on the way. Only this machine's own addresses are let pass.",
    "AWS General Reference, Signing AWS API requests: use of TLS",
)
REGION: Final = Rule(
    "region-unknown",
    Severity.WARNING,
    "a region that has no region's shape",
    "AWS's own endpoints and partitions are found by the region's name.",
    "AWS General Reference, AWS service endpoints",
)
ANOTHER_REGION: Final = Rule(
    "sts-endpoint-of-another-region",
    Severity.ERROR,
    "an STS endpoint of a region for which nothing is signed",
    "A request is signed for sts_region, or region where that is not said. An endpoint of another "
    "region refuses the signature.",
    "AWS General Reference, Elements of a signature: credential scope",
)
STS_REGION_ALONE: Final = Rule(
    "sts-region-without-endpoint",
    Severity.WARNING,
    "sts_region or fallbacks without sts_endpoint",
    "The engine looks at sts_region and at the fallbacks only where sts_endpoint is said.",
    _CLIENT,
)
FALLBACKS: Final = Rule(
    "sts-fallbacks-differ",
    Severity.ERROR,
    "not as many fallback endpoints as fallback regions",
    "The engine refuses the write: each endpoint has its region.",
    _WRITE,
)
FALLBACK_NO_REGION: Final = Rule(
    "sts-fallback-without-region",
    Severity.ERROR,
    "STS fallbacks without a first region",
    "With sts_endpoint and fallbacks, but neither sts_region nor region, the engine counts one "
    "endpoint more than regions, and every STS issuance fails.",
    _CLIENT,
)
TWO_ROTATIONS: Final = Rule(
    "rotation-said-twice",
    Severity.ERROR,
    "rotation_schedule and rotation_period, or a window without a schedule",
    "Rotation follows a schedule or a period, and rotation_window belongs to a schedule. The "
    "engine refuses anything else.",
    "Vault's sdk/helper/automatedrotationutil",
)
TOKEN_WITH_KEY: Final = Rule(
    "identity-token-with-key",
    Severity.ERROR,
    "identity tokens and an access key",
    'The engine takes one of them. With identity_token_audience say credentials = "server", so '
    "that no key is written.",
    _WRITE,
)
TOKEN_WITHOUT_ROLE: Final = Rule(
    "identity-token-without-role",
    Severity.ERROR,
    "identity_token_audience without role_arn",
    "The engine refuses the write: an identity token is exchanged for a role's credentials.",
    _WRITE,
)
ROLE_WITHOUT_TOKEN: Final = Rule(
    "root-role-without-token",
    Severity.WARNING,
    "[root] role_arn without identity_token_audience",
    "The engine looks at role_arn only with identity tokens.",
    "the engine's client.go",
)
RULES: Final = (
    NO_URL,
    PLAIN,
    REGION,
    ANOTHER_REGION,
    STS_REGION_ALONE,
    FALLBACKS,
    FALLBACK_NO_REGION,
    TWO_ROTATIONS,
    TOKEN_WITH_KEY,
    TOKEN_WITHOUT_ROLE,
    ROLE_WITHOUT_TOKEN,
)
_OWN_HOSTS: Final = frozenset({"localhost", "host.docker.internal"})


def check(config: Config) -> Iterator[Hit]:
    """Every rule about [root] but its policy and its template."""
    root = config.root
    if root is None:
        return
    yield from _endpoints(root)
    yield from _regions(root)
    yield from _fallbacks(root)
    yield from _rotation(root)
    yield from _identity_tokens(root)


def _endpoints(root: Root) -> Iterator[Hit]:
    fallbacks = enumerate(root.sts_fallback_endpoints or ())
    said: list[tuple[Key, str | None]] = [
        (("iam_endpoint",), root.iam_endpoint),
        (("sts_endpoint",), root.sts_endpoint),
        *((("sts_fallback_endpoints", str(index)), url) for index, url in fallbacks),
    ]
    for key, url in said:
        parts = _split(url) if url else None
        if url and parts is None:
            message = "it is not the URL of an endpoint"
            remedy = '"https://sts.eu-west-2.amazonaws.com"'
            yield NO_URL.at(("root", *key), message, do=remedy)
        elif parts is not None and parts.scheme == "http" and not _is_own(parts.hostname or ""):
            message = f"secret keys come from {quoted(parts.hostname or '')} in clear"
            yield PLAIN.at(("root", *key), message, do="use https://")


def _split(url: str) -> SplitResult | None:
    """The URL's parts; None when it is not http:// or https:// with a host.

    The SDK of the engine puts https:// before what has no scheme (aws-sdk-go, AddScheme).
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and not re.search(r"\s", url) else None


def _is_own(host: str) -> bool:
    if host in _OWN_HOSTS or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _regions(root: Root) -> Iterator[Hit]:
    fallbacks = enumerate(root.sts_fallback_regions or ())
    said: list[tuple[Key, str | None]] = [
        (("region",), root.region),
        (("sts_region",), root.sts_region),
        *((("sts_fallback_regions", str(index)), region) for index, region in fallbacks),
    ]
    for key, region in said:
        if region and not is_region(region):
            message = f"{quoted(region)} does not look like a region of AWS"
            yield REGION.at(("root", *key), message, do='write it as in "eu-west-2"')
    parts = _split(root.sts_endpoint) if root.sts_endpoint else None
    found = _STS_HOST.fullmatch((parts.hostname or "") if parts is not None else "")
    signed = root.sts_region or root.region
    if found is not None and signed and is_region(found[1]) and found[1] != signed:
        message = f"it is of {found[1]}, and requests are signed for {signed}"
        remedy = f'sts_region = "{found[1]}", or the endpoint of {signed}'
        yield ANOTHER_REGION.at(("root", "sts_endpoint"), message, do=remedy)


def _fallbacks(root: Root) -> Iterator[Hit]:
    endpoints, regions = root.sts_fallback_endpoints or (), root.sts_fallback_regions or ()
    if len(endpoints) != len(regions):
        key = "sts_fallback_endpoints" if endpoints else "sts_fallback_regions"
        message = f"{len(endpoints)} endpoints and {len(regions)} regions"
        yield FALLBACKS.at(("root", key), message, do="say one region for each endpoint")
    if not root.sts_endpoint:
        for key, said in (("sts_region", root.sts_region), ("sts_fallback_endpoints", endpoints)):
            if said:
                message = f"the engine looks at {key} only with sts_endpoint"
                yield STS_REGION_ALONE.at(("root", key), message, do="say sts_endpoint too")
    elif endpoints and not (root.sts_region or root.region):
        message = "the first endpoint has no region, and the engine then refuses every STS call"
        where = ("root", "sts_fallback_endpoints")
        yield FALLBACK_NO_REGION.at(where, message, do="say sts_region or region")


def _rotation(root: Root) -> Iterator[Hit]:
    if root.rotation_schedule and root.rotation_period_seconds:
        message = "rotation follows a schedule or a period, not both"
        where = ("root", "rotation_period")
        yield TWO_ROTATIONS.at(where, message, do="remove one of them")
    elif root.rotation_window_seconds and not root.rotation_schedule:
        message = "rotation_window belongs to rotation_schedule, which is not said"
        where = ("root", "rotation_window")
        yield TWO_ROTATIONS.at(where, message, do="remove it, or say rotation_schedule")


def _identity_tokens(root: Root) -> Iterator[Hit]:
    audience = ("root", "identity_token_audience")
    if root.identity_token_audience:
        if root.credentials != "server":
            message = f'credentials = "{root.credentials}" writes a key, and the engine takes one'
            remedy = 'credentials = "server", or remove identity_token_audience'
            yield TOKEN_WITH_KEY.at(audience, message, do=remedy)
        if not root.role_arn:
            message = "an identity token needs a role to be exchanged for"
            remedy = 'role_arn = "arn:aws:iam::123456789012:role/NAME"'
            yield TOKEN_WITHOUT_ROLE.at(audience, message, do=remedy)
    elif root.role_arn:
        message = "role_arn does nothing without identity_token_audience"
        remedy = "say identity_token_audience, or remove it"
        yield ROLE_WITHOUT_TOKEN.at(("root", "role_arn"), message, do=remedy)
