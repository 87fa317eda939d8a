"""Who is offered to whom, as sentences. `Desk` lets a test say them in the words of the trade."""

from __future__ import annotations

import pytest

from ekc_telephony.core.acd.agents_side import ADOPTED_WRAP_UP, UNREACHABLE_REST
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallerJoined,
    CallerLeft,
    ConversationAdopted,
    ConversationEnded,
    LapseReason,
    NobodySignedIn,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
    ReachabilityChanged,
    WrapUpDeclaredOver,
    WrapUpEnded,
    WrapUpStarted,
)
from ekc_telephony.core.call.facts import AgentChanged
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, OfferId, QueueId
from tests.core.office import (
    ANNA,
    BORIS,
    CLARA,
    FIRST,
    GERMAN,
    NOON,
    PATIENT,
    SECOND,
    URGENT,
    VERA,
    acd,
    seconds,
)

OLGA, PAVEL, ROMAN = CallId("olga"), CallId("pavel"), CallId("roman")


class Desk:
    """The office's ACD, a clock, and everything it has said so far."""

    def __init__(self, *ready: AgentId) -> None:
        self.acd = acd(ready=ready)
        self.now = NOON
        self.offers: dict[CallId, OfferMade] = {}
        self.said: list[AcdEffect] = []

    def hears(self, event: AcdEvent) -> list[AcdEffect]:
        return self._note(self.acd.handle(event, self.now))

    def waits(self, count: float) -> list[AcdEffect]:
        self.now += seconds(count)
        return self._note(self.acd.on_time(self.now))

    def _note(self, effects: list[AcdEffect]) -> list[AcdEffect]:
        self.said = effects
        self.offers |= {each.call: each for each in effects if isinstance(each, OfferMade)}
        return effects

    def joins(self, call: CallId, queue: QueueId = FIRST) -> None:
        self.hears(CallerJoined(call=call, queue=queue))

    def accepts(self, call: CallId) -> None:
        self.hears(OfferAccepted(offer=self.offers[call].offer))

    def lapses(self, call: CallId, reason: LapseReason) -> None:
        self.hears(OfferLapsed(offer=self.offers[call].offer, reason=reason))

    def declares(self, agent: AgentId, presence: Presence) -> None:
        self.hears(PresenceSet(agent=agent, presence=presence))

    def rings(self, call: CallId) -> AgentId | None:
        """Return whose phone rings for the caller."""
        ringing = [w for w in self.acd.waiting_in(self.offers[call].queue) if w.call == call]
        return ringing[0].agent if ringing else None

    def newly_offered(self) -> list[tuple[CallId, AgentId]]:
        return [(each.call, each.agent) for each in self.said if isinstance(each, OfferMade)]

    def activity(self, agent: AgentId) -> Activity:
        return self.acd.agents[agent].activity


# --- who gets whom


def test_the_agent_who_has_been_free_longest_is_offered_first() -> None:
    desk = Desk(BORIS, ANNA)
    for agent in (BORIS, ANNA):
        desk.declares(agent, Presence.NOT_READY)
    desk.declares(BORIS, Presence.READY)
    desk.waits(1)
    desk.declares(ANNA, Presence.READY)
    desk.joins(OLGA)
    desk.joins(PAVEL)
    assert [desk.rings(OLGA), desk.rings(PAVEL)] == [BORIS, ANNA]


def test_declaring_ready_once_more_does_not_cost_an_agent_his_turn() -> None:
    desk = Desk(ANNA, BORIS)
    desk.declares(ANNA, Presence.READY)
    desk.joins(OLGA)
    assert desk.rings(OLGA) == ANNA


def test_longest_free_counts_across_agents_of_different_skills() -> None:
    desk = Desk(CLARA)
    desk.waits(1)
    desk.declares(ANNA, Presence.READY)
    desk.joins(OLGA)
    assert desk.rings(OLGA) == CLARA


