"""Regions and partitions, by the shape of their names: no list of ours would stay complete.

Source: AWS General Reference, "AWS service endpoints" and "Amazon Resource Names: Partition".
"""

from __future__ import annotations

import re
from typing import Final

_REGION: Final = re.compile(
    r"(?:us-gov|us-iso[a-z]?|eu-isoe|eusc|us|af|ap|ca|cn|eu|il|me|mx|sa)"
    r"-(?:north|south|east|west|central|northeast|northwest|southeast|southwest|de-east)-[0-9]"
)
_PARTITIONS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)


def is_region(name: str) -> bool:
    """Whether a name has the shape of a region's."""
    return _REGION.fullmatch(name) is not None


def partition_of(region: str) -> str:
    """The partition of a region; empty when the region is not said or has no region's shape."""
    if not is_region(region):
        return ""
    return next((partition for start, partition in _PARTITIONS if region.startswith(start)), "aws")
