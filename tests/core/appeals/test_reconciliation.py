"""What is found when Asterisk's record and the store are held against each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.appeals.reconciliation import (
    LONGEST_CALL,
    SETTLING,
    TOLERANCE,
    DifferenceKind,
    Kept,
    Witnessed,
    differences,
    strays,
)
from ekc_telephony.core.kernel.ids import AppealId, CallId

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
SPAN = (DAY, DAY + timedelta(days=1))
NIGHT = DAY + timedelta(days=1, hours=3)
MINUTE = timedelta(minutes=1)
CALL = CallId("ekc-1.1")

SEEN = Witnessed(
    call=CALL,
    began_at=NOON,
    ended_at=NOON + MINUTE,
    longest_talk=timedelta(seconds=30),
    was_in_fallback=False,
)
KEPT = Kept(
    call=CALL,
    appeal=AppealId("ekc-260302-120000-1"),
    has_appeal=True,
    registered_at=NOON,
    ended_at=NOON + MINUTE,
    longest_talk=timedelta(seconds=30),
    saw_asterisk_die=False,
)
K = DifferenceKind


def found(
    seen: Witnessed | None, kept: Kept | None, *, now: datetime = NIGHT, is_spooled: bool = False
) -> list[tuple[DifferenceKind, bool]]:
    _, unlike = differences(
        {} if seen is None else {seen.call: seen},
        {} if kept is None else {kept.call: kept},
        between=SPAN,
        now=now,
        spooled={CALL} if is_spooled else set(),
    )
    return [(each.kind, each.is_explained) for each in unlike]


def test_two_records_that_agree_have_no_difference() -> None:
    assert differences({CALL: SEEN}, {CALL: KEPT}, between=SPAN, now=NIGHT) == (1, [])


@pytest.mark.parametrize(
    ("seen", "kept", "kinds"),
    [
        (SEEN, None, [K.CALL_WITHOUT_APPEAL]),
        (None, KEPT, [K.APPEAL_WITHOUT_CALL]),
        (SEEN, replace(KEPT, has_appeal=False), [K.APPEAL_MISSING]),
        (SEEN, replace(KEPT, registered_at=NOON + TOLERANCE), []),
        (SEEN, replace(KEPT, registered_at=NOON + TOLERANCE * 1.01), [K.BEGIN_APART]),
        (SEEN, replace(KEPT, ended_at=NOON + MINUTE * 2), [K.END_APART]),
        (SEEN, replace(KEPT, ended_at=None), [K.STILL_OPEN]),
        (SEEN, replace(KEPT, longest_talk=None), [K.TALK_NOT_KEPT]),
        (
            replace(SEEN, longest_talk=TOLERANCE),
            replace(KEPT, longest_talk=None),
            [],
        ),
        (replace(SEEN, longest_talk=timedelta()), KEPT, [K.TALK_NOT_WITNESSED]),
        (replace(SEEN, longest_talk=timedelta(), was_in_fallback=True), KEPT, []),
        (
            replace(SEEN, longest_talk=timedelta()),
            replace(KEPT, longest_talk=TOLERANCE),
            [],
        ),
    ],
)
def test_each_difference_is_found(
    seen: Witnessed | None, kept: Kept | None, kinds: list[DifferenceKind]
) -> None:
    assert found(seen, kept) == [(kind, False) for kind in kinds]


def test_an_appeal_without_a_record_is_explained_when_asterisk_died_in_the_call() -> None:
    assert found(None, replace(KEPT, saw_asterisk_die=True)) == [(K.APPEAL_WITHOUT_CALL, True)]


def test_a_call_whose_note_waits_in_the_spool_is_said_to_wait_there() -> None:
    assert found(SEEN, None, is_spooled=True) == [(K.CALL_IN_SPOOL, False)]
    assert found(SEEN, replace(KEPT, ended_at=None), is_spooled=True) == [(K.CALL_IN_SPOOL, False)]


def test_a_caller_who_is_still_in_the_fallback_is_left_out_though_the_engine_let_him_go() -> None:
    assert found(None, KEPT, is_spooled=True) == []


def test_calls_that_go_on_or_have_just_ended_are_left_out() -> None:
    now = NOON + MINUTE + SETTLING / 2
    going_on = replace(KEPT, ended_at=None)
    for seen, kept in ((SEEN, None), (None, KEPT), (SEEN, KEPT), (None, going_on)):
        unlike = differences(
            {} if seen is None else {CALL: seen},
            {} if kept is None else {CALL: kept},
            between=SPAN,
            now=now,
        )
        assert unlike == (0, [])


def test_a_call_that_is_open_for_longer_than_any_call_lasts_was_forgotten() -> None:
    going_on = replace(KEPT, ended_at=None)
    assert found(None, going_on, now=NOON + LONGEST_CALL - MINUTE) == []
    assert found(None, going_on, now=NOON + LONGEST_CALL) == [(K.STILL_OPEN, False)]


@pytest.mark.parametrize("began_at", [DAY - timedelta(microseconds=1), DAY + timedelta(days=1)])
def test_calls_of_other_days_are_not_compared(began_at: datetime) -> None:
    seen = replace(SEEN, began_at=began_at, ended_at=began_at + MINUTE)
    assert differences({CALL: seen}, {}, between=SPAN, now=NIGHT) == (0, [])


def test_a_call_at_midnight_belongs_to_the_day_in_which_asterisk_saw_it_begin() -> None:
    midnight = DAY + timedelta(days=1)
    seen = replace(SEEN, began_at=midnight - timedelta(milliseconds=1), ended_at=midnight + MINUTE)
    kept = replace(KEPT, registered_at=midnight, ended_at=midnight + MINUTE)
    assert differences({CALL: seen}, {CALL: kept}, between=SPAN, now=NIGHT) == (1, [])


def test_an_appeal_that_no_call_names_is_a_difference_of_its_own() -> None:
    (difference,) = strays([(AppealId("E-1"), NOON)])
    assert (difference.kind, difference.appeal) == (K.SECOND_APPEAL, "E-1")


offsets = st.integers(0, 23 * 3600).map(lambda seconds: DAY + timedelta(seconds=seconds))


@given(st.dictionaries(st.integers(1, 99), offsets, min_size=1), st.data())
def test_of_many_calls_exactly_the_lost_ones_are_missed(
    begins: dict[int, datetime], data: st.DataObject
) -> None:
    names = {n: CallId(f"ekc-1.{n}") for n in begins}
    seen = {
        names[n]: replace(SEEN, call=names[n], began_at=at, ended_at=at + MINUTE)
        for n, at in begins.items()
    }
    kept = {
        names[n]: replace(KEPT, call=names[n], registered_at=at, ended_at=at + MINUTE)
        for n, at in begins.items()
    }
    lost = data.draw(st.sets(st.sampled_from(sorted(names.values()))))
    unseen = data.draw(st.sets(st.sampled_from(sorted(names.values())))) - lost
    compared, unlike = differences(
        {call: each for call, each in seen.items() if call not in unseen},
        {call: each for call, each in kept.items() if call not in lost},
        between=SPAN,
        now=NIGHT,
    )
    assert compared == len(begins)
    assert {each.call for each in unlike if each.kind is K.CALL_WITHOUT_APPEAL} == lost
    assert {each.call for each in unlike if each.kind is K.APPEAL_WITHOUT_CALL} == unseen
    assert len(unlike) == len(lost) + len(unseen)
    assert [each.at for each in unlike] == sorted(each.at for each in unlike)
