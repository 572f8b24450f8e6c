"""That no node answers which has not heard of our last write."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stage import Reply, Seen, Stage, StoppedClock
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.freshness import FALLBACK, INDEX, Freshness
from vaultaws.vault.gateway import HvacVault

Open = Callable[..., Stage]


def openbao(value: int, cluster: str = "c-1") -> str:
    told = json.dumps({"cluster": cluster, "value": str(value)})
    return base64.b64encode(told.encode()).decode()


def headers(*heard: str) -> dict[str, str]:
    """What a request says after these were heard."""
    known = Freshness()
    for index in heard:
        known.hear(index)
    return dict(known.headers)


def shown(sent: dict[str, str]) -> Any:
    return json.loads(base64.b64decode(sent[INDEX]))


@given(st.integers(0, 2**60), st.text(min_size=1, max_size=40))
def test_openbao_is_shown_an_index_that_no_node_has_reached(value: int, cluster: str) -> None:
    sent = headers(openbao(value, cluster))
    assert shown(sent)["cluster"] == cluster
    assert int(shown(sent)["value"]) > value
    assert sent.items() >= FALLBACK.items()


@pytest.mark.parametrize(
    "index", ["v1:opaque", "e30=", "bnVsbA==", base64.b64encode(b"[1]").decode()]
)
def test_an_index_that_cannot_be_read_is_shown_as_it_was_heard(index: str) -> None:
    assert headers(index) == {INDEX: index, **FALLBACK}


@given(st.text(max_size=20))
def test_nothing_is_kept_that_cannot_be_sent(heard: str) -> None:
    kept = headers("known", heard)[INDEX]
    assert kept in {heard, "known"}
    assert kept.isascii()
    assert kept.isprintable()


def test_it_is_shown_from_the_second_request_on(stage: Open, clock: StoppedClock) -> None:
    seen: list[Seen] = []

    def answer(asked: Seen) -> Reply:
        seen.append(asked)
        return Reply(200, {"data": {"keys": []}}, headers={INDEX: openbao(7)})

    opened = stage(answer)
    settings = ConnectionSettings(opened.address, Secret("made-up"))
    with HvacVault(settings, clock) as vault:
        vault.list_roles("aws")
        vault.list_roles("aws")
    assert INDEX.lower() not in seen[0].headers
    assert int(shown({INDEX: seen[1].headers[INDEX.lower()]})["value"]) > 7
