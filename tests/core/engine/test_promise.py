"""What a waiting caller is told of his wait never grows without a reason, whatever is estimated."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.engine.promise import WAIT_GROWN, WAIT_INTRO, Promise
from ekc_telephony.core.ivr.spoken import WaitRange, spoken_wait
from ekc_telephony.core.kernel.ids import PromptKey
from tests.core.office import NOON, seconds

RANGES = {spoken_wait(each)[0]: each for each in WaitRange}


def expected(high_s: float, *, low_s: float = 0, turns: float = 1.0) -> ExpectedWait:
    mean = (seconds(low_s) + seconds(high_s)) / 2
    return ExpectedWait(low=seconds(low_s), mean=mean, high=seconds(high_s), turns=turns)


def told(words: tuple[PromptKey, ...]) -> WaitRange:
    intro, wait = words
    assert intro == WAIT_INTRO
    return RANGES[wait]


def hears(promise: Promise, wait: ExpectedWait | None, at_s: float) -> tuple[PromptKey, ...]:
    return promise.words(wait, NOON + seconds(at_s))


def test_the_first_time_he_is_told_the_range_of_the_upper_end() -> None:
    assert told(hears(Promise(), expected(150, low_s=20), 0)) is WaitRange.FROM_2_TO_3


def test_nothing_is_told_while_nothing_is_known() -> None:
    promise = Promise()

    assert hears(promise, None, 0) == ()
    assert promise.told is None


def test_time_that_has_passed_is_taken_off_what_he_was_told() -> None:
    promise = Promise()
    heard = [told(hears(promise, expected(170), at)) for at in (0, 30, 60, 90, 120, 150)]

    assert heard == [
        WaitRange.FROM_2_TO_3,
        WaitRange.FROM_2_TO_3,
        WaitRange.FROM_1_TO_2,
        WaitRange.FROM_1_TO_2,
        WaitRange.UNDER_1,
        WaitRange.UNDER_1,
    ]


def test_when_the_time_he_was_told_is_over_he_is_told_no_time() -> None:
    promise = Promise()
    hears(promise, expected(170), 0)

    assert hears(promise, expected(30), 180) == ()
    assert hears(promise, expected(30), 600) == ()


def test_he_is_not_told_what_is_known_to_be_too_short() -> None:
    promise = Promise()
    hears(promise, expected(170), 0)

    assert hears(promise, expected(400, low_s=200), 100) == ()
    assert told(hears(promise, expected(40, low_s=5), 130)) is WaitRange.UNDER_1


def test_a_longer_wait_without_a_reason_is_not_told() -> None:
    promise = Promise()
    hears(promise, expected(100, turns=1.0), 0)

    assert told(hears(promise, expected(900, turns=1.0), 30)) is WaitRange.FROM_1_TO_2


def test_with_a_reason_he_is_told_that_it_takes_longer_and_the_next_time_how_long() -> None:
    promise = Promise()
    hears(promise, expected(100, turns=1.0), 0)

    assert hears(promise, expected(900, turns=3.0), 30) == (WAIT_GROWN,)
    assert told(hears(promise, expected(880, turns=3.0), 60)) is WaitRange.FROM_10_TO_15


def test_a_reason_without_a_longer_wait_changes_nothing() -> None:
    promise = Promise()
    hears(promise, expected(290, turns=1.0), 0)

    assert told(hears(promise, expected(200, turns=1.2), 30)) is WaitRange.FROM_3_TO_5


def test_a_wait_without_an_end_may_be_told_again_and_again() -> None:
    promise = Promise()

    assert told(hears(promise, expected(4000, low_s=3000), 0)) is WaitRange.OVER_30
    assert told(hears(promise, expected(4000, low_s=3000), 3600)) is WaitRange.OVER_30
    assert told(hears(promise, expected(100), 3700)) is WaitRange.FROM_1_TO_2


MOMENTS = st.lists(
    st.tuples(
        st.floats(1, 300),
        st.none()
        | st.builds(
            lambda low, more, turns: expected(low + more, low_s=low, turns=turns),
            st.floats(0, 3000),
            st.floats(0, 3000),
            st.floats(0.01, 5),
        ),
    ),
    max_size=40,
)


@given(MOMENTS)
def test_what_he_hears_never_grows_without_a_reason(
    moments: list[tuple[float, ExpectedWait | None]],
) -> None:
    promise, now = Promise(), NOON
    last: tuple[WaitRange, datetime, float] | None = None
    """Range, moment and turns when he was told a range last, unless told since that it grew."""
    for after_s, wait in moments:
        now += seconds(after_s)
        another = Promise(promise.told)
        words = promise.words(wait, now)
        assert another.words(wait, now) == words, "another engine would have said something else"
        if not words or wait is None:
            assert words == ()
            continue
        if words == (WAIT_GROWN,):
            assert last is not None
            assert wait.turns > last[2]
            last = None
            continue
        said = told(words)
        if last is not None:
            before, at, _ = last
            assert said <= before
            assert before.end is None or now < at + before.end, "its time is over"
            assert before.end is None or said <= WaitRange.of(at + before.end - now)
        assert said.end is None or wait.low <= said.end
        last = said, now, wait.turns


@given(st.floats(0, 10_000))
def test_every_wait_falls_into_the_shortest_range_that_holds_it(wait_s: float) -> None:
    wait = seconds(wait_s)
    fits = [each for each in WaitRange if each.end is None or wait <= each.end]

    assert WaitRange.of(wait) is fits[0]
    assert WaitRange.of(wait) is WaitRange.OVER_30 or wait <= timedelta(minutes=30)
