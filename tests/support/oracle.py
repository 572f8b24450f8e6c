"""principalmapper, an independent evaluator, asked the same question as `decide`.

Its last release imports two names from `collections` that left it in Python 3.10; they are put
back for the time of the import.
"""

from __future__ import annotations

import collections
import collections.abc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_MOVED = ("Mapping", "MutableMapping")


@contextmanager
def _python39_collections() -> Iterator[None]:
    missing = [name for name in _MOVED if not hasattr(collections, name)]
    for name in missing:
        setattr(collections, name, getattr(collections.abc, name))
    try:
        yield
    finally:
        for name in missing:
            delattr(collections, name)


with _python39_collections():
    from principalmapper.common import Node, Policy
    from principalmapper.querying.query_interface import local_check_authorization_full

Document = Mapping[str, Any]


def oracle_allows(
    arn: str,
    action: str,
    resource: str,
    context: Mapping[str, str | list[str]],
    *,
    identity: list[Document],
    boundary: Document | None = None,
    session: Document | None = None,
    resource_policy: Document | None = None,
    resource_account: str = "",
) -> bool:
    """What principalmapper says of one request by a user or role."""
    attached = [Policy(arn, str(number), document) for number, document in enumerate(identity)]
    limit = None if boundary is None else Policy(arn, "boundary", boundary)
    node = Node(
        arn,
        "AIDA" + "A" * 17,
        attached,
        [],
        None,
        None,
        num_access_keys=0,
        active_password=False,
        is_admin=False,
        permissions_boundary=limit,
        has_mfa=False,
        tags={},
    )
    answer = local_check_authorization_full(
        node,
        action,
        resource,
        dict(context),
        resource_policy=resource_policy,
        resource_owner=resource_account or None,
        session_policy=session,
    )
    return bool(answer)
