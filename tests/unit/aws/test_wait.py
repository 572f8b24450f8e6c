"""The wait's loop over scripted answers of AWS, with a clock that moves only by sleeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.stage import StoppedClock
from vaultaws.aws.actions import Attempt
from vaultaws.aws.proof import gather_proof
from vaultaws.aws.streak import Streak, Verdict
from vaultaws.aws.wait import (
    Probe,
    WaitProgress,
    WaitReport,
    classify_identity,
    classify_read,
    run_stages,
)
from vaultaws.errors import AwsError, WaitTimeoutError


def refusal(code: str) -> AwsError:
    return AwsError("AWS refused", why=f"because {code}", do="wait", code=code)


def scripted(*codes: str, last: str = "") -> Attempt:
    """Answers in order, then `last` for ever; an empty code is success."""

    def answers() -> Iterator[str]:
        yield from codes
        while True:
            yield last

    coming = answers()

    def attempt() -> AwsError | None:
        code = next(coming)
        return refusal(code) if code else None

    return attempt


def probe(attempt: Attempt, needed: int = 5, *, read: bool = False) -> Probe:
    return Probe("here", attempt, classify_read if read else classify_identity, Streak(needed))


def run(
    *stages: list[Probe],
    clock: StoppedClock,
    watch: Callable[[WaitProgress], None] | None = None,
) -> WaitReport:
    return run_stages(
        list(stages), clock=clock, deadline_seconds=60, watch=watch, chance=lambda: 0.0
    )


def test_a_key_is_good_after_five_in_a_row_since_the_last_refusal() -> None:
    attempt = scripted("InvalidClientTokenId", "", "", "InvalidClientTokenId")
    report = run([probe(attempt)], clock=StoppedClock())
    assert (report.attempts, report.refusals) == (9, 2)
    assert report.seconds > 0


@pytest.mark.parametrize("code", ["Throttling", "InternalFailure", "ServiceUnavailable", "503"])
def test_noise_does_not_reset(code: str) -> None:
    report = run([probe(scripted("", code, "", "", code, "", ""))], clock=StoppedClock())
    assert (report.attempts, report.refusals) == (7, 0)


def test_every_region_is_waited_for() -> None:
    slow = scripted(*["AuthFailure"] * 4)
    report = run([probe(scripted()), probe(slow)], clock=StoppedClock())
    assert (report.attempts, report.refusals) == (14, 4)


def test_the_allowed_read_comes_last_and_may_be_late() -> None:
    seen: list[WaitProgress] = []
    read = probe(scripted("UnauthorizedOperation", "AccessDenied"), needed=1, read=True)
    report = run([probe(scripted())], [read], clock=StoppedClock(), watch=seen.append)
    assert report.attempts == 8
    assert [step.needed for step in seen] == [5] * 5 + [1] * 3
    assert seen[-1].in_a_row == 1
    assert [step.seconds for step in seen] == sorted(step.seconds for step in seen)


def test_the_deadline_ends_it_with_the_last_reason() -> None:
    clock = StoppedClock()
    with pytest.raises(WaitTimeoutError) as caught:
        run([probe(scripted(last="InvalidClientTokenId"))], clock=clock)
    assert "because InvalidClientTokenId" in caught.value.why
    assert caught.value.exit_code == 124
    assert 50 < sum(clock.slept) <= 60


def test_an_expired_token_is_not_waited_for() -> None:
    clock = StoppedClock()
    with pytest.raises(AwsError, match="AWS refused"):
        run([probe(scripted(last="ExpiredToken"))], clock=clock)
    assert clock.slept == []


def prove(attempt: Attempt, clock: StoppedClock) -> tuple[int, int, tuple[str, ...]]:
    proof = gather_proof(
        attempt,
        access_key_id="ASIA" + "0" * 16,
        action="ec2:DescribeInstances",
        clock=clock,
        times=5,
        deadline_seconds=60,
        chance=lambda: 0.0,
    )
    assert len(proof.refusals) == 5
    return proof.allowed_before, proof.attempts, proof.codes


def test_dead_is_five_refusals_in_a_row_since_the_last_success() -> None:
    attempt = scripted("", "AccessDenied", "", "Throttling", last="AccessDenied")
    assert prove(attempt, StoppedClock()) == (2, 9, ("AccessDenied",))


def test_an_unknown_or_expired_key_is_dead_too() -> None:
    attempt = scripted("AuthFailure", "UnauthorizedOperation", last="ExpiredToken")
    assert prove(attempt, StoppedClock())[2] == (
        "AuthFailure",
        "UnauthorizedOperation",
        "ExpiredToken",
    )


@pytest.mark.parametrize("last", ["", "Throttling", "InternalFailure", "SignatureDoesNotMatch"])
def test_what_is_no_refusal_proves_nothing(last: str) -> None:
    with pytest.raises(WaitTimeoutError, match="not proved dead"):
        prove(scripted("AccessDenied", last=last), StoppedClock())


def test_a_denial_by_the_organisation_is_not_waited_out() -> None:
    words = "not authorized: with an explicit deny in a service control policy"
    theirs = AwsError("AWS refused", why=words, do="wait", code="AccessDenied")
    assert classify_read(theirs) is Verdict.HIT
    report = run(
        [probe(scripted())],
        [Probe("read", lambda: theirs, classify_read, Streak(1))],
        clock=StoppedClock(),
    )
    assert (report.attempts, report.refusals) == (6, 0)


def test_verdicts() -> None:
    assert classify_identity(None) is Verdict.HIT
    assert classify_identity(refusal("AccessDenied")) is Verdict.NOISE
    assert classify_read(refusal("AccessDenied")) is Verdict.MISS
