"""What belongs to an agent's conversation: wrap-up, holding, silences."""

from __future__ import annotations

from datetime import timedelta

from ekc_telephony.core.appeals.fallback import FALLBACK_QUEUE
from ekc_telephony.core.call.facts import NoteKind, SegmentOutcome
from ekc_telephony.core.stats.parts import parts_of
from tests.core.stats.days import ANNA, BORIS, SECOND, after, answered, call, segment, silence


def test_a_handling_holds_the_conversation_and_its_wrap_up_and_is_booked_at_its_end() -> None:
    (handling,) = parts_of(answered(waited=10, talked=60, wrapped=20)).handlings
    assert handling.talk == (after(15), after(75))
    assert handling.wrap_up == (after(75), after(95))
    assert handling.at == after(95)


def test_a_conversation_without_hold_or_transfer_says_so() -> None:
    (handling,) = parts_of(answered()).handlings
    assert (handling.held, handling.was_transferred) == (timedelta(), False)


def test_the_fallback_notes_no_holding_and_a_conversation_that_goes_on_tells_nothing_yet() -> None:
    (in_fallback,) = parts_of(answered(queue=FALLBACK_QUEUE)).handlings
    assert (in_fallback.held, in_fallback.was_transferred) == (None, False)
    (goes_on,) = parts_of(call(segment(1, "talk", 5, None, agent=ANNA), end=None)).handlings
    assert (goes_on.held, goes_on.was_transferred, goes_on.spoken) == (None, None, None)


def test_hold_is_part_of_the_conversation_of_the_agent_who_held() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 65, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(3, "hold", 10, 20, agent=ANNA),
        segment(4, "hold", 40, 70, agent=ANNA),  # the phone told its end late
        segment(5, "talk", 65, 90, agent=BORIS),
        segment(6, "hold", 80, 85, agent=BORIS),
    )
    first, second = parts_of(story).handlings
    assert (first.held, first.spoken) == (timedelta(seconds=35), timedelta(seconds=25))
    assert (second.held, second.spoken) == (timedelta(seconds=5), timedelta(seconds=20))
    assert (first.was_transferred, second.was_transferred) == (True, False)


def test_a_hold_that_an_engines_death_left_open_ends_with_the_conversation() -> None:
    story = call(segment(1, "talk", 0, 60, agent=ANNA), segment(2, "hold", 50, None, agent=ANNA))
    (handling,) = parts_of(story).handlings
    assert handling.held == timedelta(seconds=10)


def test_a_silence_belongs_to_the_conversation_it_was_noted_in() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 165, SegmentOutcome.TRANSFERRED, agent=ANNA),
        segment(3, "talk", 165, 300, agent=BORIS),
        segment(4, "talk", 300, 400, agent=ANNA),
        silences=(
            silence(65),
            silence(130),
            silence(140, NoteKind.AGENT_SILENT),
            silence(225, NoteKind.AGENT_SILENT, agent=BORIS),
            silence(360),
        ),
    )
    counted = [(each.caller_silences, each.agent_silences) for each in parts_of(story).handlings]
    assert counted == [(2, 1), (0, 1), (1, 0)]


def test_silences_are_not_measured_in_the_fallback_nor_counted_while_they_talk() -> None:
    (in_fallback,) = parts_of(answered(queue=FALLBACK_QUEUE)).handlings
    assert (in_fallback.caller_silences, in_fallback.agent_silences) == (None, None)
    talk = segment(1, "talk", 5, None, agent=ANNA)
    (goes_on,) = parts_of(call(talk, end=None, silences=(silence(65),))).handlings
    assert (goes_on.caller_silences, goes_on.agent_silences) == (None, None)


def test_of_two_conversations_at_once_each_goes_on_with_its_own_when_an_engine_died() -> None:
    story = call(
        segment(1, "talk", 0, 90, SegmentOutcome.BROKEN, agent=ANNA),
        segment(2, "talk", 10, 90, SegmentOutcome.BROKEN, agent=BORIS),
        segment(1001, "talk", 40, 60, agent=ANNA),
        segment(1002, "talk", 40, 80, agent=BORIS),
        end=90,
    )
    assert [each.talk for each in parts_of(story).handlings] == [
        (after(0), after(60)),
        (after(10), after(80)),
    ]


def test_each_agents_wrap_up_goes_with_his_own_conversation() -> None:
    story = call(
        segment(1, "wait", 0, 5),
        segment(2, "talk", 5, 30, agent=ANNA),
        segment(3, "wait", 30, 40, queue=SECOND),
        segment(4, "talk", 40, 90, queue=SECOND, agent=BORIS),
        segment(5, "wrap", 30, 50, agent=ANNA),
        segment(6, "wrap", 90, 95, queue=SECOND, agent=BORIS),
    )
    first, second = parts_of(story).handlings
    assert (first.agent, first.wrap_up) == (ANNA, (after(30), after(50)))
    assert (second.agent, second.wrap_up) == (BORIS, (after(90), after(95)))