def test_a_free_agent_gets_the_oldest_caller_of_all_his_queues() -> None:
    desk = Desk()
    desk.joins(OLGA, GERMAN)
    desk.waits(1)
    desk.joins(PAVEL, FIRST)
    desk.declares(CLARA, Presence.READY)
    assert desk.newly_offered() == [(OLGA, CLARA)]


def test_callers_who_joined_at_the_same_moment_are_served_in_the_order_of_joining() -> None:
    desk = Desk()
    desk.joins(PAVEL, URGENT)
    desk.joins(OLGA, FIRST)
    desk.declares(ANNA, Presence.READY)
    assert desk.newly_offered() == [(PAVEL, ANNA)]


def test_a_skill_below_the_level_required_does_not_serve() -> None:
    desk = Desk(BORIS)
    desk.joins(OLGA, GERMAN)
    assert desk.newly_offered() == []
    desk.declares(CLARA, Presence.READY)
    assert desk.newly_offered() == [(OLGA, CLARA)]


def test_the_second_line_is_no_reserve_of_the_first() -> None:
    desk = Desk(VERA)
    desk.joins(OLGA, FIRST)
    assert desk.newly_offered() == []


def test_one_agent_is_rung_for_one_caller_only() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.joins(PAVEL)
    assert desk.newly_offered() == []
    assert desk.rings(OLGA) == ANNA


# --- places in the queue


def test_positions_count_from_one_and_close_up() -> None:
    desk = Desk()
    for call in (OLGA, PAVEL, ROMAN):
        desk.joins(call)
    assert [desk.acd.position(call) for call in (OLGA, PAVEL, ROMAN)] == [1, 2, 3]
    desk.hears(CallerLeft(call=OLGA))
    assert [desk.acd.position(call) for call in (OLGA, PAVEL, ROMAN)] == [None, 1, 2]


def test_a_caller_whose_offer_was_refused_keeps_his_place() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.joins(PAVEL)
    desk.lapses(OLGA, LapseReason.REFUSED)
    assert desk.acd.position(OLGA) == 1
    desk.declares(BORIS, Presence.READY)
    assert desk.newly_offered() == [(OLGA, BORIS)]


def test_a_caller_whose_phone_rings_somewhere_still_has_a_place() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.joins(PAVEL)
    assert [desk.acd.position(OLGA), desk.acd.position(PAVEL)] == [1, 2]


# --- offers that lapse


def test_an_agent_who_refuses_rests_and_then_is_offered_again() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.REFUSED)
    assert desk.activity(ANNA) is Activity.RESTING
    assert desk.acd.next_deadline() == desk.now + seconds(5)
    desk.waits(4)
    assert desk.said == []
    desk.waits(1)
    assert desk.newly_offered() == [(OLGA, ANNA)]


def test_a_refused_caller_is_offered_to_somebody_else_at_once() -> None:
    desk = Desk(ANNA, BORIS)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.REFUSED)
    assert desk.newly_offered() == [(OLGA, BORIS)]


def test_every_offer_has_its_own_id() -> None:
    desk = Desk(ANNA, BORIS)
    desk.joins(OLGA)
    first = desk.offers[OLGA].offer
    desk.lapses(OLGA, LapseReason.REFUSED)
    assert (first, desk.offers[OLGA].offer) == ("olga-offer-1", "olga-offer-2")


def test_an_agent_who_does_not_answer_is_made_not_ready() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.NOT_ANSWERED)
    anna = desk.acd.agents[ANNA]
    assert (anna.presence, anna.reason) == (Presence.NOT_READY, NotReadyReason.NO_ANSWER)
    assert anna.activity is Activity.IDLE
    assert desk.acd.next_deadline() == desk.now + seconds(120)


