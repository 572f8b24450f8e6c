"""What `exec` decides by itself, without a server."""

from __future__ import annotations

import pytest

from vaultaws.cli.exec import EndingClock, refuse_nesting, say
from vaultaws.errors import UsageError, WaitTimeoutError


def test_a_wait_ends_with_the_run() -> None:
    asked: list[float] = []

    def goes_on(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) < 2

    clock = EndingClock(goes_on)
    clock.sleep(0.5)
    with pytest.raises(WaitTimeoutError, match="the run has ended"):
        clock.sleep(0.7)
    assert asked == [0.5, 0.7]


def test_nesting_is_refused_unless_wanted() -> None:
    refuse_nesting({}, replaces=False)
    refuse_nesting({"VAULTAWS_EXEC": "reader"}, replaces=True)
    with pytest.raises(UsageError, match="already inside of vaultaws exec reader"):
        refuse_nesting({"VAULTAWS_EXEC": "reader"}, replaces=False)


def test_words_beside_the_child_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("something")
    assert capsys.readouterr() == ("", "· something\n")
