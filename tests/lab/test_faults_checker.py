"""A checker that cannot fail proves nothing: each rule fires here on evidence made to break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from lab.faults.checker import check
from lab.faults.evidence import Evidence, Rule
from lab.faults.rules_of_silence import longest_recovery, longest_silence
from lab.faults.sightings import HeardTalk, SeenCall, SeenFault, SeenOffer, Sightings, Span
from lab.faults.sip import Ending
from lab.faults.stored import StoredCall, StoredSegment

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANNA = "+79130000001"
BORIS = "+79130000002"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def span(began: float, ended: float) -> Span:
    return Span(began=at(began), ended=at(ended))


def seen(number: str = ANNA, *, began: float = 0.0, ended: float = 30.0) -> SeenCall:
    """A caller who pressed 1, talked to first01 from the 10th second on, and hung up."""
    return SeenCall(
        number=number,
        invited_at=at(began),
        first_answer_at=at(began + 0.01),
        answered_at=at(began + 0.02),
        status=200,
        ended_at=at(ended),
        end_confirmed_at=at(ended + 0.01),
        ending=Ending.US,
        key="1",
        pressed_at=at(began + 3),
        talks=(HeardTalk(agent="first01", span=span(began + 10, ended)),),
        gaps=(),
        heard_fallback=False,
        asked_for_callback=False,
        is_poison=False,
    )


def left(number: str = ANNA, *, began: float = 0.0, ended: float = 20.0) -> SeenCall:
    """A caller who pressed 1, waited, and hung up."""
    return replace(seen(number, began=began, ended=ended), talks=())


def offer(number: str = ANNA, *, began: float = 10.0, ended: float = 30.0) -> SeenOffer:
    """What first01's phone saw of that talk."""
    return SeenOffer(
        agent="first01",
        number=number,
        rang_at=at(began - 2),
        established_at=at(began),
        ended_at=at(ended),
        ending=Ending.NODE,
        wanted=None,
        gaps=(),
        was_busy=False,
    )


def segment(
    kind: SegmentKind,
    began: float,
    ended: float | None,
    outcome: SegmentOutcome | None,
    *,
    queue: str | None = None,
    agent: str | None = None,
) -> StoredSegment:
    return StoredSegment(
        kind=kind,
        queue=queue,
        agent=agent,
        began=at(began),
        ended=None if ended is None else at(ended),
        outcome=outcome,
    )


def stored(number: str = ANNA, *, began: float = 0.0, ended: float = 30.0) -> StoredCall:
    """What the store says of such a call."""
    return StoredCall(
        appeal=f"appeal-{number[-2:]}",
        call=f"call-{number[-2:]}",
        number=number,
        began=at(began),
        ended=at(ended),
        outcome=CallOutcome.ANSWERED,
        segments=(
            segment(SegmentKind.IVR, began, began + 4, SegmentOutcome.COMPLETED),
            segment(
                SegmentKind.WAITING,
                began + 4,
                began + 10,
                SegmentOutcome.COMPLETED,
                queue="first_line",
            ),
            segment(
                SegmentKind.OFFER, began + 8, began + 10, SegmentOutcome.ACCEPTED, agent="first01"
            ),
            segment(
                SegmentKind.TALK, began + 10, ended, SegmentOutcome.CALLER_HUNG_UP, agent="first01"
            ),
        ),
        faults=(),
    )


def abandoned(number: str = ANNA, *, began: float = 0.0, ended: float = 20.0) -> StoredCall:
    return replace(
        stored(number, began=began, ended=ended),
        outcome=CallOutcome.ABANDONED_IN_QUEUE,
        segments=(
            segment(
                SegmentKind.WAITING,
                began + 4,
                ended,
                SegmentOutcome.ABANDONED,
                queue="first_line",
            ),
        ),
    )


def fault(kind: str, began: float, ended: float, recovered: float | None = None) -> SeenFault:
    return SeenFault(
        kind=kind,
        span=span(began, ended),
        recovered_at=None if recovered is None else at(recovered),
        log_position=4711,
        seen="as it was",
    )


def evidence(
    calls: list[SeenCall],
    rows: list[StoredCall],
    *,
    offers: list[SeenOffer] | None = None,
    faults: list[SeenFault] | None = None,
) -> Evidence:
    sightings = Sightings(
        calls=tuple(calls), offers=tuple(offers or ()), faults=tuple(faults or ())
    )
    return Evidence(sightings=sightings, stored=rows)


def rules(found: Evidence) -> list[Rule]:
    return [each.rule for each in check(found)]


