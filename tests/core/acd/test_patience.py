"""What waiting changes for a caller, and who of those who are free is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.acd.messages import (
    AcdEffect,
    AcdEvent,
    CallbackOffered,
    CallerJoined,
    CallerMoved,
    CallerSentOutside,
    ConversationEnded,
    LapseReason,
    MessageOffered,
    OfferAccepted,
    OfferLapsed,
    OfferMade,
    PresenceSet,
)
from ekc_telephony.core.acd.patience import LOOK_AGAIN
from ekc_telephony.core.acd.specs import (
    AgentChoice,
    AgentSpec,
    Easing,
    Line,
    Need,
    Overflow,
    OverflowCause,
    OverflowTarget,
    QueueSpec,
    needs_after,
)
from ekc_telephony.core.call.presence import Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId, SkillId
from tests.core.office import NOON, queue, seconds

ANNA, BORIS, CLARA = AgentId("anna"), AgentId("boris"), AgentId("clara")
OLGA, PAVEL, ROMAN = CallId("olga"), CallId("pavel"), CallId("roman")
LAW, GERMAN = SkillId("law"), SkillId("german")
LINE, OTHER = QueueId("line"), QueueId("other")
LEVELS = {ANNA: 1, BORIS: 5, CLARA: 9}


class Office:
    """Anna knows a little law, Boris more, Clara most; all are ready unless said otherwise."""

    def __init__(self, *queues: QueueSpec, away: Iterable[AgentId] = ()) -> None:
        agents = [
            AgentSpec(
                agent=agent,
                name=agent,
                line=Line.SECOND if agent == CLARA else Line.FIRST,
                skills={LAW: level},
                initial_presence=Presence.SIGNED_OUT if agent in away else Presence.READY,
            )
            for agent, level in LEVELS.items()
        ]
        self.acd = Acd(queues, agents)
        self.now = NOON
        self.said: list[AcdEffect] = []

    def hears(self, event: AcdEvent) -> None:
        self.said = self.acd.handle(event, self.now)

    def waits(self, count: float) -> None:
        self.now += seconds(count)
        self.said = self.acd.on_time(self.now)

    def joins(self, call: CallId, **how: Any) -> None:
        self.hears(CallerJoined(call=call, **{"queue": LINE, **how}))

    def agent_of(self, call: CallId) -> AgentId | None:
        place = self.acd.place(call)
        assert place is not None
        return place.agent

    def lapses(self, call: CallId, reason: LapseReason = LapseReason.REFUSED) -> None:
        place = self.acd.place(call)
        assert place is not None
        assert place.offer is not None
        self.hears(OfferLapsed(offer=place.offer, reason=reason))

    def accepts(self, call: CallId) -> None:
        place = self.acd.place(call)
        assert place is not None
        assert place.offer is not None
        self.hears(OfferAccepted(offer=place.offer))

    def talks(self, call: CallId, lasting: float) -> None:
        self.accepts(call)
        self.waits(lasting)
        self.hears(ConversationEnded(call=call))

    def is_ready(self, agent: AgentId) -> None:
        self.hears(PresenceSet(agent=agent, presence=Presence.READY))


def line(**changes: Any) -> QueueSpec:
    return replace(queue(LINE, wrap_up=timedelta()), **changes)


def need(level: int, *, either_line: bool = False) -> tuple[Need, ...]:
    return (Need(line=None if either_line else Line.FIRST, skills={LAW: level}),)


# --- easing


def test_the_longer_a_caller_waits_the_less_is_asked_for() -> None:
    eased = (Easing(after=seconds(30), needs=need(5)), Easing(after=seconds(60), needs=need(1)))
    office = Office(line(requires={LAW: 7}, easings=eased), away=[BORIS])
    office.joins(OLGA)
    office.waits(29)
    assert office.agent_of(OLGA) is None
    office.is_ready(BORIS)
    assert office.agent_of(OLGA) is None
    office.waits(1)
    assert office.agent_of(OLGA) == BORIS


def test_an_easing_can_open_the_other_line() -> None:
    eased = (Easing(after=seconds(30), needs=need(7, either_line=True)),)
    office = Office(line(requires={LAW: 7}, easings=eased))
    office.joins(OLGA)
    office.waits(30)
    assert office.agent_of(OLGA) == CLARA


def test_who_waits_longer_is_first_also_when_both_are_eased_at_once() -> None:
    eased = (Easing(after=seconds(30), needs=need(1)),)
    office = Office(line(requires={LAW: 7}, easings=eased), away=[BORIS])
    office.joins(OLGA)
    office.waits(1)
    office.joins(PAVEL)
    office.waits(60)
    assert office.agent_of(OLGA) == ANNA
    assert office.agent_of(PAVEL) is None


def test_an_easing_waits_until_the_phone_has_stopped_ringing() -> None:
    eased = (Easing(after=seconds(10), needs=need(1)),)
    office = Office(line(requires={LAW: 5}, easings=eased))
    office.joins(OLGA)
    assert office.agent_of(OLGA) == BORIS
    office.waits(10)
    assert office.agent_of(OLGA) == BORIS
    office.lapses(OLGA)
    assert office.agent_of(OLGA) == ANNA


def test_a_skill_that_the_script_asks_for_is_eased_with_those_of_the_queue() -> None:
    spec = line(requires={LAW: 5}, easings=(Easing(after=seconds(10), needs=need(2)),))
    asked = {LAW: 9, GERMAN: 3}
    assert needs_after(spec, seconds(0), asked)[0].skills == {LAW: 9, GERMAN: 3}
    assert needs_after(spec, seconds(10), asked)[0].skills == {LAW: 2, GERMAN: 3}


def test_a_caller_with_a_need_of_his_own_waits_for_whoever_meets_it() -> None:
    office = Office(line())
    office.joins(OLGA, skills={LAW: 5})
    assert office.agent_of(OLGA) == BORIS


# --- order


def test_priority_goes_before_age_and_age_wins_in_the_end() -> None:
    office = Office(line(), away=LEVELS)
    office.joins(OLGA)
    office.waits(30)
    office.joins(PAVEL, priority=1)
    office.waits(60)
    office.joins(ROMAN, priority=1)
    assert [each.call for each in office.acd.waiting_in(LINE)] == [PAVEL, OLGA, ROMAN]
    office.is_ready(ANNA)
    assert office.agent_of(PAVEL) == ANNA


def test_two_queues_have_one_order() -> None:
    office = Office(line(), replace(line(), queue=OTHER, priority=1), away=LEVELS)
    office.joins(OLGA)
    office.waits(70)
    office.joins(PAVEL, queue=OTHER)
    office.is_ready(ANNA)
    assert office.agent_of(OLGA) == ANNA


def test_who_comes_back_with_an_old_place_stands_where_he_stood() -> None:
    office = Office(line(), away=LEVELS)
    office.joins(OLGA)
    office.joins(PAVEL, since=NOON - seconds(20))
    assert office.acd.position(PAVEL) == 1


# --- choice


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (AgentChoice.LONGEST_IDLE, BORIS),
        (AgentChoice.BEST_SKILL, BORIS),
        (AgentChoice.LEAST_LOADED, BORIS),
        (AgentChoice.ROUND_ROBIN, BORIS),
        (AgentChoice.FIXED_ORDER, ANNA),
    ],
)
def test_the_queue_says_who_is_chosen(choice: AgentChoice, chosen: AgentId) -> None:
    office = Office(line(choice=choice, requires={LAW: 1}))
    office.joins(OLGA)
    if office.agent_of(OLGA) != ANNA:
        office.lapses(OLGA, LapseReason.WITHDRAWN)
    assert office.agent_of(OLGA) in {ANNA, BORIS}
    office.talks(OLGA, 10) if office.agent_of(OLGA) == ANNA else office.lapses(OLGA)
    office.waits(10)
    office.joins(PAVEL)
    assert office.agent_of(PAVEL) == chosen


def test_the_least_loaded_is_he_who_worked_least_however_often() -> None:
    office = Office(line(choice=AgentChoice.LEAST_LOADED), away=[CLARA])
    office.joins(OLGA)
    office.joins(PAVEL)
    office.talks(OLGA, 100)
    office.talks(PAVEL, 20)
    office.joins(ROMAN)
    assert office.agent_of(ROMAN) == BORIS


def test_a_new_shift_begins_without_a_load() -> None:
    office = Office(line(choice=AgentChoice.LEAST_LOADED))
    office.joins(OLGA)
    office.talks(OLGA, 100)
    assert office.acd.agents[ANNA].load == seconds(100)
    office.hears(PresenceSet(agent=ANNA, presence=Presence.SIGNED_OUT))
    office.is_ready(ANNA)
    assert office.acd.agents[ANNA].load == seconds(0)


def test_a_caller_is_kept_for_the_agent_he_knows_for_a_while() -> None:
    office = Office(line(prefers_for=seconds(20)))
    office.joins(PAVEL, preferred=BORIS)
    office.joins(OLGA, preferred=BORIS)
    assert (office.agent_of(PAVEL), office.agent_of(OLGA)) == (BORIS, None)
    office.waits(20)
    assert office.agent_of(OLGA) == ANNA


def test_nobody_is_kept_for_an_agent_who_is_not_ready_or_goes() -> None:
    office = Office(line(prefers_for=seconds(20)), away=[BORIS])
    office.joins(OLGA, preferred=BORIS)
    assert office.agent_of(OLGA) == ANNA
    office.joins(PAVEL, preferred=ANNA)
    assert office.agent_of(PAVEL) is None
    office.is_ready(BORIS)
    assert office.agent_of(PAVEL) is None
    office.hears(PresenceSet(agent=ANNA, presence=Presence.NOT_READY))
    assert office.agent_of(PAVEL) == BORIS


# --- sparing


def test_who_did_not_take_a_caller_is_not_offered_him_again_while_others_work() -> None:
    office = Office(line(), away=[CLARA])
    office.joins(PAVEL)
    office.joins(OLGA)
    assert (office.agent_of(PAVEL), office.agent_of(OLGA)) == (ANNA, BORIS)
    office.lapses(OLGA)
    office.waits(30)
    assert office.acd.agents[BORIS].is_available
    assert office.agent_of(OLGA) is None
    office.waits(30)
    assert office.agent_of(OLGA) == BORIS


def test_who_is_alone_is_offered_the_same_caller_after_his_rest() -> None:
    office = Office(line(), away=[BORIS])
    office.joins(OLGA)
    office.lapses(OLGA)
    office.waits(5)
    assert office.agent_of(OLGA) == ANNA


# --- overflow


def overflow(cause: OverflowCause, **how: Any) -> Overflow:
    return Overflow(cause=cause, target=OverflowTarget.QUEUE, to_queue=OTHER, **how)


def leads(target: OverflowTarget, *, number: str | None = None, **how: Any) -> Overflow:
    cause = how.pop("cause", OverflowCause.WAITED)
    return Overflow(cause=cause, target=target, number=number, **how)


def other(**changes: Any) -> QueueSpec:
    return replace(line(line=Line.SECOND, requires={}), queue=OTHER, **changes)


def test_a_caller_overflows_after_waiting_and_keeps_his_age() -> None:
    rule = overflow(OverflowCause.WAITED, after=seconds(40))
    office = Office(line(requires={LAW: 9}, overflows=(rule,)), other())
    office.joins(OLGA)
    office.waits(40)
    assert CallerMoved(call=OLGA, before=LINE, queue=OTHER) in office.said
    assert office.agent_of(OLGA) == CLARA
    place = office.acd.place(OLGA)
    assert place is not None
    assert place.joined_at == NOON


def test_a_line_that_is_too_long_overflows_at_once() -> None:
    rule = overflow(OverflowCause.LINE_TOO_LONG, length=1)
    office = Office(line(overflows=(rule,)), other(), away=[ANNA, BORIS])
    office.joins(PAVEL)
    office.joins(OLGA)
    assert office.agent_of(PAVEL) is None
    assert office.agent_of(OLGA) == CLARA


@pytest.mark.parametrize(
    ("cause", "presence"),
    [
        (OverflowCause.NOBODY_READY, Presence.NOT_READY),
        (OverflowCause.NOBODY_SIGNED_IN, Presence.SIGNED_OUT),
    ],
)
def test_a_caller_overflows_when_nobody_is_left(cause: OverflowCause, presence: Presence) -> None:
    rule = overflow(cause, after=seconds(2))
    office = Office(line(requires={LAW: 9}, easings=EASED, overflows=(rule,)), other())
    office.joins(OLGA)
    office.waits(10)
    assert not any(isinstance(each, CallerMoved) for each in office.said)
    for agent in (ANNA, BORIS):
        office.hears(PresenceSet(agent=agent, presence=presence))
    office.waits(LOOK_AGAIN.total_seconds())
    assert office.agent_of(OLGA) == CLARA


EASED = (Easing(after=timedelta(minutes=5), needs=need(1)),)


@pytest.mark.parametrize(
    ("target", "offered"),
    [
        (OverflowTarget.CALLBACK, CallbackOffered(call=OLGA)),
        (OverflowTarget.MESSAGE, MessageOffered(call=OLGA)),
    ],
)
def test_a_way_out_is_offered_once_and_the_caller_stays(
    target: OverflowTarget, offered: AcdEffect
) -> None:
    office = Office(line(overflows=(leads(target, after=seconds(60)),)), away=LEVELS)
    office.joins(OLGA)
    office.waits(60)
    assert office.said == [offered]
    office.waits(60)
    assert office.said == []
    assert office.acd.position(OLGA) == 1


def expecting(longer_than: float, **how: Any) -> Overflow:
    return overflow(OverflowCause.EXPECTED_WAIT, longer_than=seconds(longer_than), **how)


def busy_office(rule: Overflow) -> Office:
    """Anna has had six talks of 100 s and is in the seventh; Clara serves the other queue."""
    office = Office(line(overflows=(rule,)), other(), away=[BORIS])
    for number in range(6):
        call = CallId(f"earlier-{number}")
        office.joins(call)
        office.talks(call, 100)
    office.joins(ROMAN)
    office.accepts(ROMAN)
    return office


def test_who_will_wait_too_long_overflows_when_he_joins() -> None:
    office = busy_office(expecting(150))
    office.joins(PAVEL)
    assert office.agent_of(PAVEL) is None
    office.joins(OLGA)
    assert office.agent_of(OLGA) == CLARA


def test_nobody_overflows_for_whom_somebody_is_free() -> None:
    office = busy_office(expecting(50))
    office.is_ready(BORIS)
    office.joins(PAVEL)
    assert office.agent_of(PAVEL) == BORIS


def test_who_will_wait_too_long_by_now_overflows_while_he_waits() -> None:
    office = busy_office(expecting(80))
    office.is_ready(BORIS)
    office.joins(PAVEL)
    office.accepts(PAVEL)
    office.joins(OLGA)
    assert office.agent_of(OLGA) is None
    office.hears(PresenceSet(agent=BORIS, presence=Presence.SIGNED_OUT))
    office.waits(LOOK_AGAIN.total_seconds())
    assert office.agent_of(OLGA) == CLARA


def test_an_acd_that_goes_on_for_another_looks_when_that_one_would_have_looked() -> None:
    rule = overflow(OverflowCause.NOBODY_READY, after=seconds(2))
    queues = (line(requires={LAW: 9}, easings=EASED, overflows=(rule,)), other())
    office = Office(*queues)
    office.joins(OLGA)
    office.waits(3)
    place = office.acd.place(OLGA)
    assert place is not None
    again = Office(*queues, away=[ANNA, BORIS])
    again.acd.suspend()
    again.acd.restore_waiting(replace(place, lane=None))
    again.acd.go_on(office.now)
    assert again.acd.next_deadline() == office.acd.next_deadline() == NOON + seconds(7)
    again.waits(6)
    assert again.agent_of(OLGA) is None
    again.waits(1)
    assert again.agent_of(OLGA) == CLARA


def test_nobody_overflows_for_a_wait_that_is_not_known() -> None:
    office = Office(line(overflows=(expecting(1),)), other(), away=[BORIS])
    office.joins(ROMAN)
    office.joins(OLGA)
    office.waits(60)
    assert office.agent_of(OLGA) is None


def test_who_was_outside_in_vain_is_sent_nowhere_outside_again() -> None:
    rule = leads(OverflowTarget.OUTSIDE, number="112", after=seconds(60))
    office = Office(line(overflows=(rule,)), away=LEVELS)
    office.joins(OLGA, since=NOON - seconds(90), was_outside=True)
    office.waits(300)
    assert office.said == []
    assert office.acd.position(OLGA) == 1
    assert office.acd.next_deadline() is None


def test_who_is_sent_outside_waits_no_longer() -> None:
    rule = leads(OverflowTarget.OUTSIDE, number="112", after=seconds(60))
    office = Office(line(overflows=(rule,)), away=LEVELS)
    office.joins(OLGA)
    office.waits(60)
    assert office.said == [CallerSentOutside(call=OLGA, number="112")]
    assert office.acd.place(OLGA) is None
    office.hears(PresenceSet(agent=ANNA, presence=Presence.READY))
    assert not any(isinstance(each, OfferMade) for each in office.said)


def test_who_is_sent_outside_when_he_comes_is_offered_to_nobody_here() -> None:
    rule = leads(OverflowTarget.OUTSIDE, number="112", cause=OverflowCause.LINE_TOO_LONG, length=0)
    office = Office(line(overflows=(rule,)))
    office.joins(OLGA)
    assert office.said == [CallerSentOutside(call=OLGA, number="112")]


@pytest.mark.parametrize(
    "what",
    [
        {"target": OverflowTarget.QUEUE},
        {"target": OverflowTarget.OUTSIDE},
        {"target": OverflowTarget.CALLBACK, "to_queue": OTHER},
        {"target": OverflowTarget.QUEUE, "to_queue": OTHER, "number": "112"},
    ],
)
def test_an_overflow_has_what_its_target_needs_and_nothing_else(what: Any) -> None:
    with pytest.raises(ValueError, match="overflow to"):
        Overflow(cause=OverflowCause.WAITED, **what)


def test_nobody_overflows_while_a_phone_rings_for_him() -> None:
    rule = overflow(OverflowCause.WAITED, after=seconds(10))
    office = Office(line(overflows=(rule,)), other(), away=[BORIS])
    office.joins(OLGA)
    office.waits(15)
    assert office.agent_of(OLGA) == ANNA
    office.lapses(OLGA)
    assert office.agent_of(OLGA) == CLARA


def test_while_it_is_suspended_nobodys_time_runs_out() -> None:
    rule = overflow(OverflowCause.WAITED, after=seconds(10))
    office = Office(line(overflows=(rule,)), other(), away=[ANNA, BORIS])
    office.joins(OLGA)
    office.acd.suspend()
    office.waits(20)
    assert office.said == []
    assert office.acd.next_deadline() is None
    said = office.acd.resume(office.now)
    assert [type(each) for each in said[:2]] == [CallerMoved, OfferMade]
