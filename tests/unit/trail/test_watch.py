"""The watch: each finding once, none lost, wherever it is killed; what is wrong is said once."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import START
from tests.support.watching import LAG, CrashError, Fate, Scene, Theft
from vaultaws.errors import (
    AwsError,
    DeliveryError,
    LocalStateError,
    VaultDeniedError,
    VaultSealedError,
)
from vaultaws.trail.telling import OVERLAP
from vaultaws.trail.watch import Voice, Watcher, passes, pause_seconds, run

MINUTE = timedelta(minutes=1)
SEALED = VaultSealedError("the server is sealed", why="it is", do="unseal it")
DENIED = VaultDeniedError("denied", why="no", do="ask")
NUMBERS = st.frozensets(st.integers(1, 60), max_size=8)


def thefts(at_minutes: int = 0, **more: timedelta | None) -> list[Theft]:
    return [Theft(START + at_minutes * MINUTE, **more)]  # type: ignore[arg-type]  # a shorthand


@given(
    made=st.lists(
        st.builds(
            Theft,
            st.integers(0, 600).map(lambda minutes: START + minutes * MINUTE),
            st.integers(0, 75).map(lambda minutes: minutes * MINUTE),
            st.sampled_from((None, 15 * MINUTE, 600 * MINUTE)),
        ),
        max_size=6,
    ),
    steps=st.lists(st.integers(1, 240), min_size=1, max_size=12),
    crashes=NUMBERS,
    failures=NUMBERS,
)
def test_nothing_is_lost_wherever_it_is_killed(
    made: list[Theft], steps: list[int], crashes: frozenset[int], failures: frozenset[int]
) -> None:
    scene = Scene(made, Fate(crashes, failures), reach=2 * OVERLAP)
    watcher = scene.start()

    def go() -> Watcher:
        try:
            watcher.round()
        except CrashError:
            return scene.start()
        return watcher

    for minutes in steps:
        scene.clock.sleep(minutes * 60)
        watcher = go()
    scene.clock.sleep(24 * 3600)
    scene.fate.crashes = scene.fate.failures = frozenset()
    watcher = go()
    expected = sorted(f"ASIA{number:016d}" for number in range(len(made)))
    for output in scene.outputs:
        assert sorted(set(output.keys)) == expected
        if not crashes:
            assert sorted(output.keys) == expected
    assert watcher.state.waiting == ()


def test_a_start_after_the_end_tells_nothing_again() -> None:
    scene = Scene(thefts())
    scene.clock.sleep(600)
    assert scene.start().round().told == 1
    assert scene.start().round().told == 0
    assert [output.keys for output in scene.outputs] == [["ASIA" + "0" * 16]] * 2


@pytest.mark.parametrize(
    ("effect", "stdout", "webhook"),
    [
        (1, 1, 1),  # kept, not told
        (2, 1, 1),  # before the first output took it
        (3, 2, 2),  # every output had it, and that was not kept
        (4, 2, 2),  # before that was kept
        (5, 1, 1),  # after
    ],
)
def test_a_crash_tells_again_what_may_not_have_been_told(
    effect: int, stdout: int, webhook: int
) -> None:
    """The effects are: keep, stdout, webhook, keep; the last place is behind them all."""
    scene = Scene(thefts(), Fate(frozenset({effect})))
    scene.clock.sleep(600)
    for _ in range(3):
        with suppress(CrashError):
            scene.start().round()
    assert [len(output.lines) for output in scene.outputs] == [stdout, webhook]


def test_an_output_that_fails_gets_it_in_the_next_round_and_the_other_not_twice() -> None:
    scene = Scene(thefts(), Fate(failures=frozenset({3})))
    scene.clock.sleep(600)
    first = scene.start()
    seen = first.round()
    assert (seen.told, [type(fault) for fault in seen.faults]) == (0, [DeliveryError])
    assert (first.figures.waiting, first.figures.failed) == (1, 1)
    again = scene.start()  # what stdout took is kept
    assert again.round().told == 1
    assert [len(output.lines) for output in scene.outputs] == [1, 1]
    assert again.figures.told == {("unexplained", "critical"): 1}


def test_what_waits_is_told_though_vault_is_sealed() -> None:
    scene = Scene(thefts(), Fate(failures=frozenset({3})))
    scene.clock.sleep(600)
    watcher = scene.start()
    watcher.round()
    scene.faults = [SEALED]
    seen = watcher.round()
    assert (seen.told, seen.report, seen.faults) == (1, None, (SEALED,))


def test_a_full_disk_keeps_nothing_from_being_told() -> None:
    scene = Scene(thefts(), Fate(failures=frozenset({1, 4})))
    scene.clock.sleep(600)
    watcher = scene.start()
    seen = watcher.round()
    assert (seen.told, [type(fault) for fault in seen.faults]) == (1, [LocalStateError])
    assert watcher.round().told == 0
    assert [len(output.lines) for output in scene.outputs] == [1, 1]


def test_the_window_follows_and_the_state_stays_small() -> None:
    scene = Scene([Theft(START + hour * 60 * MINUTE) for hour in range(72)])
    watcher = scene.start()
    for _ in range(80):
        scene.clock.sleep(3600)
        watcher.round()
    assert len(scene.outputs[0].lines) == 72
    assert len(watcher.state.known) < 8
    last = scene.windows[-1]
    assert last.end - last.start <= 2 * timedelta(hours=1) + OVERLAP + LAG
    assert watcher.state.watermark == last.end - LAG


def test_a_credential_that_lives_on_is_looked_back_for_within_reach() -> None:
    scene = Scene(thefts(life=None), reach=timedelta(hours=6))
    watcher = scene.start()
    for _ in range(5):
        scene.clock.sleep(3600)
        watcher.round()
    assert watcher.state.start == START
    for _ in range(5):
        scene.clock.sleep(3600)
        watcher.round()
    assert watcher.state.watermark is not None
    assert watcher.state.start == watcher.state.watermark - OVERLAP


def test_nothing_is_settled_while_cloudtrail_is_read_in_part() -> None:
    scene = Scene()
    watcher = scene.start()
    watcher.round()
    before = watcher.state.watermark
    scene.lost = ("1 file is torn",)
    scene.clock.sleep(3600)
    watcher.round()
    assert watcher.state.watermark == before
    assert watcher.figures.unread == 1


def heard(scene: Scene, minutes: int) -> list[str]:
    said: list[str] = []
    run(scene.start(), scene.clock, every_seconds=60, for_seconds=minutes * 60, say=said.append)
    return said


def test_trouble_is_said_once_and_so_is_its_end() -> None:
    said = heard(Scene(faults=[None, SEALED, SEALED]), 9)
    assert said == ["· the server is sealed: it is; tried again", "· all is well again"]


def test_what_does_not_pass_ends_the_first_round_only() -> None:
    with pytest.raises(VaultDeniedError):
        heard(Scene(faults=[DENIED]), 9)
    assert len(heard(Scene(faults=[None, DENIED]), 9)) == 2


def test_what_was_not_read_is_said_once_though_its_number_grows() -> None:
    said: list[str] = []
    voice = Voice(said.append)
    scene = Scene()
    for number in range(1, 4):
        scene.lost = (f"{number} files are torn",)
        voice.tell(scene.start().round())
    scene.lost = ("a bucket is shut",)
    voice.tell(scene.start().round())
    assert said == ["· not read: 1 files are torn", "· not read: a bucket is shut"]


def test_pauses_grow_to_ten_minutes() -> None:
    assert [pause_seconds(60, failures) for failures in (0, 1, 2, 3, 9)] == [60, 60, 120, 240, 600]
    assert pause_seconds(3600, 5000) == 3600


@pytest.mark.parametrize(
    ("code", "expected"), [("", True), ("ThrottlingException", True), ("AccessDenied", False)]
)
def test_throttling_passes_and_a_denial_does_not(code: str, expected: bool) -> None:
    assert passes(AwsError("AWS refused", why="no", do="wait", code=code)) is expected
    assert passes(AwsError("AWS failed to look", why="500", do="wait", code="InternalError"))


def test_it_ends_by_itself() -> None:
    scene = Scene()
    heard(scene, 3)
    assert len(scene.windows) == 4
