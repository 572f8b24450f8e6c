"""Size rules of policies (IAM user guide, "IAM and AWS STS quotas"; STS API reference).

IAM does not count white space. The packed size of what a session carries is a secret of AWS: STS
compresses it into a binary form and only tells a percentage. Ours is an estimate: the policy
without white space, compressed with zlib, plus the ARNs, the tags and two bytes for each of them,
as a share of 2,048 bytes. It agrees with the 8 % of STS's own example (a policy of one statement
and three tags), and grows with what makes AWS's grow.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

USER_INLINE_CHARACTERS: Final = 2_048
GROUP_INLINE_CHARACTERS: Final = 5_120
ROLE_INLINE_CHARACTERS: Final = 10_240
MANAGED_CHARACTERS: Final = 6_144
TRUST_CHARACTERS: Final = 2_048
SESSION_CHARACTERS: Final = 2_048
PACKED_BYTES: Final = 2_048

_INLINE: Final = {
    "user": USER_INLINE_CHARACTERS,
    "group": GROUP_INLINE_CHARACTERS,
    "role": ROLE_INLINE_CHARACTERS,
}


class PolicyTooLargeError(ValueError):
    """IAM answers LimitExceeded with this message."""


class SessionPolicyTooLongError(ValueError):
    """STS answers ValidationError with this message."""


class PackedPolicyTooLargeError(ValueError):
    """STS answers PackedPolicyTooLarge with this message."""


def counted_size(text: str) -> int:
    """Characters that are not white space."""
    return sum(map(len, text.split()))


def check_inline_size(kind: str, name: str, texts: Iterable[str]) -> None:
    """All inline policies of one `user`, `group` or `role` together, the new one included."""
    limit = _INLINE[kind]
    if sum(map(counted_size, texts)) > limit:
        raise PolicyTooLargeError(
            f"Maximum policy size of {limit} bytes exceeded for {kind} {name}"
        )


def check_managed_size(text: str) -> None:
    """One version of a managed policy."""
    if counted_size(text) > MANAGED_CHARACTERS:
        raise PolicyTooLargeError(f"Cannot exceed quota for PolicySize: {MANAGED_CHARACTERS}")


def check_trust_size(text: str) -> None:
    """A role's trust policy (AWS's default quota)."""
    if counted_size(text) > TRUST_CHARACTERS:
        raise PolicyTooLargeError(f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}")


def check_session_size(
    text: str, arns: Iterable[str] = (), tags: Mapping[str, str] | None = None
) -> int:
    """The packed size of what a session is given, in percent (`PackedPolicySize`).

    White space counts in the plain limit of a session policy.
    """
    if len(text) > SESSION_CHARACTERS:
        raise SessionPolicyTooLongError(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {SESSION_CHARACTERS}"
        )
    percent = packed_percent(text, arns, tags or {})
    if percent > 100:
        raise PackedPolicyTooLargeError(
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )
    return percent


def packed_percent(text: str, arns: Iterable[str], tags: Mapping[str, str]) -> int:
    """The estimate, rounded up; 0 for a session that is given nothing."""
    policy = len(zlib.compress("".join(text.split()).encode())) if text.strip() else 0
    extras = [*arns, *(key + value for key, value in tags.items())]
    total = policy + sum(len(extra.encode()) + 2 for extra in extras)
    return math.ceil(100 * total / PACKED_BYTES)