def test_a_run_in_which_all_is_well_breaks_no_rule() -> None:
    calls = [seen(), left(BORIS)]
    assert check(evidence(calls, [stored(), abandoned(BORIS)], offers=[offer()])) == []


def test_a_call_without_an_appeal_is_lost() -> None:
    assert rules(evidence([left()], [])) == [Rule.LOST]


def test_an_invite_that_was_never_answered_needs_no_appeal() -> None:
    dead = replace(left(), status=None, answered_at=None, ending=Ending.DEAD)
    assert rules(evidence([dead], [])) == []


def test_two_appeals_of_one_call_are_one_too_many() -> None:
    twice = replace(abandoned(), appeal="appeal-other", call="call-other")
    assert rules(evidence([left()], [abandoned(), twice])) == [Rule.DUPLICATED]


def test_an_appeal_of_a_call_that_nobody_placed_is_one_too_many() -> None:
    assert rules(evidence([], [abandoned()])) == [Rule.DUPLICATED]


def test_a_call_that_never_ends_in_the_store_is_found() -> None:
    endless = replace(abandoned(), ended=None, outcome=None, segments=())
    assert rules(evidence([left()], [endless])) == [Rule.NOT_ENDED]


def test_a_stretch_that_never_ends_in_the_store_is_found() -> None:
    wrap_up = segment(SegmentKind.WRAP_UP, 30, None, None, agent="first01")
    row = replace(stored(), segments=(*stored().segments, wrap_up))
    assert rules(evidence([seen()], [row], offers=[offer()])) == [Rule.NOT_ENDED]


@pytest.mark.parametrize(
    "outcome", [CallOutcome.ANSWERED, CallOutcome.TECHNICAL_FAILURE, CallOutcome.SENT_TO_FALLBACK]
)
def test_who_left_the_queue_far_from_any_fault_has_abandoned_it(outcome: CallOutcome) -> None:
    assert rules(evidence([left()], [replace(abandoned(), outcome=outcome)])) == [
        Rule.WRONG_OUTCOME
    ]


def test_who_talked_was_answered() -> None:
    row = replace(stored(), outcome=CallOutcome.ABANDONED_IN_QUEUE)
    assert rules(evidence([seen()], [row], offers=[offer()])) == [Rule.WRONG_OUTCOME]


def test_whom_a_dying_asterisk_cut_off_has_not_abandoned_anything() -> None:
    cut = replace(left(), ending=Ending.DEAD, end_confirmed_at=None)
    killed = fault("asterisk_kill", 20, 20, 22)
    assert rules(evidence([cut], [abandoned()], faults=[killed])) == [Rule.WRONG_OUTCOME]


def test_who_heard_the_apology_has_been_sent_to_the_fallback() -> None:
    sorry = replace(left(), heard_fallback=True)
    assert rules(evidence([sorry], [abandoned()])) == [Rule.WRONG_OUTCOME]


def test_a_begin_more_than_a_second_off_is_wrong() -> None:
    early, late = replace(abandoned(), began=at(-1.5)), replace(abandoned(), began=at(1.5))
    assert rules(evidence([left()], [early])) == [Rule.WRONG_TIME]
    assert rules(evidence([left()], [late])) == [Rule.WRONG_TIME]


def test_an_end_more_than_a_second_off_is_wrong() -> None:
    early, late = replace(abandoned(), ended=at(18.5)), replace(abandoned(), ended=at(21.5))
    assert rules(evidence([left()], [early])) == [Rule.WRONG_TIME]
    assert rules(evidence([left()], [late])) == [Rule.WRONG_TIME]


def test_a_frozen_asterisk_learns_of_the_end_when_it_thaws() -> None:
    late = replace(abandoned(), ended=at(26))
    frozen = fault("asterisk_freeze", 18, 26, 26.5)
    assert rules(evidence([left()], [late], faults=[frozen])) == []
    assert rules(evidence([left()], [late])) == [Rule.WRONG_TIME]


def test_a_talk_that_began_at_another_time_is_wrong() -> None:
    first, last = stored().segments[:-1], stored().segments[-1]
    row = replace(stored(), segments=(*first, replace(last, began=at(12))))
    assert rules(evidence([seen()], [row], offers=[offer()])) == [Rule.WRONG_TIME]


def test_a_talk_that_the_store_does_not_know_is_missed() -> None:
    row = replace(stored(), segments=stored().segments[:-1])
    assert rules(evidence([seen()], [row], offers=[offer()])) == [Rule.WRONG_TIME]


def test_a_talk_with_an_operator_whose_phone_saw_none_is_wrong() -> None:
    first, last = stored().segments[:-1], stored().segments[-1]
    row = replace(stored(), segments=(*first, replace(last, agent="first02")))
    assert rules(evidence([seen()], [row], offers=[offer()])) == [Rule.WRONG_TIME]


