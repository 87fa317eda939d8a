"""What an agent's own time asks for: the end of not ready after no answer, and more wrap-up."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.agent import Agent, IllegalTransitionError
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallerJoined,
    ConversationEnded,
    LapseReason,
    MoreWrapUpAsked,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
    WrapUpDeclaredOver,
    WrapUpEnded,
)
from ekc_telephony.core.acd.specs import Absence, AgentRules, AgentSpec, Line
from ekc_telephony.core.call.facts import AgentChanged
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence, PresenceCause
from ekc_telephony.core.kernel.ids import CallId
from tests.core.office import ANNA, FIRST, NOON, queue, seconds

OLGA, PAVEL = CallId("olga"), CallId("pavel")
RULES: Final = AgentRules(
    after_no_answer=seconds(120), extends_wrap_up_by=seconds(60), extensions=2
)


class Seat:
    """Anna alone, whose wrap-up lasts 15 s."""

    def __init__(self, rules: AgentRules = RULES, *, absence: Absence | None = None) -> None:
        spec = AgentSpec(agent=ANNA, name="Anna", line=Line.FIRST, initial_presence=Presence.READY)
        self.rules = rules
        self.specs = [replace(queue(FIRST), absence=absence)], [spec]
        self.acd = Acd(*self.specs, rules=rules)
        self.now = NOON
        self.said: list[AcdEffect] = []

    @property
    def anna(self) -> Agent:
        return self.acd.agents[ANNA]

    def hears(self, event: AcdEvent) -> list[AcdEffect]:
        self.said = self.acd.handle(event, self.now)
        return self.said

    def waits(self, count: float) -> None:
        self.now += seconds(count)
        self.said = self.acd.on_time(self.now)

    def joins(self, call: CallId) -> None:
        self.hears(CallerJoined(call=call, queue=FIRST))

    def lets_ring(self, call: CallId) -> None:
        place = self.acd.place(call)
        assert place is not None
        assert place.offer is not None
        self.hears(OfferLapsed(offer=place.offer, reason=LapseReason.NOT_ANSWERED))

    def talks(self, call: CallId) -> None:
        self.joins(call)
        place = self.acd.place(call)
        assert place is not None
        assert place.offer is not None
        self.hears(OfferAccepted(offer=place.offer))

    def wraps_up(self, call: CallId) -> None:
        self.talks(call)
        self.hears(ConversationEnded(call=call))
        assert self.anna.activity is Activity.WRAP_UP

    def is_restarted(self) -> None:
        """Let another engine go on; it knows of Anna what she was."""
        was, wrap_up = self.anna, self.acd.wrap_up_to_come(ANNA)
        self.acd = Acd(*self.specs, rules=self.rules)
        self.acd.restore_agent(was, wrap_up=wrap_up)

    def causes(self) -> list[PresenceCause | None]:
        return [each.cause for each in self.said if isinstance(each, AgentChanged)]

    def offered(self) -> list[CallId]:
        return [each.call for each in self.said if isinstance(each, OfferMade)]


# --- not ready after no answer


def test_who_did_not_answer_is_ready_again_after_the_set_time() -> None:
    seat = Seat()
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    assert seat.causes() == [PresenceCause.NOT_ANSWERED]
    assert (seat.anna.presence, seat.anna.reason) == (
        Presence.NOT_READY,
        NotReadyReason.NO_ANSWER,
    )
    seat.waits(119)
    assert seat.offered() == []
    seat.waits(1)
    assert PresenceCause.NO_ANSWER_OVER in seat.causes()
    assert seat.offered() == [OLGA]
    assert (seat.anna.presence, seat.anna.reason) == (Presence.READY, None)


def test_without_a_set_time_he_declares_himself() -> None:
    seat = Seat(AgentRules())
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    seat.waits(3600)
    assert seat.anna.reason is NotReadyReason.NO_ANSWER


def test_a_queue_may_let_him_be_away_for_another_time() -> None:
    seat = Seat(absence=Absence(lasting=seconds(30)))
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    seat.waits(29)
    assert seat.anna.reason is NotReadyReason.NO_ANSWER
    seat.is_restarted()
    seat.waits(1)
    assert seat.anna.presence is Presence.READY


@pytest.mark.parametrize("rules", [AgentRules(), RULES])
def test_a_queue_may_ask_him_to_declare_himself(rules: AgentRules) -> None:
    seat = Seat(rules, absence=Absence(lasting=None))
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    seat.waits(3600)
    assert seat.anna.reason is NotReadyReason.NO_ANSWER


def test_the_end_of_not_ready_is_known_to_another_engine() -> None:
    seat = Seat()
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    seat.waits(60)
    seat.is_restarted()
    assert seat.acd.next_deadline() == seat.now + seconds(60)
    seat.waits(60)
    assert seat.anna.presence is Presence.READY


def test_what_he_declares_meanwhile_stays() -> None:
    seat = Seat()
    seat.joins(OLGA)
    seat.lets_ring(OLGA)
    reason = NotReadyReason.LUNCH
    seat.hears(PresenceSet(agent=ANNA, presence=Presence.NOT_READY, reason=reason))
    seat.waits(3600)
    assert seat.anna.reason is NotReadyReason.LUNCH


def test_no_answer_that_the_store_remembers_ends_too() -> None:
    seat = Seat()
    reason = NotReadyReason.NO_ANSWER
    seat.hears(PresenceSet(agent=ANNA, presence=Presence.NOT_READY, reason=reason))
    seat.waits(120)
    assert seat.anna.presence is Presence.READY


# --- wrap-up


def test_wrap_up_is_extended_as_often_as_may_be() -> None:
    seat = Seat()
    seat.wraps_up(OLGA)
    seat.waits(10)
    for _ in range(2):
        assert seat.acd.may_extend_wrap_up(ANNA)
        assert [type(each) for each in seat.hears(MoreWrapUpAsked(agent=ANNA))] == [AgentChanged]
    assert not seat.acd.may_extend_wrap_up(ANNA)
    assert seat.hears(MoreWrapUpAsked(agent=ANNA)) == []
    seat.waits(124)
    assert seat.anna.activity is Activity.WRAP_UP
    seat.waits(1)
    assert WrapUpEnded(call=OLGA, agent=ANNA, is_early=False) in seat.said


def test_every_wrap_up_may_be_extended_anew_and_ended() -> None:
    seat = Seat()
    for call in (OLGA, PAVEL):
        seat.wraps_up(call)
        seat.hears(MoreWrapUpAsked(agent=ANNA))
        seat.hears(MoreWrapUpAsked(agent=ANNA))
        seat.hears(WrapUpDeclaredOver(agent=ANNA))
        assert seat.anna.activity is Activity.IDLE


def test_an_extended_wrap_up_is_known_to_another_engine() -> None:
    seat = Seat()
    seat.wraps_up(OLGA)
    seat.hears(MoreWrapUpAsked(agent=ANNA))
    seat.is_restarted()
    assert seat.acd.next_deadline() == seat.now + seconds(75)
    seat.hears(MoreWrapUpAsked(agent=ANNA))
    assert not seat.acd.may_extend_wrap_up(ANNA)


@pytest.mark.parametrize("rules", [AgentRules(), RULES])
def test_there_is_no_more_wrap_up_where_there_is_none(rules: AgentRules) -> None:
    seat = Seat(rules)
    seat.talks(OLGA)
    assert not seat.acd.may_extend_wrap_up(ANNA)
    assert seat.hears(MoreWrapUpAsked(agent=ANNA)) == []
    with pytest.raises(IllegalTransitionError):
        seat.anna.extend_wrap_up(seconds(60))


def test_not_ready_after_this_call_lets_the_wrap_up_pass_extended_or_not() -> None:
    seat = Seat()
    seat.talks(OLGA)
    seat.hears(PresenceSet(agent=ANNA, presence=Presence.NOT_READY, reason=NotReadyReason.BREAK))
    seat.hears(ConversationEnded(call=OLGA))
    assert seat.acd.may_extend_wrap_up(ANNA)
    seat.hears(MoreWrapUpAsked(agent=ANNA))
    seat.joins(PAVEL)
    seat.waits(75)
    assert WrapUpEnded(call=OLGA, agent=ANNA, is_early=False) in seat.said
    assert seat.offered() == []
    assert (seat.anna.presence, seat.anna.reason) == (Presence.NOT_READY, NotReadyReason.BREAK)
