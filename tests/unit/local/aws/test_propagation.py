from __future__ import annotations

from datetime import timedelta

from tests.support.calls import NOON
from vaultaws.local.aws.propagation import DelayedPropagation, PropagationSettings

KEY = "key:made-up"


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_without_a_delay_everything_is_seen_at_once() -> None:
    propagation = DelayedPropagation()
    propagation.changed(KEY, None, NOON)
    assert propagation.seen(KEY, "new", NOON) == "new"
    assert propagation.pending == 0


def test_a_new_key_is_not_seen_until_the_delay_is_over() -> None:
    propagation = DelayedPropagation(PropagationSettings(8))
    propagation.changed(KEY, None, NOON)
    assert propagation.seen(KEY, "key", NOON + after(7.9)) is None
    assert propagation.seen(KEY, "key", NOON + after(8)) == "key"


def test_a_deleted_key_lives_on_through_its_tombstone() -> None:
    propagation = DelayedPropagation(PropagationSettings(8))
    propagation.changed(KEY, "key", NOON)
    assert propagation.seen(KEY, None, NOON + after(7.9)) == "key"
    assert propagation.seen(KEY, None, NOON + after(8)) is None


def test_several_changes_are_seen_one_after_the_other() -> None:
    propagation = DelayedPropagation(PropagationSettings(10))
    propagation.changed(KEY, "a", NOON)
    propagation.changed(KEY, "b", NOON + after(4))
    seen = [propagation.seen(KEY, "c", NOON + after(s)) for s in (5, 10, 13.9, 14)]
    assert seen == ["a", "b", "b", "c"]


def test_subjects_do_not_disturb_each_other() -> None:
    propagation = DelayedPropagation(PropagationSettings(10))
    propagation.changed(KEY, None, NOON)
    assert propagation.seen("key:other", "other", NOON) == "other"


def test_jitter_gives_each_change_a_moment_of_its_own_within_the_delay() -> None:
    propagation = DelayedPropagation(PropagationSettings(10, jitter=0.5), seed=4)
    for number in range(50):
        propagation.changed(f"key:{number}", None, NOON)

    def seen(seconds: float) -> int:
        looks = (propagation.seen(f"key:{n}", "new", NOON + after(seconds)) for n in range(50))
        return sum(look == "new" for look in looks)

    assert seen(4.9) == 0
    assert 0 < seen(7.5) < 50
    assert seen(7.5) == seen(7.5)
    assert seen(10) == 50


def test_flapping_shows_old_and_new_in_turn_and_ends_with_the_delay() -> None:
    propagation = DelayedPropagation(PropagationSettings(10, jitter=0.8, flap=True), seed=4)
    propagation.changed(KEY, "old", NOON)

    def looks(seconds: float) -> list[str]:
        return [propagation.seen(KEY, "new", NOON + after(seconds)) for _ in range(40)]

    assert set(looks(1.9)) == {"old"}
    middle = looks(6)
    assert set(middle) == {"old", "new"}
    assert middle.index("new") < len(middle) - 1 - middle[::-1].index("old")
    assert set(looks(10)) == {"new"}


def test_a_delay_of_zero_ends_what_is_under_way() -> None:
    propagation = DelayedPropagation(PropagationSettings(60))
    propagation.changed(KEY, "old", NOON)
    propagation.configure(PropagationSettings(0))
    assert propagation.seen(KEY, "new", NOON) == "new"
    assert propagation.pending == 0


def test_a_new_delay_holds_for_later_changes_only() -> None:
    propagation = DelayedPropagation(PropagationSettings(10))
    propagation.changed("a", "old", NOON)
    propagation.configure(PropagationSettings(2))
    propagation.changed("b", "old", NOON)
    assert propagation.seen("a", "new", NOON + after(5)) == "old"
    assert propagation.seen("b", "new", NOON + after(5)) == "new"


def test_memory_is_bounded_by_count_and_by_time() -> None:
    propagation = DelayedPropagation(PropagationSettings(10), max_pending=100)
    for number in range(1_000):
        propagation.changed(f"key:{number}", "old", NOON)
    assert propagation.pending == 100
    assert propagation.seen("key:0", "new", NOON) == "new"
    assert propagation.seen("key:999", "new", NOON) == "old"
    propagation.changed("late", "old", NOON + after(11))
    assert propagation.pending == 1
