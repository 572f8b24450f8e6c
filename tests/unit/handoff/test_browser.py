"""A secret URL reaches the browser, once, and no process list."""

from __future__ import annotations

import threading

import urllib3

from vaultaws.clock import SystemClock
from vaultaws.handoff.browser import show
from vaultaws.model import Secret

URL = Secret("https://signin.test/federation?SigninToken=planted-token")


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, headers=headers, redirect=False, retries=False)


def test_it_is_given_to_the_first_with_the_right_path() -> None:
    seen: list[tuple[int, str | None]] = []
    asked: list[str] = []

    def ask(url: str) -> None:
        base = url.rpartition("/")[0]
        for wanted, host in ((f"{base}/", None), (url, "evil.test"), (url, None)):
            answer = get(wanted, **({"Host": host} if host else {}))
            seen.append((answer.status, answer.headers.get("Location")))

    threads: list[threading.Thread] = []

    def browse(url: str) -> bool:
        asked.append(url)
        threads.append(threading.Thread(target=ask, args=(url,)))
        threads[0].start()
        return True

    assert show(URL, SystemClock(), browse)
    threads[0].join()
    assert seen == [(404, None), (404, None), (302, URL.reveal())]
    assert "planted" not in asked[0]


def test_without_a_browser() -> None:
    assert not show(URL, SystemClock(), lambda _: False)


class Impatient(SystemClock):
    """Time runs a minute a look."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 60
        return self._now


def test_a_browser_that_does_not_come() -> None:
    assert not show(URL, Impatient(), lambda _: True)
