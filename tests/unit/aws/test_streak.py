from vaultaws.aws.streak import LONGEST_PAUSE_SECONDS, Streak, Verdict


def test_a_miss_counts_again_from_nothing() -> None:
    streak = Streak(2)
    for verdict in (Verdict.HIT, Verdict.MISS, Verdict.HIT):
        streak = streak.after(verdict)
        assert not streak.complete
    assert streak.after(Verdict.HIT).complete


def test_noise_neither_counts_nor_resets() -> None:
    streak = Streak(2).after(Verdict.HIT).after(Verdict.NOISE)
    assert (streak.hits, streak.tries, streak.misses) == (1, 2, 0)
    assert streak.after(Verdict.HIT).complete


def test_pauses_grow_while_nothing_counts_and_shrink_after_a_hit() -> None:
    streak, pauses = Streak(5), []
    for _ in range(6):
        streak = streak.after(Verdict.MISS)
        pauses.append(streak.pause_seconds(0.0))
    assert pauses == [0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]
    assert streak.after(Verdict.HIT).pause_seconds(0.0) < 0.5