def test_not_answering_does_not_change_what_an_agent_has_declared_meanwhile() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.declares(ANNA, Presence.SIGNED_OUT)
    desk.lapses(OLGA, LapseReason.NOT_ANSWERED)
    assert desk.acd.agents[ANNA].presence is Presence.SIGNED_OUT


def test_an_agent_whose_phone_cannot_be_reached_rests() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.UNREACHABLE)
    assert desk.activity(ANNA) is Activity.RESTING
    assert desk.acd.next_deadline() == desk.now + UNREACHABLE_REST


def test_a_phone_that_registers_again_ends_the_rest() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.UNREACHABLE)
    desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=False))
    assert desk.newly_offered() == []
    desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=True))
    assert desk.newly_offered() == [(OLGA, ANNA)]


def test_a_withdrawn_offer_costs_the_agent_nothing() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.joins(PAVEL)
    desk.hears(CallerLeft(call=OLGA))
    assert desk.newly_offered() == [(PAVEL, ANNA)]
    assert desk.acd.agents[ANNA].presence is Presence.READY


def test_an_offer_can_be_withdrawn_while_its_caller_goes_on_waiting() -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.WITHDRAWN)
    assert desk.newly_offered() == [(OLGA, ANNA)]


@pytest.mark.parametrize("reason", LapseReason)
def test_what_happens_to_an_offer_that_is_over_changes_nothing(reason: LapseReason) -> None:
    desk = Desk(ANNA)
    desk.joins(OLGA)
    desk.hears(CallerLeft(call=OLGA))
    late = OfferId("olga-offer-1")
    assert desk.hears(OfferAccepted(offer=late)) == []
    assert desk.hears(OfferLapsed(offer=late, reason=reason)) == []
    assert desk.hears(CallerLeft(call=OLGA)) == []


# --- conversations and wrap-up


def talking(*ready: AgentId, queue: QueueId = FIRST) -> Desk:
    """Return a desk where Olga talks."""
    desk = Desk(*ready)
    desk.joins(OLGA, queue)
    desk.accepts(OLGA)
    return desk


def test_a_caller_who_is_answered_waits_no_longer() -> None:
    desk = talking(ANNA)
    assert desk.activity(ANNA) is Activity.TALKING
    assert desk.acd.position(OLGA) is None
    assert desk.acd.waiting_in(FIRST) == ()


def test_wrap_up_ends_when_its_time_is_up() -> None:
    desk = talking(ANNA)
    began = desk.hears(ConversationEnded(call=OLGA))
    assert began[0] == WrapUpStarted(call=OLGA, agent=ANNA)
    desk.joins(PAVEL)
    desk.waits(14.9)
    assert desk.said == []
    desk.waits(0.1)
    assert desk.said[0] == WrapUpEnded(call=OLGA, agent=ANNA, is_early=False)
    assert desk.newly_offered() == [(PAVEL, ANNA)]


def test_wrap_up_ends_by_its_code() -> None:
    desk = talking(ANNA)
    desk.hears(ConversationEnded(call=OLGA))
    desk.hears(WrapUpDeclaredOver(agent=ANNA))
    assert desk.said[0] == WrapUpEnded(call=OLGA, agent=ANNA, is_early=True)
    assert desk.acd.next_deadline() is None


def test_wrap_up_ends_by_declaring_ready() -> None:
    desk = talking(ANNA)
    desk.hears(ConversationEnded(call=OLGA))
    desk.declares(ANNA, Presence.READY)
    assert desk.said[0] == WrapUpEnded(call=OLGA, agent=ANNA, is_early=True)
    assert desk.activity(ANNA) is Activity.IDLE


def test_the_code_for_the_end_of_wrap_up_means_nothing_at_another_time() -> None:
    desk = Desk(ANNA)
    assert desk.hears(WrapUpDeclaredOver(agent=ANNA)) == []
    desk.joins(OLGA)
    desk.lapses(OLGA, LapseReason.REFUSED)
    assert desk.hears(WrapUpDeclaredOver(agent=ANNA)) == []
    assert desk.activity(ANNA) is Activity.RESTING