def test_a_conversation_that_neither_phone_has_ended_was_cut() -> None:
    hung_up_on = replace(seen(), ending=Ending.NODE)
    assert rules(evidence([hung_up_on], [stored()], offers=[offer()])) == [Rule.CUT]


def test_a_conversation_whose_operator_was_taken_away_was_cut() -> None:
    # The caller is still there, hears music, and hangs up half a minute later.
    calls = [replace(seen(ended=60), talks=(HeardTalk(agent="first01", span=span(10, 30)),))]
    assert Rule.CUT in rules(evidence(calls, [stored(ended=60)], offers=[offer()]))


def test_a_conversation_cut_by_the_death_of_asterisk_is_physics() -> None:
    dead = replace(seen(), ending=Ending.DEAD)
    row = replace(stored(), outcome=CallOutcome.TECHNICAL_FAILURE)
    gone = replace(offer(), ending=Ending.DEAD)
    assert rules(evidence([dead], [row], offers=[gone])) == []


def test_an_operator_who_picked_up_must_be_heard() -> None:
    nobody = replace(offer(ended=18), ending=Ending.US)
    assert rules(evidence([left()], [abandoned()], offers=[nobody])) == [Rule.NOT_HEARD]


def test_the_guard_may_hang_up_on_an_operator_whom_nobody_connects() -> None:
    nobody = replace(offer(began=10, ended=15), ending=Ending.NODE)
    away = fault("engine_away", 9, 17, 18)
    assert rules(evidence([left()], [abandoned()], offers=[nobody], faults=[away])) == []
    assert rules(evidence([left()], [abandoned()], offers=[nobody])) == [Rule.NOT_HEARD]


def test_hanging_up_on_somebody_who_waits_breaks_a_promise() -> None:
    hung_up_on = replace(left(), ending=Ending.NODE)
    assert rules(evidence([hung_up_on], [abandoned()])) == [Rule.BROKEN_PROMISE]


def test_refusing_a_call_breaks_a_promise() -> None:
    refused = replace(left(ended=0.5), status=503, ending=Ending.REFUSED)
    row = replace(abandoned(ended=0.5), outcome=CallOutcome.TECHNICAL_FAILURE)
    assert rules(evidence([refused], [row])) == [Rule.BROKEN_PROMISE]


def test_two_operators_with_one_caller_are_found() -> None:
    other = replace(offer(began=15), agent="first02", ending=Ending.US)
    both = replace(seen(), talks=(*seen().talks, HeardTalk(agent="first02", span=span(15, 30))))
    assert rules(evidence([both], [stored()], offers=[offer(), other])) == [Rule.TWO_AGENTS]


def test_an_operator_with_two_callers_in_the_store_is_found() -> None:
    rows = [stored(), stored(BORIS, began=5, ended=35)]
    calls = [seen(), seen(BORIS, began=5, ended=35)]
    offers = [offer(), replace(offer(BORIS, began=15, ended=35), agent="first01")]
    assert Rule.TWO_CALLERS in rules(evidence(calls, rows, offers=offers))


def test_ringing_an_operator_who_talks_is_found() -> None:
    second = replace(
        offer(BORIS, began=20), established_at=None, was_busy=True, ending=Ending.REFUSED
    )
    found = evidence([seen(), left(BORIS)], [stored(), abandoned(BORIS)], offers=[offer(), second])
    assert rules(found) == [Rule.TWO_CALLERS]


def test_a_younger_caller_who_is_connected_first_breaks_the_order() -> None:
    rows = [abandoned(ended=30), stored(BORIS, began=5, ended=35)]
    calls = [left(ended=30), seen(BORIS, began=5, ended=35)]
    found = evidence(calls, rows, offers=[offer(BORIS, began=15, ended=35)])
    assert rules(found) == [Rule.ORDER]


def test_an_older_caller_who_is_being_offered_himself_was_not_passed_over() -> None:
    ringing = segment(SegmentKind.OFFER, 12, 16, SegmentOutcome.NOT_ANSWERED, agent="first02")
    older = abandoned(ended=30)
    rows = [
        replace(older, segments=(*older.segments, ringing)),
        stored(BORIS, began=5, ended=35),
    ]
    calls = [left(ended=30), seen(BORIS, began=5, ended=35)]
    assert rules(evidence(calls, rows, offers=[offer(BORIS, began=15, ended=35)])) == []


