"""Which outcome is right for what a caller saw: the table, and where he left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from lab.faults.fates import TABLE, Allowed, Fate, allowed_outcomes, fate_of
from lab.faults.sightings import HeardTalk, SeenCall, Span
from lab.faults.sip import Ending

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def caller(ended: float = 20.0, *, pressed: float | None = 3.0) -> SeenCall:
    return SeenCall(
        number="+79130000001",
        invited_at=NOON,
        first_answer_at=NOON,
        answered_at=NOON,
        status=200,
        ended_at=at(ended),
        end_confirmed_at=at(ended),
        ending=Ending.US,
        key=None if pressed is None else "1",
        pressed_at=None if pressed is None else at(pressed),
        talks=(),
        gaps=(),
        heard_fallback=False,
        asked_for_callback=False,
        is_poison=False,
    )


def talked(duration: float) -> tuple[HeardTalk, ...]:
    return (HeardTalk(agent="first01", span=Span(began=at(10), ended=at(10 + duration))),)


def allowed(
    seen: SeenCall,
    *,
    may_be_in_fallback: bool = False,
    may_be_answered: bool = False,
    is_disturbed: bool = False,
) -> Allowed:
    return allowed_outcomes(
        seen,
        may_be_in_fallback=may_be_in_fallback,
        may_be_answered=may_be_answered,
        is_disturbed=is_disturbed,
    )


def test_every_fate_has_its_row() -> None:
    assert set(TABLE) == set(Fate)


@pytest.mark.parametrize(
    ("seen", "fate"),
    [
        (caller(), Fate.LEFT),
        (replace(caller(), talks=talked(5)), Fate.TALKED),
        (replace(caller(), talks=talked(0.1)), Fate.LEFT),
        (replace(caller(), ending=Ending.NODE), Fate.HUNG_UP_ON),
        (replace(caller(), ending=Ending.DEAD), Fate.CUT),
        (replace(caller(), ending=Ending.DEAD, talks=talked(5)), Fate.CUT_TALKING),
        (replace(caller(), heard_fallback=True), Fate.LEFT_AFTER_APOLOGY),
        (
            replace(caller(), heard_fallback=True, talks=talked(5)),
            Fate.TALKED_AFTER_APOLOGY,
        ),
        (replace(caller(), is_poison=True), Fate.POISONED),
        (replace(caller(), status=503, ending=Ending.REFUSED), Fate.REFUSED),
        (replace(caller(), status=None, ending=Ending.DEAD), Fate.UNHEARD),
    ],
)
def test_what_was_seen_is_one_fate(seen: SeenCall, fate: Fate) -> None:
    assert fate_of(seen) is fate


def test_who_leaves_at_once_is_short() -> None:
    assert allowed(caller(2.0, pressed=None)).outcomes == {CallOutcome.SHORT}


def test_near_the_limit_of_a_short_call_both_clocks_are_right() -> None:
    found = allowed(caller(5.0, pressed=None)).outcomes
    assert found == {CallOutcome.SHORT, CallOutcome.ABANDONED_IN_MENU}


def test_long_after_the_key_he_left_the_queue() -> None:
    assert allowed(caller(20.0)).outcomes == {CallOutcome.ABANDONED_IN_QUEUE}


def test_without_a_key_and_early_he_left_the_menu() -> None:
    assert allowed(caller(5.8, pressed=None)).outcomes == {CallOutcome.ABANDONED_IN_MENU}


def test_a_disturbed_menu_may_have_begun_anew() -> None:
    both = {CallOutcome.ABANDONED_IN_MENU, CallOutcome.ABANDONED_IN_QUEUE}
    assert allowed(caller(20.0), is_disturbed=True).outcomes == both


def test_who_leaves_while_the_fallback_takes_over_may_be_its_call() -> None:
    found = allowed(caller(20.0), may_be_in_fallback=True).outcomes
    assert CallOutcome.SENT_TO_FALLBACK in found
    assert CallOutcome.ANSWERED not in found


def test_who_leaves_as_he_is_answered_may_be_answered() -> None:
    assert CallOutcome.ANSWERED in allowed(caller(20.0), may_be_answered=True).outcomes


def test_no_doubt_makes_a_talk_anything_but_answered() -> None:
    found = allowed(
        replace(caller(), talks=talked(5)),
        may_be_in_fallback=True,
        may_be_answered=True,
        is_disturbed=True,
    )
    assert found.outcomes == {CallOutcome.ANSWERED}
