"""The one answer that a login in the browser waits for, and everything else that may come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import urllib3

from vaultaws.clock import SystemClock
from vaultaws.errors import UsageError, VaultawsError, VaultDeniedError, WaitTimeoutError
from vaultaws.handoff.callback import Callback
from vaultaws.local.ports import free_port
from vaultaws.model import Secret

STATE = "made-up-state"
BOUND = 60.0


class Waiting:
    """A callback that is waited for beside the test."""

    def __init__(self, callback: Callback) -> None:
        self.address = callback.address
        self.code: Secret | None = None
        self.fault: VaultawsError | None = None
        self._thread = threading.Thread(target=self._wait, args=(callback,))
        self._thread.start()

    def _wait(self, callback: Callback) -> None:
        try:
            self.code = callback.wait(STATE, SystemClock(), BOUND)
        except VaultawsError as fault:
            self.fault = fault

    def come(self, query: str, **headers: str) -> tuple[int, str]:
        """A browser that comes back with this query."""
        url = f"{self.address.replace('localhost', '127.0.0.1')}?{query}"
        answer = urllib3.request("GET", url, headers=headers, retries=False)
        return answer.status, answer.data.decode()

    def end(self) -> None:
        self._thread.join(BOUND)
        assert not self._thread.is_alive()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    with Callback(free_port()) as callback:
        begun = Waiting(callback)
        yield begun
        begun.end()


def test_the_answer_with_the_right_state_brings_the_code(waiting: Waiting) -> None:
    status, page = waiting.come(f"state={STATE}&code=made-up-code")
    waiting.end()
    assert (status, "close this page" in page) == (200, True)
    assert waiting.code == Secret("made-up-code")
    assert "made-up" not in page


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=&code=x", "state=other&code=x", "state=%ff"]
)
def test_what_is_nobodys_answer_is_refused_and_ends_nothing(waiting: Waiting, query: str) -> None:
    assert waiting.come(query)[0] == 400
    assert waiting.come(f"state={STATE}&code=y", Host="elsewhere.test")[0] == 404
    waiting.come(f"state={STATE}&code=right")
    waiting.end()
    assert waiting.code == Secret("right")


def test_a_refusal_of_the_provider_is_told_in_plain_words(waiting: Waiting) -> None:
    told = quote("not you\x1b[2J\nat all <script>")
    _, page = waiting.come(f"state={STATE}&error=access_denied&error_description={told}")
    waiting.end()
    assert "<script>" not in page
    assert isinstance(waiting.fault, VaultDeniedError)
    words = waiting.fault.describe()
    assert "access_denied: not you\\u001b[2J at all" in words
    assert len(words.splitlines()) == 3


def test_an_answer_without_a_code_is_a_refusal(waiting: Waiting) -> None:
    waiting.come(f"state={STATE}")
    waiting.end()
    assert isinstance(waiting.fault, VaultDeniedError)
    assert "no code" in waiting.fault.why


def test_a_second_answer_changes_nothing(waiting: Waiting) -> None:
    waiting.come(f"state={STATE}&code=first")
    waiting.end()
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request(
            "GET",
            f"{waiting.address.replace('localhost', '127.0.0.1')}?state={STATE}&code=second",
            retries=False,
            timeout=1.0,
        )
    assert waiting.code == Secret("first")


def test_the_wait_is_bounded() -> None:
    with Callback(free_port()) as callback, pytest.raises(WaitTimeoutError):
        callback.wait(STATE, SystemClock(), 0.0)


def test_a_port_that_is_taken_is_wrong_use() -> None:
    port = free_port()
    with Callback(port), pytest.raises(UsageError, match=str(port)):
        Callback(port)