def test_who_waits_in_another_queue_was_not_passed_over() -> None:
    waiting = segment(SegmentKind.WAITING, 4, 30, SegmentOutcome.ABANDONED, queue="pensions")
    rows = [replace(abandoned(ended=30), segments=(waiting,)), stored(BORIS, began=5, ended=35)]
    calls = [left(ended=30), seen(BORIS, began=5, ended=35)]
    assert rules(evidence(calls, rows, offers=[offer(BORIS, began=15, ended=35)])) == []


def test_a_long_silence_is_found_and_a_frozen_asterisk_explains_its_part() -> None:
    silent = replace(left(), gaps=(span(8, 14),))
    assert rules(evidence([silent], [abandoned()])) == [Rule.SILENCE]
    frozen = fault("asterisk_freeze", 8, 13, 13.1)
    assert rules(evidence([silent], [abandoned()], faults=[frozen])) == []
    assert longest_silence(evidence([silent], [abandoned()], faults=[frozen])) == timedelta(
        seconds=1
    )


def test_while_nobody_serves_it_may_be_silent_until_the_guard_acts() -> None:
    silent = replace(left(), gaps=(span(8, 14),))
    away = fault("engine_away", 9, 17, 18)
    assert rules(evidence([silent], [abandoned()], faults=[away])) == []
    killed = fault("engine_kill", 9, 9, 10)
    assert rules(evidence([silent], [abandoned()], faults=[killed])) == [Rule.SILENCE]


def test_a_fault_that_showed_a_defect_is_told_with_its_place_in_the_log() -> None:
    second = replace(fault("second_engine", 5, 5, 6), complaint="it was not refused")
    (found,) = check(evidence([], [], faults=[second]))
    assert found.rule is Rule.FAULT
    assert found.log_position == 4711


def test_a_violation_names_the_fault_before_it() -> None:
    faults = [fault("engine_kill", 2, 2, 3), fault("engine_stop", 90, 90, 91)]
    (found,) = check(evidence([left()], [], faults=faults))
    assert (found.fault, found.log_position) == (None, None)
    (found,) = check(evidence([left(began=5, ended=25)], [], faults=faults))
    assert (found.fault, found.log_position) == ("engine_kill", 4711)


def test_recovery_counts_from_the_moment_when_the_world_was_whole_again() -> None:
    away = fault("engine_away", 0, 8, 9.5)
    assert away.recovery == timedelta(seconds=1.5)
    assert longest_recovery([away, fault("poison", 20, 20)]) == timedelta(seconds=1.5)


def test_an_operator_who_was_let_go_before_anybody_spoke_had_no_conversation() -> None:
    # He picked up as the engine died; later he got the same caller again.
    at_once = replace(offer(began=5, ended=5.05), ending=Ending.NODE)
    assert rules(evidence([seen()], [stored()], offers=[at_once, offer()])) == []


def test_the_first_to_hang_up_ends_the_talk() -> None:
    # The operator's phone was let go three seconds after the caller had gone.
    assert rules(evidence([seen()], [stored()], offers=[offer(ended=33)])) == []


def test_a_caller_is_let_go_when_the_operator_has_hung_up() -> None:
    ended_by_operator = replace(offer(), ending=Ending.US)
    kept = replace(seen(ended=50), talks=(HeardTalk(agent="first01", span=span(10, 30)),))
    row = replace(stored(), ended=at(50))
    assert rules(evidence([kept], [row], offers=[ended_by_operator])) == [Rule.NOT_LET_GO]


def test_an_operator_who_does_not_hear_his_caller_is_found() -> None:
    deaf = replace(offer(), gaps=(span(15, 22),))
    assert rules(evidence([seen()], [stored()], offers=[deaf])) == [Rule.SILENCE]


def test_an_operator_does_not_hear_a_caller_who_has_gone() -> None:
    alone = replace(offer(ended=37), gaps=(span(30, 37),))
    assert rules(evidence([seen()], [stored()], offers=[alone])) == []


def test_a_talk_begins_when_the_two_are_connected() -> None:
    # The operator picked up while the engine was away; two seconds later it connected them.
    late = replace(seen(), talks=(HeardTalk(agent="first01", span=span(12, 30)),))
    first, last = stored().segments[:-1], stored().segments[-1]
    row = replace(stored(), segments=(*first, replace(last, began=at(12))))
    assert rules(evidence([late], [row], offers=[offer()])) == []


def test_the_fallback_s_times_are_true_while_the_clock_is_wrong() -> None:
    sorry = replace(left(), heard_fallback=True)
    row = replace(
        abandoned(), began=at(-3600), ended=at(-3580), outcome=CallOutcome.SENT_TO_FALLBACK
    )
    wrong = fault("clock_jump", 5, 15, 15.1)
    assert Rule.WRONG_TIME in rules(evidence([sorry], [row], faults=[wrong]))
