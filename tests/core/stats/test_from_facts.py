"""Records out of facts: the wallboard's source and the report's are one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallbackDue,
    CallbackReason,
    CallNoted,
    Fact,
    NoteKind,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId
from ekc_telephony.core.stats.from_facts import records_of
from ekc_telephony.core.stats.parts import parts_of
from ekc_telephony.core.stats.records import ANSWERS
from ekc_telephony.core.stats.visits import VisitEnding
from tests.adapters.sql.stories import MORNING, call_story, cut_off_story, declaration


def test_a_call_told_by_its_facts_is_a_call() -> None:
    (call,) = records_of(call_story("ekc-1.1")).calls
    (visit,) = parts_of(call).visits
    assert (visit.ending, visit.waited) == (VisitEnding.ANSWERED, timedelta(seconds=5))
    assert [each.recording for each in call.segments] == [None, None, None, "ekc-1.1-4", None]


def test_facts_of_a_call_that_was_never_registered_are_left_out() -> None:
    assert records_of(call_story("ekc-1.1")[1:]).calls == ()


def test_the_first_reason_to_call_back_stays_unless_he_asked_himself() -> None:
    facts: list[Fact] = [*cut_off_story("ekc-1.1")]
    (call,) = records_of(facts).calls
    assert call.callback is not None
    assert call.callback.reason is CallbackReason.CUT_OFF
    asked = CallbackDue(
        call=CallId("ekc-1.1"), sequence=99, at=MORNING, number="1", reason=CallbackReason.ASKED
    )
    (call,) = records_of([*facts, asked]).calls
    assert call.callback is not None
    assert call.callback.reason is CallbackReason.ASKED


def test_silences_and_answers_are_kept_with_their_call_and_other_notes_are_not() -> None:
    notes = [
        CallNoted(call=CallId("ekc-1.1"), sequence=90 + at, at=MORNING, kind=kind)
        for at, kind in enumerate(NoteKind)
    ]
    (call,) = records_of([*call_story("ekc-1.1"), *notes]).calls
    assert {each.kind for each in call.silences} == {NoteKind.SILENT, NoteKind.AGENT_SILENT}
    assert {each.kind for each in call.answers} == ANSWERS
    assert len(call.proofs) == 1


def changed(minute: int, presence: Presence, *, activity: Activity = Activity.IDLE) -> AgentChanged:
    return declaration("op1", presence, at=MORNING + timedelta(minutes=minute), activity=activity)


def test_presence_goes_on_while_the_agent_works() -> None:
    spans = records_of(
        [
            changed(0, Presence.READY),
            changed(1, Presence.READY, activity=Activity.TALKING),
            changed(9, Presence.SIGNED_OUT),
        ]
    ).presences
    assert [(each.presence, each.began_at, each.ended_at) for each in spans] == [
        (Presence.READY, MORNING, MORNING + timedelta(minutes=9)),
        (Presence.SIGNED_OUT, MORNING + timedelta(minutes=9), None),
    ]


def test_of_two_changes_in_one_moment_the_later_one_counts() -> None:
    spans = records_of([changed(0, Presence.READY), changed(0, Presence.SIGNED_OUT)]).presences
    assert [(each.agent, each.presence) for each in spans] == [
        (AgentId("op1"), Presence.SIGNED_OUT)
    ]


def test_a_phone_that_is_lost_is_another_stretch() -> None:
    lost = replace(changed(5, Presence.READY), is_reachable=False)
    spans = records_of([changed(0, Presence.READY), lost]).presences
    assert [each.is_reachable for each in spans] == [True, False]
