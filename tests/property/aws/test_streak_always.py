"""What must always hold of the waits, whatever AWS answers in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.stage import StoppedClock
from vaultaws.aws.errors import DENIED, THROTTLED, UNKNOWN_KEY
from vaultaws.aws.proof import gather_proof
from vaultaws.aws.streak import LONGEST_PAUSE_SECONDS, Streak, Verdict
from vaultaws.aws.wait import Probe, classify_identity, run_stages
from vaultaws.errors import AwsError, WaitTimeoutError

SUCCESS = ""
CODES = st.sampled_from([SUCCESS, *sorted(UNKNOWN_KEY | DENIED | THROTTLED), "InternalFailure"])
ANSWERS = st.lists(CODES, max_size=120)
NEEDED = st.integers(1, 8)


def refusal(code: str) -> AwsError | None:
    return AwsError("no", why=code, do="", code=code) if code else None


class Recorder:
    """Answers from a list, then noise for ever; remembers what it answered."""

    def __init__(self, codes: list[str]) -> None:
        self._codes = codes
        self.answered: list[str] = []

    def __call__(self) -> AwsError | None:
        said = len(self.answered)
        self.answered.append(self._codes[said] if said < len(self._codes) else "InternalFailure")
        return refusal(self.answered[-1])


@given(st.lists(st.sampled_from(Verdict)), NEEDED, st.floats(0, 1, exclude_max=True))
def test_a_streak_is_the_hits_since_the_last_miss(
    verdicts: list[Verdict], needed: int, chance: float
) -> None:
    streak = Streak(needed)
    for verdict in verdicts:
        streak = streak.after(verdict)
        assert 0 < streak.pause_seconds(chance) <= LONGEST_PAUSE_SECONDS
    backwards = verdicts[::-1]
    since = backwards[: backwards.index(Verdict.MISS)] if Verdict.MISS in backwards else backwards
    assert streak.hits == since.count(Verdict.HIT)
    assert streak.complete is (streak.hits >= needed)
    assert (streak.tries, streak.misses) == (len(verdicts), verdicts.count(Verdict.MISS))


@given(st.lists(ANSWERS, min_size=1, max_size=3), NEEDED)
def test_good_means_enough_successes_since_the_last_refusal_everywhere(
    regions: list[list[str]], needed: int
) -> None:
    recorders = [Recorder(codes) for codes in regions]
    stage = [Probe("r", each, classify_identity, Streak(needed)) for each in recorders]
    clock = StoppedClock()
    try:
        report = run_stages([stage], clock=clock, deadline_seconds=60)
    except WaitTimeoutError:
        assert sum(clock.slept) <= 60
        return
    assert report.attempts == sum(len(each.answered) for each in recorders)
    for each in recorders:
        tail = each.answered
        for index, code in enumerate(each.answered):
            if code in UNKNOWN_KEY:
                tail = each.answered[index + 1 :]
        assert tail.count(SUCCESS) == needed


@given(ANSWERS, NEEDED)
def test_dead_means_enough_refusals_since_the_last_success(codes: list[str], times: int) -> None:
    recorder = Recorder(codes)
    try:
        proof = gather_proof(
            recorder,
            access_key_id="k",
            action="a",
            clock=StoppedClock(),
            times=times,
            deadline_seconds=60,
        )
    except WaitTimeoutError:
        return
    assert len(proof.refusals) == times
    tail = recorder.answered
    while SUCCESS in tail:
        tail = tail[tail.index(SUCCESS) + 1 :]
    assert [code for code in tail if code in UNKNOWN_KEY | DENIED] == [
        refused.code for refused in proof.refusals
    ]
