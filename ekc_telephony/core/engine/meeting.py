"""
The caller and whoever he talks to: an agent, or somebody outside. They meet, and they part.

Rule 1: an agent's leg that is not, or no longer, wanted is hung up wherever it turns up.
Rule 2: a caller whose other side is gone through no will of anybody's waits again, at his place.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from ekc_telephony.core.acd.messages import ConversationAdopted
from ekc_telephony.core.call.commands import HangUpCause, HangUpLeg
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.call.facts import CallOutcome, SegmentKind, SegmentOutcome
from ekc_telephony.core.engine import attention, briefing, conference, ending, transferring
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.outside import OUTCOMES
from ekc_telephony.core.engine.state import OfferState, Phase
from ekc_telephony.core.kernel.ids import AgentId, BridgeId, LegId, PlaybackId, RecordingId

ENDED_EARLY: Final = "it ended before the conversation did; is the disk full?"


def leg_answered(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Connect the agent who picked up."""
    offer = course.desk.offer
    if course.advice.state is not None and leg == course.advice.state.leg:
        return transferring.advice_answered(course, now)
    if leg in course.outside.legs():
        course.outcome = CallOutcome.ANSWERED
        return [] if course.outside.is_answered else course.outside.connect()
    if leg == course.leg or course.desk.is_talking(leg):
        return []  # told twice: after a reconnect both the snapshot and the event tell it
    if offer is None or leg != course.desk.offered_leg:
        return [HangUpLeg(call=course.call, leg=leg)]
    if course.spec().briefing is None:
        return _connect(course, offer, now)
    return briefing.begin(course, offer, now)


def briefing_ended(
    course: Course, playback: PlaybackId, now: datetime, *, was_played: bool
) -> list[SessionEffect]:
    """Connect the agent who has heard the briefing; any other playback is none of ours."""
    offer = course.desk.offer
    if offer is None or offer.briefing != playback:
        return []
    if not was_played:
        return briefing.broke_off(course, offer, now)
    return _connect(course, offer, now)


def connect_at_once(course: Course, now: datetime) -> list[SessionEffect]:
    """Connect the agent who hears the briefing, however much of it he heard."""
    offer = course.desk.offer
    if offer is None:
        return []
    # Asterisk lets nobody into a bridge who still hears a prompt.
    return [*briefing.hush(course, offer), *_connect(course, offer, now)]


def offer_overdue(course: Course, now: datetime) -> list[SessionEffect]:
    """Stop ringing a phone that nobody answers, or a briefing that does not end."""
    return connect_at_once(course, now) if briefing.is_on(course) else course.desk.give_up(now)


def leg_ended(course: Course, leg: LegId, reason: EndReason, now: datetime) -> list[SessionEffect]:
    """Act on a leg that is gone."""
    if leg == course.leg:
        return ending.end(course, now)
    if leg == course.desk.offered_leg:
        return course.desk.leg_ended(reason, now)
    if course.desk.is_talking(leg):
        return _agent_gone(course, leg, reason, now)
    if leg in course.advice.legs():
        return transferring.advice_over(course, now, gone=leg)
    if leg in course.outside.legs():
        return _outside_gone(course, reason, now)
    return []


def _outside_gone(course: Course, reason: EndReason, now: datetime) -> list[SessionEffect]:
    """Say goodbye after a talk outside; nobody is lost where it did not come to one."""
    if not course.outside.is_answered:
        ended = course.outside.end(OUTCOMES[reason], now, is_gone=True)
        return ended + course.back_to_sender(now)
    if reason is EndReason.HUNG_UP:
        ended = course.outside.end(SegmentOutcome.COMPLETED, now, is_gone=True)
        return ended + course.hang_up()
    return course.outside.end(SegmentOutcome.BROKEN, now, is_gone=True) + course.back_to_sender(now)


def connect_failed(course: Course, bridge: BridgeId, now: datetime) -> list[SessionEffect]:
    """Act on a caller and an agent, or two agents, who could not be put together."""
    if course.advice.state is not None and bridge == course.advice.state.bridge:
        return transferring.advice_over(course, now)
    if course.bridge != bridge:
        return []
    if course.phase is Phase.OUTSIDE:
        return course.outside.end(SegmentOutcome.BROKEN, now) + course.back_to_sender(now)
    effects = [*course.advice.end(now), *course.desk.hang_up_on_agent()]
    effects += course.end_talk(SegmentOutcome.BROKEN, now)
    course.outcome = CallOutcome.TECHNICAL_FAILURE
    return effects + course.hang_up(HangUpCause.TROUBLE)


def _connect(course: Course, offer: OfferState, now: datetime) -> list[SessionEffect]:
    course.phase = Phase.TALKING
    course.room = course.unheard_until = None
    course.outcome = CallOutcome.ANSWERED
    spec = course.spec()
    if spec.prefers_for:
        course.around.regulars.talked(course.number, offer.agent, now)
    connected = course.desk.connect(offer, course.queue, now, is_recorded=spec.is_recorded)
    return [*connected, *attention.talk_began(course, now)]


def _agent_gone(
    course: Course, leg: LegId, reason: EndReason, now: datetime
) -> list[SessionEffect]:
    """Say goodbye after a conversation; a caller whose agent's phone died waits again."""
    if course.desk.colleague is not None:
        return conference.one_left(course, leg, reason, now)
    advice = course.advice.state
    if advice is not None and advice.is_on_one_line and course.advice.is_given:
        # He talks to his colleague, not to the caller, who must not be hung up on for that.
        return transferring.hand_over(course, now)
    return [*course.advice.end(now), *_without_agent(course, reason, now)]


def _without_agent(course: Course, reason: EndReason, now: datetime) -> list[SessionEffect]:
    if reason is EndReason.HUNG_UP or course.queue is None:
        return course.end_talk(SegmentOutcome.AGENT_HUNG_UP, now) + course.talk_is_over(now)
    *ended, conversation_ended = course.end_talk(SegmentOutcome.BROKEN, now)
    # He joins first: his place must be known when the ACD's answers let him hear something.
    return [*ended, *course.wait_again(now), conversation_ended]


def recording_failed(
    course: Course, recording: RecordingId, cause: str, now: datetime
) -> list[SessionEffect]:
    """Take note that the conversation is not recorded; it goes on."""
    return [course.chronicle.recording_lost(recording, cause, now)]


def recording_ended(course: Course, recording: RecordingId, now: datetime) -> list[SessionEffect]:
    """Notice a recording that ends before its conversation: the disk is full."""
    talk = course.desk.talk
    if talk is None or recording != talk.recording:
        return []
    course.desk.talk = replace(talk, recording=None)
    return recording_failed(course, recording, ENDED_EARLY, now)


def adopt(
    course: Course, agent: AgentId, leg: LegId, bridge: BridgeId, now: datetime
) -> list[SessionEffect]:
    """Take over a conversation that began before this engine did."""
    course.phase = Phase.TALKING
    course.visit = None
    course.desk.adopt(agent, leg, bridge)
    course.outcome = CallOutcome.ANSWERED
    return [
        course.chronicle.registered(
            appeal=course.appeal,
            did=course.did,
            number=course.number,
            script=course.script_id,
        ),
        course.chronicle.start(SegmentKind.TALK, now, agent=agent, leg=leg),
        ConversationAdopted(call=course.call, agent=agent),
    ]
