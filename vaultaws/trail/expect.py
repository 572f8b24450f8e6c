"""How credentials are meant to be used, as the declared file says: networks, regions, programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Final

GLOBAL_SERVICES: Final = frozenset(
    {"account", "cloudfront", "iam", "organizations", "route53", "sts", "support"}
)
"""Services with one endpoint, whose events CloudTrail writes in us-east-1."""
GLOBAL_REGION: Final = "us-east-1"


class Sort(StrEnum):
    """What is looked at of a call, by its column of `tables.EVENTS`."""

    SOURCE = "source_ip"
    REGION = "region"
    AGENT = "user_agent"


@dataclass(frozen=True)
class Expected:
    """Empty means: anything. `networks` are CIDR blocks, `agents` patterns with * and ?.

    `refusals` is the number of denied calls with one key from which on it is told.
    """

    networks: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    refusals: int = 10

    @property
    def sorts(self) -> bool:
        """True when any use is unexpected at all."""
        return bool(self.networks or self.regions or self.agents)

    def strange(self, sort: Sort, seen: Iterable[str]) -> list[str]:
        """Return those of the values seen that are not expected.

        CloudTrail names an AWS service instead of an address when that service made the call on
        somebody's behalf: such a name is no network of anybody's.
        """
        match sort:
            case Sort.SOURCE:
                return self._strange_sources(seen)
            case Sort.REGION:
                known = self.regions
                return [region for region in seen if known and region and region not in known]
            case Sort.AGENT:
                return self._strange_agents(seen)

    def _strange_sources(self, seen: Iterable[str]) -> list[str]:
        blocks = [ip_network(block, strict=False) for block in self.networks]
        strange = []
        for source in seen if blocks else ():
            try:
                address = ip_address(source)
            except ValueError:
                continue
            if not any(address in block for block in blocks):
                strange.append(source)
        return strange

    def _strange_agents(self, seen: Iterable[str]) -> list[str]:
        patterns = [pattern.lower() for pattern in self.agents]
        return [
            agent
            for agent in (seen if patterns else ())
            if not any(fnmatchcase(agent.lower(), pattern) for pattern in patterns)
        ]


ANYTHING: Final = Expected()