def test_a_queue_without_wrap_up_gives_the_next_caller_at_once() -> None:
    desk = talking(VERA, queue=SECOND)
    desk.joins(PAVEL, SECOND)
    desk.hears(ConversationEnded(call=OLGA))
    assert not any(isinstance(each, WrapUpStarted) for each in desk.said)
    assert desk.newly_offered() == [(PAVEL, VERA)]


def test_a_break_declared_in_the_middle_of_a_talk_begins_after_wrap_up() -> None:
    desk = talking(ANNA)
    desk.declares(ANNA, Presence.NOT_READY)
    assert desk.activity(ANNA) is Activity.TALKING
    desk.hears(ConversationEnded(call=OLGA))
    desk.joins(PAVEL)
    desk.waits(15)
    assert desk.activity(ANNA) is Activity.IDLE
    assert desk.newly_offered() == []


def test_a_conversation_ends_once() -> None:
    desk = talking(ANNA)
    desk.hears(ConversationEnded(call=OLGA))
    assert desk.hears(ConversationEnded(call=OLGA)) == []


def test_a_conversation_found_after_a_restart_occupies_its_agent() -> None:
    desk = Desk(ANNA)
    desk.hears(ConversationAdopted(call=OLGA, agent=ANNA))
    desk.joins(PAVEL)
    assert desk.newly_offered() == []
    desk.hears(ConversationEnded(call=OLGA))
    assert desk.acd.next_deadline() == desk.now + ADOPTED_WRAP_UP


def test_an_agent_who_is_busy_or_unknown_adopts_nothing() -> None:
    desk = talking(ANNA)
    assert desk.hears(ConversationAdopted(call=PAVEL, agent=ANNA)) == []
    assert desk.hears(ConversationAdopted(call=PAVEL, agent=AgentId("nobody"))) == []
    assert desk.hears(ConversationEnded(call=PAVEL)) == []


# --- presence and phones


def test_presence_that_does_not_change_is_no_news() -> None:
    desk = Desk(ANNA)
    assert desk.hears(PresenceSet(agent=ANNA, presence=Presence.READY)) == []


def test_an_agent_whose_phone_is_lost_gets_no_offer_until_it_is_back() -> None:
    desk = Desk(ANNA)
    desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=False))
    desk.joins(OLGA)
    assert desk.newly_offered() == []
    desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=True))
    assert desk.newly_offered() == [(OLGA, ANNA)]


def test_a_phone_that_is_reported_reachable_twice_is_no_news() -> None:
    desk = Desk(ANNA)
    assert desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=True)) == []


def test_losing_a_phone_in_the_middle_of_a_talk_does_not_end_the_talk() -> None:
    desk = talking(ANNA)
    desk.hears(ReachabilityChanged(agent=ANNA, is_reachable=False))
    assert desk.activity(ANNA) is Activity.TALKING
    assert [each.is_reachable for each in desk.said if isinstance(each, AgentChanged)] == [False]


def test_a_queue_that_informs_says_so_when_nobody_is_signed_in() -> None:
    desk = Desk(ANNA)
    assert desk.hears(CallerJoined(call=OLGA, queue=SECOND)) == [NobodySignedIn(call=OLGA)]
    assert desk.acd.position(OLGA) is None


def test_a_queue_that_informs_lets_wait_when_somebody_is_at_lunch() -> None:
    desk = Desk()
    desk.declares(VERA, Presence.NOT_READY)
    desk.joins(OLGA, SECOND)
    assert desk.acd.position(OLGA) == 1


def test_the_agents_of_a_queue_can_be_looked_at() -> None:
    floor = acd()._floor
    assert floor.agents_of(FIRST) == {ANNA, BORIS, CLARA}
    assert floor.agents_of(PATIENT) == {ANNA, BORIS, CLARA, VERA}
