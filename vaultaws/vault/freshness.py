"""Whom of a cluster we ask: the active node, or one that knows what we have just written.

Standbys of OpenBao answer what needs no write by themselves, from what has reached them (since
2.5). What was just written may be missing there. Worse, one that issues an STS token asks AWS for
it, then cannot write its lease down (seen on 2.7.2): the token lives, and nobody knows of it.

Since 2.7 answers carry an index of the storage, and a request that shows one is passed to the
active node where it has not come that far (openbao/openbao#3839). We show one that no node has
reached. Vault Enterprise's performance standbys write leases by the active node; to them we show
the index that we heard last (Vault documentation, "Vault eventual consistency").
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

INDEX: Final = "X-Vault-Index"
FALLBACK: Final = {"X-Vault-Inconsistent": "forward-active-node"}
_NOT_REACHED: Final = str(2**62)
_LONGEST: Final = 4096


class Freshness:
    """What requests to one server say so that no late node answers; threads may share it.

    `headers` go with each request; there are none before an index was heard.
    """

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self._is_ahead = False

    def hear(self, index: str) -> None:
        """Take in an answer's index. One that cannot be sent back is passed over, and so is any
        after OpenBao's first: what no node has reached stays so."""
        if self._is_ahead or not index or not _is_sound(index):
            return
        ahead = _not_reached(index)
        self.headers, self._is_ahead = {INDEX: ahead or index, **FALLBACK}, bool(ahead)


def _is_sound(index: str) -> bool:
    return index.isascii() and index.isprintable() and len(index) <= _LONGEST


def _not_reached(index: str) -> str:
    """OpenBao's index far ahead; empty for one that cannot be read, which is Vault's."""
    try:
        found = json.loads(base64.b64decode(index, validate=True))
        int(found["value"])
        ahead = json.dumps({"cluster": str(found["cluster"]), "value": _NOT_REACHED})
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return base64.b64encode(ahead.encode()).decode()
